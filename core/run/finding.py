"""A finding of the doctor."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was found.

    what: is wrong. todo: what to do about it. is_harmless: nothing rests on it. stage: whose result is to be made again.
    repair: does it, where that can be done.
    """

    what: str
    todo: str
    is_harmless: bool = False
    stage: str = ""
    repair: Callable[[], object] | None = None
