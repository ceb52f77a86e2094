"""The one error a curator meets: bad data or bad parameters, said clearly."""


class CurationError(Exception):
    """The data or the parameters are at fault.

    The message names the value, what is allowed, and the fix. `core` raises it, the command line prints it on one line
    and leaves with status 1, a page shows it.
    """
