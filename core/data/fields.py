"""Fields: which of a record's fields are prompt, response and the rest. Only names; what the fields hold, `layouts/` knows.

Input -> output: "prompt=question,response=answer" gives FieldMap(prompt=("question",), response=("answer",)), and back.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ..base.errors import CurationError
from ..base.text import shorten

SEVERAL = ("system", "prompt", "response")  # parts that several fields may make up
PARTS = ("prompt", "response", "messages", "system", "tools", "history", "rejected", "source")
RESERVED = ",+=;:"  # what parts names in the written form; no field with one of these is taken unasked


@dataclasses.dataclass(frozen=True)
class FieldMap:
    """Which fields of a record hold what. Several prompt fields are joined by a newline, empty ones left out.

    messages: turns, in whatever form; the response, where there is one, follows them. system, tools, history: what comes
    before the prompt. rejected: the other side of a preference pair, which stays in the record. source: the record's label.
    """

    prompt: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    messages: str = ""
    source: str = ""
    system: tuple[str, ...] = ()
    tools: str = ""
    history: str = ""
    rejected: str = ""

    def __str__(self) -> str:
        """Return the form `parse_fields` reads."""
        parts = {part: "+".join(self.of(part)) for part in PARTS}
        return ",".join(f"{part}={names}" for part, names in parts.items() if names)

    def of(self, part: str) -> tuple[str, ...]:
        """Return the names of the fields that make up a part."""
        held = getattr(self, part)
        return held if isinstance(held, tuple) else tuple(filter(None, [held]))

    @property
    def names(self) -> tuple[str, ...]:
        """Return every field that is named."""
        return tuple(name for part in PARTS for name in self.of(part))


def ordered(chosen: Mapping[str, str], like: FieldMap) -> FieldMap:
    """Return the map of {field: its part}, the fields of a part in the order that `like` has them in, new ones after.

    Raises CurationError where two fields are chosen for a part that is one.
    """
    held: dict[str, tuple[str, ...]] = {}
    for part in PARTS:
        names = [name for name, each in chosen.items() if each == part]
        before = [name for name in like.of(part) if name in names]
        held[part] = (*before, *(name for name in names if name not in before))
        if part not in SEVERAL and len(names) > 1:
            raise CurationError(f"{part} can be one field, and is {' and '.join(names)}; leave one of them out.")
    return FieldMap(**{part: names if part in SEVERAL else "".join(names[-1:]) for part, names in held.items()})


@functools.lru_cache(maxsize=64)
def parse_fields(text: str) -> FieldMap:
    """Return the field map that `text` describes.

    "prompt=instruction+input,response=output,source=topic", or "messages=chat"; a dot steps into an object
    ("prompt=meta.question"). Raises CurationError naming what is wrong.
    """
    given: dict[str, tuple[str, ...]] = {}
    for piece in text.split(","):
        part, equals, value = (each.strip() for each in piece.partition("="))
        if part not in PARTS or not equals or not value or part in given:
            raise CurationError(
                f"fields has {piece!r}; write NAME=FIELD once for each of {', '.join(PARTS)}, "
                "as in prompt=question,response=answer."
            )
        given[part] = _names(value) if part in SEVERAL else (value,)
    fields = FieldMap(**{part: names if part in SEVERAL else names[0] for part, names in given.items()})
    if bool(fields.messages) == bool(fields.prompt or (fields.response and not fields.messages)):
        raise CurationError(
            f"fields is {text!r}; name either messages, or prompt and response (one of the two is enough)."
        )
    return fields


def check_fields(fields: FieldMap, values: Sequence[dict[str, Any]]) -> None:
    """Raise CurationError for a field that none of the records `values` has."""
    for name in fields.names:
        if values and not any(name in value or name.split(".")[0] in value for value in values):
            seen = sorted({known for value in values for known in value})[:12]
            raise CurationError(
                f"No record has a field {name!r}; the records have {', '.join(shorten(known, 60) for known in seen)}."
            )


def path_of(value: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return the path of a field by its name in a layout, () where the record lacks it."""
    if name in value:
        return (name,)
    steps, held = name.split("."), value
    for step in steps:
        if not isinstance(held, dict) or step not in held:
            return ()
        held = held[step]
    return tuple(steps)


def lookup(value: dict[str, Any], name: str) -> Any:
    """Return what a record holds in a field, None where it lacks it; a dot steps into an object."""
    if name in value:
        return value[name]
    held: Any = value
    for step in name.split("."):
        held = held.get(step) if isinstance(held, dict) else None
    return held


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split("+"))))
