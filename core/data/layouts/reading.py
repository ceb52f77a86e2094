"""Reading a record by its layout: its prompt, response and source, or its turns. Plain layouts on a short way, for it runs often.

Input -> output: `{"question": "2+2?", "answer": "4"}` with prompt=question,response=answer gives ("2+2?", "4", None).
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..fields import FieldMap, lookup
from .pieces import pieces_of
from .structures import ANSWERING, ROLES, Piece, UnusableRecord
from .values import as_text

Texts = tuple[str, str, str | None]  # prompt, response, source
_Turn = tuple[str, str, int]  # role, text, number
_Short = Callable[[dict[str, Any]], tuple[str, str] | None]


def texts_of(value: dict[str, Any], fields: FieldMap) -> Texts:
    """Return (prompt, response, source) of one record. Raises UnusableRecord, saying why it has no usable text."""
    return reader_of(fields)(value)


def turns_of(value: dict[str, Any], fields: FieldMap) -> list[tuple[str, str]]:
    """Return a record's turns as (role, text), empty ones too. Raises UnusableRecord where a conversation is none.

    Roles are "system", "tools" (what may be called), "user", "assistant", "tool call", "tool" or the record's own.
    """
    return [(role, text) for role, text, _ in _turns(pieces_of(value, fields))]


@functools.lru_cache(maxsize=64)
def reader_of(fields: FieldMap) -> Callable[[dict[str, Any]], Texts]:
    """Return what reads a record of a layout (see `texts_of`)."""
    before = (*fields.system, *fields.of("tools"), *fields.of("history"))
    short: _Short | None = None
    if not fields.messages:
        short = _plain(fields.prompt, fields.response)
    elif len(fields.response) < 2:
        short = _chat(fields.messages, *fields.response)
    if not fields.messages and len(before) == 1 and fields.system:
        short, before = _after_system(fields.system[0], short), ()
    needed = fields.messages or ", ".join(fields.prompt + fields.response)
    label = fields.source

    def read(value: dict[str, Any]) -> Texts:
        found = None
        if short and not (before and any(lookup(value, name) for name in before)):
            found = short(value)
        prompt, response = found or _split(_turns(pieces_of(value, fields)))
        if not (prompt.strip() or response.strip()):
            raise UnusableRecord(f"no usable text in {needed}")
        return prompt, response, source_of(value, label) if label else None

    return read


def source_of(value: dict[str, Any], name: str) -> str | None:
    """Return a record's label; of a list of texts, all of them."""
    source = value.get(name)
    if source.__class__ is str:
        return source
    source = lookup(value, name)
    if isinstance(source, list) and source and all(isinstance(item, str) for item in source):
        return ", ".join(source)
    return source if source is None or isinstance(source, str) else as_text(source)


def _plain(prompt: Sequence[str], response: Sequence[str]) -> _Short:
    """Return what reads prompt and response where all fields hold text or nothing, as nearly all do; None elsewhere."""

    def joined(value: dict[str, Any], names: Sequence[str]) -> str | None:
        pieces = []
        for name in names:
            piece = value.get(name)
            if piece.__class__ is not str:
                piece = lookup(value, name)
                if piece is None:
                    continue
                if piece.__class__ is not str:
                    return None
            if piece:
                if piece[0] == "[":  # it may be messages, written as JSON
                    return None
                pieces.append(piece)
        return "\n".join(pieces)

    def read(value: dict[str, Any]) -> tuple[str, str] | None:
        asked = joined(value, prompt)
        answered = None if asked is None else joined(value, response)
        return None if answered is None else (asked, answered)

    return read


def _after_system(system: str, plain: _Short) -> _Short:
    """Return what reads prompt and response where plain fields follow a system prompt in text; None elsewhere."""

    def read(value: dict[str, Any]) -> tuple[str, str] | None:
        told = lookup(value, system)
        if not told:
            return plain(value)
        found = plain(value) if told.__class__ is str and told[0] != "[" else None
        if found is None:
            return None
        turns = [f"{role}: {text}" for role, text in (("System", told), ("User", found[0])) if text.strip()]
        return "\n".join(turns), found[1]

    return read


def _chat(name: str, response: str = "") -> _Short:
    """Return what reads prompt and response of messages that all hold text, as nearly all do; None elsewhere.

    response: a field that answers them, by a text or messages.
    """

    def read(value: dict[str, Any]) -> tuple[str, str] | None:
        turns = _messages(value.get(name), 0)
        if turns is None:
            return None
        if response:
            held = value.get(response)
            if held.__class__ is str and held[:1] != "[":
                turns.append(("assistant", held, len(turns)))
            elif (more := _messages(held, len(turns))) is not None:
                turns += more
            else:
                return None
        if len(turns) == 2 and turns[0][0] == "user" and turns[1][0] == "assistant":
            return turns[0][1], turns[1][1]
        return _split(turns)

    return read


def _messages(held: Any, number: int) -> list[_Turn] | None:
    """Return the turns of messages that all hold text, numbered from `number`; None where they are anything else."""
    if held.__class__ is not list or not held or held[0].__class__ is not dict:
        return None
    role_key, text_key = ("role", "content") if "role" in held[0] else ("from", "value")
    turns = []
    for turn in held:
        if turn.__class__ is not dict or turn.get("tool_calls") or turn.get("function_call"):
            return None
        role, text = turn.get(role_key), turn.get(text_key)
        if role.__class__ is not str or text.__class__ is not str:
            return None
        turns.append((ROLES.get(role) or ROLES.get(role.lower(), role.lower()), text, number))
        number += 1
    return turns


def _turns(pieces: Sequence[Piece]) -> list[_Turn]:
    """Join the pieces of one role in one turn by a newline, empty ones left out."""
    turns: list[_Turn] = []
    for role, text, number, *_ in pieces:
        if turns and turns[-1][0] == role and turns[-1][2] == number:
            text = "\n".join(filter(None, [turns.pop()[1], text]))
        turns.append((role, text, number))
    return turns


def answer_span(turns: Sequence[tuple]) -> tuple[int, int]:
    """Return (first, stop) of the turns that are the response: the last answer, with the tool calls of the same turn.

    turns: (role, text, number) of each. Where nothing answers, both are the number of turns.
    """
    last = len(turns) - 1
    while last >= 0 and turns[last][0] not in ANSWERING:
        last -= 1
    if last < 0:
        return len(turns), len(turns)
    first = last
    while first and turns[first - 1][2] == turns[last][2] and turns[first - 1][0] in ANSWERING:
        first -= 1
    return first, last + 1


def _split(turns: Sequence[_Turn]) -> tuple[str, str]:
    """The last answer is the response, all before it the prompt: bare if that is one user turn, else with roles."""
    first, stop = answer_span(turns)
    before = [turn for turn in turns[:first] if turn[1]]
    if len(before) == 1 and before[0][0] == "user":
        prompt = before[0][1]
    else:
        prompt = "\n".join([f"{role.capitalize()}: {text}" for role, text, _ in before if text.strip()])
    response = turns[first][1] if stop - first == 1 else "\n".join([turn[1] for turn in turns[first:stop] if turn[1]])
    return prompt, response
