"""Editing: one field of a record's JSON replaced, everything else left as it is, to the byte. Knows no workspace.

Input -> output: `{"q":  "2+2?", "a": "5"}` with "a" edited to "4" gives `{"q":  "2+2?", "a": "4"}`, both blanks kept.
"""

import dataclasses
import json
import json.decoder
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ..base.errors import CurationError
from .fields import FieldMap, path_of
from .layouts.pieces import pieces_of
from .layouts.reading import texts_of
from .layouts.structures import UnusableRecord

_DECODER = json.JSONDecoder(strict=False)
_Path = tuple[str | int, ...]


@dataclasses.dataclass(frozen=True)
class Field:
    """A field that can be edited. name: as in the layout: "output", or "messages[2]" of a conversation. text: what it holds.

    part: "prompt", "response", or the role of a turn. path: where it is in the record.
    """

    name: str
    part: str
    text: str
    path: _Path


def fields_of(value: dict[str, Any], fields: FieldMap) -> list[Field]:
    """Return what can be edited of a record: the fields of its prompt and response, and its turns, that hold text.

    A turn of several parts gives a field for each part of text, as in "messages[2][0]". What is JSON in a text is none.
    """
    try:
        pieces = pieces_of(value, fields)
    except UnusableRecord:
        pieces = []
    whole = {name: part for part in ("system", "prompt", "response") for name in fields.of(part)}
    found = [
        Field(piece.name, whole.get(piece.name, piece.role), piece.text, piece.path)
        for piece in pieces
        if piece.path and isinstance(_at(value, piece.path), str)
    ]
    for name, part in whole.items():
        path = path_of(value, name)
        if path and _at(value, path) is None:  # there is room for a text
            found.append(Field(name, part, "", path))
    path = path_of(value, fields.messages) if fields.messages else ()
    if path and isinstance(_at(value, path), str):  # turns with marks in one text
        found.append(Field(fields.messages, "turns", _at(value, path), path))
    order = [*whole]
    return sorted(found, key=lambda field: order.index(field.name)) if all(f.name in whole for f in found) else found


def _at(value: Any, path: _Path) -> Any:
    for step in path:
        value = value[step]
    return value


def find_field(held: Sequence[Field], name: str) -> Field:
    """Return a field by its name, or by "prompt" or "response" where one field makes that up. Raises CurationError."""
    exact = [field for field in held if field.name == name]
    if exact:
        return exact[0]
    parts = [field for field in held if field.part == name]
    if not parts and name == "response":  # of a conversation: the last answer
        parts = [field for field in held if field.part == "assistant"][-1:]
    if not parts and name == "prompt":
        parts = [field for field in held if field.part == "user"]
    if len(parts) == 1:
        return parts[0]
    names = ", ".join(field.name for field in held) or "none"
    why = f"{len(parts)} fields make it up" if parts else "the record has no such field of text"
    raise CurationError(f"field is {name!r}, and {why}; those that can be edited: {names}.")


def edited(raw: str, edits: Mapping[str, str], fields: FieldMap) -> str:
    """Return a record's JSON with the fields named in `edits` replaced, each by its new text; the rest to the byte.

    Raises CurationError: no such field, a text that UTF-8 can't write, or nothing usable would be left of the record.
    """
    for name, text in edits.items():
        field = _field_named(orjson.loads(raw), fields, name)
        if field.text != text:
            start, stop = _span(raw, field.path)
            raw = raw[:start] + _as_json(text, raw) + raw[stop:]
    try:
        texts_of(orjson.loads(raw), fields)
    except UnusableRecord as unusable:
        raise CurationError(
            f"An edit must leave some text, and there would be {unusable}; drop the record instead."
        ) from None
    return raw


def _field_named(value: dict[str, Any], fields: FieldMap, name: str) -> Field:
    held = fields_of(value, fields)
    path = path_of(value, name)
    if path and name not in {field.name for field in held} and isinstance(text := _at(value, path), str):
        return Field(name, "", text, path)  # edited before, when the data was imported with other fields
    return find_field(held, name)


def _as_json(text: str, like: str) -> str:
    """Return a text as JSON, its letters escaped where those of the record `like` are."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CurationError(f"The new text can't be written as UTF-8 ({error.reason}); correct it.") from error
    return json.dumps(text, ensure_ascii=like.isascii() and "\\u" in like)


def _span(raw: str, path: _Path) -> tuple[int, int]:
    """Return where in `raw` the value at `path` begins and ends. Of a name that comes twice the last counts."""
    at = _skip(raw, 0)
    for step in path:
        at = [start for name, start in _members(raw, at) if name == step][-1]
    return at, _DECODER.raw_decode(raw, at)[1]


def _members(raw: str, at: int) -> Iterator[tuple[str | int, int]]:
    """Yield (name or number, where its value begins) of the object or array that begins at `at`."""
    is_object, number, at = raw[at] == "{", 0, _skip(raw, at + 1)
    while raw[at] not in "}]":
        name: str | int = number
        if is_object:
            name, at = json.decoder.scanstring(raw, at + 1, False)
            at = _skip(raw, _skip(raw, at) + 1)  # behind the colon
        yield name, at
        at = _skip(raw, _DECODER.raw_decode(raw, at)[1])
        if raw[at] == ",":
            at = _skip(raw, at + 1)
        number += 1


def _skip(raw: str, at: int) -> int:
    return json.decoder.WHITESPACE.match(raw, at).end()
