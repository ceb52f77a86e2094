"""Pieces: every text of a record that is read, in order, with its role and where it lies.

Input -> output: `{"system": "Be kind.", "question": "2+2?", "answer": "4"}` gives the pieces system "Be kind.", user "2+2?",
assistant "4". Pieces of one turn have the same number.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ..fields import FieldMap, path_of
from .holding import RANK_KEYS, SCORE_KEYS, answer_key, decoded, is_call, is_message, pair_keys, role_key, text_key
from .structures import Path, Piece, Pieces
from .values import as_text

_NO_TOOLS = ("[]", "{}", "null")


def pieces_of(value: dict[str, Any], fields: FieldMap) -> list[Piece]:
    """Return the texts of a record that `fields` name, in order. Raises UnusableRecord where a conversation is none."""
    found = Pieces()
    for part, role in (("system", "system"), ("tools", "tools")):
        for name, path, held in _fields(value, fields.of(part)):
            if part == "tools":
                told = as_text(held)
                found.add(role, "" if told in _NO_TOOLS else told, name, path if isinstance(held, str) else ())
            else:
                found.add_value(held, role, name, path)
            found.turn += 1
    for name, path, held in _fields(value, fields.of("history")):
        if held:
            found.add_conversation(held, name, path)
    if fields.messages:
        _add_messages(found, value, fields)
    for name, path, held in _fields(value, fields.prompt):
        found.add_value(held, "user", name, path)
    asked = found.turn
    found.turn += 1
    for name, path, held in _fields(value, fields.response):
        _add_response(found, held, name, path, asked)
    return found


def _add_messages(found: Pieces, value: dict[str, Any], fields: FieldMap) -> None:
    path = path_of(value, fields.messages)
    held = value
    for step in path:
        held = held[step]
    system = {piece.text.strip() for piece in found if piece.role == "system"}
    before = len(found)
    found.add_conversation(held if path else None, fields.messages, path)
    again = [piece for piece in found[before:] if piece.role == "system" and piece.text.strip() in system]
    found[before:] = [piece for piece in found[before:] if piece not in again]  # told twice, said once


def _add_response(found: Pieces, held: Any, name: str, path: Path, asked: int) -> None:
    """Add a response. Of pairs the first one's prompt, as self-instruct's input, belongs to the prompt before it."""
    before, first = len(found), found.turn
    inner = decoded(held) if isinstance(held, str) else None
    if isinstance(inner, list) and inner and all(isinstance(item, dict) and is_call(item) for item in inner):
        found.add("tool call", held, name, path)
    else:
        found.add_value(held, "assistant", name, path)
    if len(found) > before and found[before].role == "user" and found[before].turn == first:
        found[before] = found[before]._replace(turn=asked)


def _fields(value: dict[str, Any], names: Sequence[str]) -> Iterator[tuple[str, Path, Any]]:
    for name in names:
        if path := path_of(value, name):
            held: Any = value
            for step in path:
                held = held[step]
            yield name, path, held


def unread_keys(value: Any, name: str) -> Iterator[str]:
    """Yield the names inside of a structure that is read, as in "messages[].weight", of what is left out there."""
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, dict):
            continue
        if is_message(item):
            used = {role_key(item), text_key(item), "tool_calls", "function_call", "replies"}
        elif keys := pair_keys(item):
            used = {*keys}
        elif answer_key(item):
            used = {answer_key(item), *RANK_KEYS, *SCORE_KEYS}
        else:
            continue
        yield from (
            f"{name}[].{key}" if isinstance(value, list) else f"{name}.{key}" for key in item if key not in used
        )
