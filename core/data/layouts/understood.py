"""What was understood of a file's records: which field is what, what each holds, what is left out. Kept with the import.

Input -> output: records of Dolly give the fields prompt=instruction+context,response=response,source=category, nothing left out.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..fields import FieldMap, check_fields, lookup, parse_fields
from .detecting import detect_fields
from .holding import KINDS, kind_of
from .pieces import pieces_of, unread_keys
from .reading import answer_span
from .structures import UnusableRecord
from .values import as_text

SHOWN = ("system", "tools", "prompt", "response", "rejected", "source", "left out")
_TOOLS = ("tools", "tool", "tool call")


@dataclasses.dataclass(frozen=True)
class Understood:
    """How records are read. holds: {field: its kind, see KINDS}, in the order of the records.

    left_out: every field, and name inside of one that is read, whose text is in no part; it stays in the record and the export.
    threads: whether messages of a table were put together to trees first.
    """

    fields: FieldMap
    holds: dict[str, str] = dataclasses.field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    threads: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "fields": str(self.fields),
            "holds": dict(self.holds),
            "left_out": list(self.left_out),
            "threads": self.threads,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Understood":
        """Return what `to_json` gave. Raises CurationError or KeyError where it is none."""
        fields = parse_fields(values["fields"]) if values["fields"] else FieldMap()
        return cls(fields, dict(values["holds"]), tuple(values["left_out"]), bool(values["threads"]))


def understand(values: Sequence[dict[str, Any]], fields: FieldMap | None = None, threads: bool = False) -> Understood:
    """Return how the records `values` are read: by `fields` where given, else by what is detected. Raises CurationError."""
    if fields is not None:
        check_fields(fields, values)
    elif values:
        fields = detect_fields(values)
    else:
        fields = FieldMap()
    return Understood(fields, held_in(values, fields), left_out_of(values, fields), threads)


def held_in(values: Sequence[dict[str, Any]], fields: FieldMap) -> dict[str, str]:
    """Return {field: its kind} of records, those inside of objects that `fields` names too."""
    held: dict[str, str] = {}
    for value in values:
        deep = (name for name in fields.names if name not in value and lookup(value, name) is not None)
        for name in (*value, *deep):
            if held.get(name, "nothing") == "nothing":
                held[name] = kind_of(lookup(value, name))
    return held


def left_out_of(values: Sequence[dict[str, Any]], fields: FieldMap) -> tuple[str, ...]:
    """Return the names of what is in no part, in the order in which it comes."""
    found: dict[str, None] = {}
    for value in values:
        for name, held in value.items():
            inside = [each for each in fields.names if each.split(".")[0] == name and each not in value]
            if isinstance(held, dict) and inside:
                found |= {f"{name}.{key}": None for key in held if not any(f"{name}.{key}" == each for each in inside)}
            elif name not in fields.names:
                found[name] = None
        for part in ("system", "history", "messages", "response"):
            for name in fields.of(part):
                found |= dict.fromkeys(unread_keys(lookup(value, name), name))
    return tuple(found)


class Shown(NamedTuple):
    """A part of a record for the eye. part: one of SHOWN. name: of its field, or its role in a conversation."""

    part: str
    name: str
    text: str


def shown_parts(value: dict[str, Any], fields: FieldMap) -> tuple[list[Shown], str]:
    """Return a record's parts in the order of the fields' layout, what is left out last; and why it is unusable, or "".

    A conversation is shown turn by turn; of what nobody answers to any more it is said that it is left out.
    """
    why = ""
    try:
        pieces = [piece for piece in pieces_of(value, fields) if piece.text.strip()]
    except UnusableRecord as unusable:
        pieces, why = [], str(unusable)
    if not pieces and not why:
        why = f"no usable text in {', '.join(fields.names) or 'any field'}"
    first, stop = answer_span(pieces)
    shown = []
    for i, piece in enumerate(pieces):
        part = "system" if piece.role == "system" else "tools" if piece.role in _TOOLS else "prompt"
        part = "response" if first <= i < stop else part if i < first else "left out"
        shown.append(Shown(part, piece.name if piece.name in fields.names else piece.role, piece.text))
    for part in ("rejected", "source"):
        shown += [Shown(part, name, as_text(lookup(value, name))) for name in fields.of(part) if lookup(value, name)]
    for name in left_out_of([value], fields):
        held = lookup(value, name)
        shown.append(Shown("left out", name, "" if "[]" in name else as_text(held)))
    return shown, why


def in_words(kind: str) -> str:
    """Return a kind in words."""
    return KINDS.get(kind, kind)
