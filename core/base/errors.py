"""The one error a curator meets: bad data or bad parameters, said clearly, with the fix in the words of where it is read."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1].name
COMMAND = (
    "python -m core" if _PACKAGE == "core" else _PACKAGE
)  # what verbs are called by: in a checkout, and once installed

# Where what a stage makes comes from: the verb of the command line, and what to do on the pages.
_MADE_BY = {
    "records": ("import", "open some data on the Data page"),
    "embed": ("embed", "press Prepare the map on the Data page"),
    "cluster": ("cluster", "press Prepare the map on the Data page"),
    "project": ("project", "press Prepare the map on the Data page"),
    "regions": ("regions", "press Prepare the map on the Data page"),
    "score": ("score", "press Prepare the map on the Data page"),
    "reward": ("reward", "press Train and select on the Reward page"),
    "select": ("select", "press Select on the Select page"),
    "names": ("names", "press Ask for names on the Map page"),
    "words": ("words", "press Make it searchable on the Map page"),
    "columns": ("columns", "press Make it searchable on the Map page"),
    "duplicates": ("duplicates", "press Find near-duplicates on the Duplicates page"),
    "decontaminate": ("decontaminate", "press Look for overlap on the Duplicates page"),
    "tokens": ("tokens", "press Select on the Select page"),
    "style": ("select", "press Select on the Select page"),
    "balance": ("select", "press Select on the Select page"),
    "targets": ("target", "give examples on the Select page, under the method target"),
    "meaning": ("meaning", "press Make it searchable on the Map page"),
}


class CurationError(Exception):
    """The data or the parameters are at fault.

    The message names the value, what is allowed, and the fix. `core` raises it, the command line prints it on one line
    and leaves with status 1, a page shows `on_page`.
    """

    def __init__(self, message: str, *, command: str = "", page: str = "") -> None:
        """command, page: the end of the message where the fix is an option or a command there, and a button on the pages."""
        super().__init__(f"{message}; {command}" if command else message)
        self.on_page = f"{message}; {page}." if page else str(self)


def lacking(message: str, stage: str, folder: object = "…") -> CurationError:
    """Return the error that says by `message` that a stage's result is not there, and how it is made."""
    verb, page = _MADE_BY[stage]
    return CurationError(message, command=f"run: {COMMAND} {verb} {folder}", page=page)


def broken(message: str, stage: str, folder: object) -> CurationError:
    """Return the error that says by `message` that a result is damaged, and how it is made again, where it can be."""
    if stage in ("version", "feedback", "round"):
        back = "put a backup of it back, or do without it"
        return CurationError(
            message, command=f"it can't be made again: {back}.", page=f"it can't be made again: {back}"
        )
    verb, page = _MADE_BY.get(stage, ("", "do the same again, and it is made anew"))
    command = f"make it again: {COMMAND} {verb} {folder}" if verb else "do the same again, and it is made anew."
    return CurationError(message, command=command, page=page)
