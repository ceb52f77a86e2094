"""A record as the detection sees it: what each of its fields holds, found by name, and whether turns ask or answer."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..fields import RESERVED, lookup
from .holding import kind_of
from .structures import ANSWERING, Pieces, UnusableRecord


class Seen:
    """A record's fields: their kinds, found by name whatever the case; fields of objects by their path."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        self.kinds = {name: kind_of(held) for name, held in value.items() if not {*RESERVED} & {*name}}
        for name, held in value.items():
            if self.kinds.get(name) == "object":
                inner = {f"{name}.{key}": kind_of(deep) for key, deep in held.items()}
                self.kinds |= {path: kind for path, kind in inner.items() if not {*RESERVED} & {*path}}
        self._own = {name.lower(): name for name in reversed(value)}

    def find(self, wanted: Iterable[str], kinds: Sequence[str]) -> str:
        """Return the first field of a name that holds one of `kinds`, "" where there is none."""
        for name in wanted:
            own = self._own.get(name)
            if own and self.kinds.get(own) in kinds:
                return own
        return ""

    def roles(self, name: str) -> list[str]:
        """Return the roles of the turns in a field."""
        try:
            pieces = Pieces()
            pieces.add_conversation(lookup(self.value, name), name, ())
        except UnusableRecord:
            return []
        return [piece.role for piece in pieces if piece.text.strip()]

    def is_asked(self, name: str) -> bool:
        """Whether the turns in a field begin with a prompt, and do not only answer one."""
        return "user" in self.roles(name)

    def is_answered(self, name: str) -> bool:
        """Whether the turns in a field end with an answer."""
        return any(role in ANSWERING for role in self.roles(name)[-1:])
