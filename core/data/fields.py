"""Fields: which of a record's fields are prompt and response. Knows the usual layouts; reads no file.

Input -> output: `{"question": "2+2?", "answer": "4"}` with the layout prompt=question, response=answer gives
prompt "2+2?", response "4".
"""

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from ..base.errors import CurationError

_CHATS = ("messages", "conversations", "conversation")
_PROMPTS = ("instruction", "prompt", "question", "query", "problem", "input")
_RESPONSES = ("output", "response", "completion", "answer", "solution", "target")
_TEXTS = ("text", "content", "document")
_SOURCES = ("source", "dataset", "subset", "category", "domain", "topic", "task")
_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}


@dataclasses.dataclass(frozen=True)
class FieldMap:
    """Which fields of a record hold what. Several prompt fields are joined by a newline, empty ones left out."""

    prompt: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    messages: str = ""
    source: str = ""

    def __str__(self) -> str:
        """Return the form `parse_fields` reads."""
        parts = {"prompt": "+".join(self.prompt), "response": "+".join(self.response), "messages": self.messages}
        return ",".join(f"{name}={value}" for name, value in (parts | {"source": self.source}).items() if value)


def parse_fields(text: str) -> FieldMap:
    """Return the field map that `text` describes.

    "prompt=instruction+input,response=output,source=topic", or "messages=chat"; a dot steps into an object
    ("prompt=meta.question"). Raises CurationError naming what is wrong.
    """
    given: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in ("prompt", "response", "messages", "source") or not equals or not value or name in given:
            raise CurationError(
                f"fields has {part!r}; write NAME=FIELD once for each of prompt, response, messages, source, "
                "as in prompt=question,response=answer."
            )
        given[name] = value
    fields = FieldMap(
        prompt=_names(given.get("prompt", "")),
        response=_names(given.get("response", "")),
        messages=given.get("messages", ""),
        source=given.get("source", ""),
    )
    if bool(fields.messages) == bool(fields.prompt or fields.response):
        raise CurationError(
            f"fields is {text!r}; name either messages, or prompt and response (one of the two is enough)."
        )
    return fields


def check_fields(fields: FieldMap, values: Sequence[dict[str, Any]]) -> None:
    """Raise CurationError for a field that none of the records `values` has."""
    for name in (*fields.prompt, *fields.response, *filter(None, (fields.messages, fields.source))):
        if values and not any(name in value or name.split(".")[0] in value for value in values):
            seen = sorted({known for value in values for known in value})[:12]
            raise CurationError(f"No record has a field {name!r}; the records have {', '.join(seen)}.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split("+"))))


def detect_fields(values: Iterable[dict[str, Any]]) -> FieldMap:
    """Return the layout that most of the records `values` have. Raises CurationError when none is known."""
    layouts = collections.Counter(layout for value in values if (layout := _layout_of(value)))
    if not layouts:
        seen = sorted({name for value in values for name in value})[:12]
        raise CurationError(
            f"No known field layout; the records have {', '.join(seen) or 'no fields'}",
            command="say which is which, as in --fields prompt=question,response=answer.",
            page="say which is which under Settings, as in prompt=question,response=answer",
        )
    fields = layouts.most_common(1)[0][0]
    sources = collections.Counter(name for value in values for name in _SOURCES if isinstance(value.get(name), str))
    taken = {*fields.prompt, *fields.response, fields.messages}
    source = next((name for name in _SOURCES if sources[name] and name not in taken), "")
    return dataclasses.replace(fields, source=source)


def _layout_of(value: dict[str, Any]) -> FieldMap | None:
    for name in _CHATS:
        if isinstance(value.get(name), list):
            return FieldMap(messages=name)
    prompt = next((name for name in _PROMPTS if name in value), None)
    response = next((name for name in _RESPONSES if name in value), None)
    if prompt and response:
        with_input = prompt != "input" and "input" in value
        return FieldMap(prompt=(prompt, "input") if with_input else (prompt,), response=(response,))
    text = next((name for name in _TEXTS if isinstance(value.get(name), str)), None)
    return FieldMap(response=(text,)) if text else None


class UnusableRecord(Exception):
    """Why one record cannot be taken."""


def texts_of(value: dict[str, Any], fields: FieldMap) -> tuple[str, str, str | None]:
    """Return (prompt, response, source) of one record. Raises UnusableRecord, saying why it has no usable text."""
    if fields.messages:
        turns = turns_of(value, fields)
        prompt, response = _split_turns(turns)
    else:
        prompt, response = _joined(value, fields.prompt), _joined(value, fields.response)
    if not (prompt.strip() or response.strip()):
        names = fields.messages or ", ".join(fields.prompt + fields.response)
        raise UnusableRecord(f"no usable text in {names}")
    source = _lookup(value, fields.source) if fields.source else None
    return prompt, response, source if source is None or isinstance(source, str) else _as_text(source)


def turns_of(value: dict[str, Any], fields: FieldMap) -> list[tuple[str, str]]:
    """Return a chat record's turns as (role, text); roles are "system", "user", "assistant" or the record's own."""
    messages = _lookup(value, fields.messages)
    if not isinstance(messages, list) or not all(isinstance(turn, dict) for turn in messages):
        raise UnusableRecord(f"{fields.messages} is not a list of turns")
    turns = []
    for turn in messages:
        role = turn.get("role", turn.get("from"))
        content = turn.get("content", turn.get("value"))
        if isinstance(content, list):  # parts, as in {"type": "text", "text": ...}
            content = "\n".join(
                part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
            )
        turns.append((_ROLES.get(str(role).lower(), str(role).lower()), _as_text(content)))
    return turns


def _split_turns(turns: list[tuple[str, str]]) -> tuple[str, str]:
    """The last assistant turn is the response, all before it the prompt: bare if one user turn, else with roles."""
    last = max((i for i, (role, _) in enumerate(turns) if role == "assistant"), default=len(turns))
    before = turns[:last]
    if len(before) == 1 and before[0][0] == "user":
        prompt = before[0][1]
    else:
        prompt = "\n".join(f"{role.capitalize()}: {text}" for role, text in before if text.strip())
    return prompt, turns[last][1] if last < len(turns) else ""


def _joined(value: dict[str, Any], names: tuple[str, ...]) -> str:
    pieces = []
    for name in names:
        piece = value.get(name)
        if piece.__class__ is not str:  # nearly all are, and this runs for every record
            piece = _as_text(_lookup(value, name))
        if piece:
            pieces.append(piece)
    return "\n".join(pieces)


def _lookup(value: dict[str, Any], name: str) -> Any:
    if name in value:
        return value[name]
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
