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
    if not fields.messages:
        short = functools.partial(_plain, prompt=fields.prompt, response=fields.response)
    else:
        short = None if fields.response else functools.partial(_chat, name=fields.messages)
    if short and len(before) == 1 and fields.system:
        short, before = functools.partial(_after_system, system=fields.system[0], short=short), ()
    needed = fields.messages or ", ".join(fields.prompt + fields.response)

    def read(value: dict[str, Any]) -> Texts:
        found = short(value) if short and not (before and any(lookup(value, name) for name in before)) else None
        prompt, response = found or _split(_turns(pieces_of(value, fields)))
        if not (prompt.strip() or response.strip()):
            raise UnusableRecord(f"no usable text in {needed}")
        return prompt, response, source_of(value, fields.source) if fields.source else None

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


def _plain(value: dict[str, Any], prompt: Sequence[str], response: Sequence[str]) -> tuple[str, str] | None:
    """Return prompt and response where all fields hold text or nothing, as nearly all do; else None."""
    texts = []
    for names in (prompt, response):
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
        texts.append("\n".join(pieces))
    return texts[0], texts[1]


def _after_system(
    value: dict[str, Any], system: str, short: Callable[[dict[str, Any]], tuple[str, str] | None]
) -> tuple[str, str] | None:
    """Return prompt and response where plain fields follow a system prompt in text; else None."""
    told = lookup(value, system)
    if told and (told.__class__ is not str or short.func is not _plain):
        return None
    found = short(value)
    if not told or found is None:
        return found
    turns = ((role, text) for role, text in (("System", told), ("User", found[0])) if text.strip())
    return "\n".join(f"{role}: {text}" for role, text in turns), found[1]


def _chat(value: dict[str, Any], name: str) -> tuple[str, str] | None:
    """Return prompt and response of a list of messages that all hold text, as nearly all do; else None."""
    messages = value.get(name)
    if messages.__class__ is not list or not messages or messages[0].__class__ is not dict:
        return None
    first = messages[0]
    role_key, text_key = ("role", "content") if "role" in first else ("from", "value")
    turns = []
    for number, turn in enumerate(messages):
        if turn.__class__ is not dict or turn.get("tool_calls") or turn.get("function_call"):
            return None
        role, text = turn.get(role_key), turn.get(text_key)
        if role.__class__ is not str or text.__class__ is not str:
            return None
        turns.append((ROLES.get(role) or ROLES.get(role.lower(), role.lower()), text, number))
    if len(turns) == 2 and turns[0][0] == "user" and turns[1][0] == "assistant":
        return turns[0][1], turns[1][1]
    return _split(turns)


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
    last = max((i for i, turn in enumerate(turns) if turn[0] in ANSWERING), default=len(turns))
    first = last
    while last < len(turns) and first and turns[first - 1][2] == turns[last][2] and turns[first - 1][0] in ANSWERING:
        first -= 1
    return first, min(last + 1, len(turns))


def _split(turns: Sequence[_Turn]) -> tuple[str, str]:
    """The last answer is the response, all before it the prompt: bare if that is one user turn, else with roles."""
    first, stop = answer_span(turns)
    before = [(role, text) for role, text, _ in turns[:first] if text]
    if len(before) == 1 and before[0][0] == "user":
        prompt = before[0][1]
    else:
        prompt = "\n".join(f"{role.capitalize()}: {text}" for role, text in before if text.strip())
    return prompt, "\n".join(text for _, text, _ in turns[first:stop] if text)
