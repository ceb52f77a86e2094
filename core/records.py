"""Records: a file becomes a table of prompts and responses, each with its original text.

Input -> output: `{"question": "2+2?", "answer": "4"}` becomes row_id 0, prompt "2+2?", response "4", text "2+2?\\n4",
source null, raw the line itself. What a file format is, `readers.py` knows; this file knows the field layouts.
"""

import collections
import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from core.errors import CurationError
from core.params import Params, check_choice
from core.readers import Entry, read_entries

SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.int64(), nullable=False),
        pa.field("prompt", pa.large_string(), nullable=False),
        pa.field("response", pa.large_string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.large_string()),
        pa.field("raw", pa.large_string(), nullable=False),
    ]
)
BATCH_ROWS = 8192
_DETECT_ON = 1000

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
class RecordParams(Params):
    """How a file is read.

    fields: "" detects the layout; else as in "prompt=question,response=answer" (see `parse_fields`).
    on_error: "fail" stops at the first bad record, "skip" lists it and goes on.
    """

    fields: str = ""
    on_error: str = "fail"

    def __post_init__(self) -> None:
        check_choice("on_error", self.on_error, ("fail", "skip"))
        if self.fields:
            parse_fields(self.fields)


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


@dataclasses.dataclass(frozen=True)
class Reject:
    """A record that was not taken: its line or number, why, and its text."""

    place: int
    reason: str
    raw: str


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


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split("+"))))


def detect_fields(values: Iterable[dict[str, Any]]) -> FieldMap:
    """Return the layout that most of the records `values` have. Raises CurationError when none is known."""
    layouts = collections.Counter(layout for value in values if (layout := _layout_of(value)))
    if not layouts:
        seen = sorted({name for value in values for name in value})[:12]
        raise CurationError(
            f"No known field layout; the records have {', '.join(seen) or 'no fields'}. "
            "Say which is which, as in --fields prompt=question,response=answer."
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


def load_records(
    path: Path, params: RecordParams, on_reject: Callable[[Reject], None] = lambda reject: None
) -> tuple[FieldMap, Iterator[pa.RecordBatch]]:
    """Return the field map and the records as batches of `SCHEMA`, in file order, row_id counting from 0.

    `on_reject` is told of every record not taken while the batches are drawn (`on_error="skip"`).
    Raises CurationError: unreadable file, unknown layout, a bad record under "fail", or no record at all.
    """
    entries = read_entries(Path(path))
    head = list(itertools.islice(entries, _DETECT_ON))
    values = [value for _, _, value, _ in head if value is not None]
    if head and not values:
        place, _, _, reason = head[0]
        raise CurationError(
            f"{Path(path).name}, line {place}: {reason}; none of the first {len(head)} records is an object."
        )
    fields = parse_fields(params.fields) if params.fields else detect_fields(values) if values else FieldMap()

    def reject(entry: Entry, reason: str) -> None:
        if params.on_error == "fail":
            raise CurationError(
                f"{Path(path).name}, line {entry[0]}: {reason}. Mend it, or leave such records out with --on-error skip."
            )
        on_reject(Reject(entry[0], reason, entry[1].decode("utf-8", "replace")))

    return fields, _batches(itertools.chain(head, entries), fields, reject, Path(path))


def _batches(
    entries: Iterable[Entry], fields: FieldMap, reject: Callable[[Entry, str], None], path: Path
) -> Iterator[pa.RecordBatch]:
    start = 0
    rows: list[tuple[str, str, str | None, str]] = []
    for entry in entries:
        _, raw, value, reason = entry
        try:
            if value is None:
                raise _Unusable(reason)
            rows.append((*texts_of(value, fields), raw.decode()))
        except _Unusable as unusable:
            reject(entry, str(unusable))
        if len(rows) == BATCH_ROWS:
            yield _batch(rows, start)
            start, rows = start + len(rows), []
    if rows:
        yield _batch(rows, start)
    elif not start:
        raise CurationError(f"{path.name} holds no usable record.")


def _batch(rows: list[tuple[str, str, str | None, str]], start: int) -> pa.RecordBatch:
    prompts, responses, sources, raws = (list(column) for column in zip(*rows, strict=True))
    texts = [f"{prompt}\n{response}" if prompt and response else prompt or response for prompt, response, *_ in rows]
    ids = list(range(start, start + len(rows)))
    columns = [ids, prompts, responses, texts, sources, raws]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


class _Unusable(Exception):
    """Why one record cannot be taken."""


def texts_of(value: dict[str, Any], fields: FieldMap) -> tuple[str, str, str | None]:
    """Return (prompt, response, source) of one record. Raises an error that says why it has no usable text."""
    if fields.messages:
        turns = turns_of(value, fields)
        prompt, response = _split_turns(turns)
    else:
        prompt, response = _joined(value, fields.prompt), _joined(value, fields.response)
    if not (prompt.strip() or response.strip()):
        names = fields.messages or ", ".join(fields.prompt + fields.response)
        raise _Unusable(f"no usable text in {names}")
    source = _lookup(value, fields.source) if fields.source else None
    return prompt, response, source if source is None or isinstance(source, str) else _as_text(source)


def turns_of(value: dict[str, Any], fields: FieldMap) -> list[tuple[str, str]]:
    """Return a chat record's turns as (role, text); roles are "system", "user", "assistant" or the record's own."""
    messages = _lookup(value, fields.messages)
    if not isinstance(messages, list) or not all(isinstance(turn, dict) for turn in messages):
        raise _Unusable(f"{fields.messages} is not a list of turns")
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
    pieces = (_as_text(_lookup(value, name)) for name in names)
    return "\n".join(piece for piece in pieces if piece)


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


def content_hash(raw: str) -> bytes:
    """Return the 16 bytes by which a record is known across files: a hash of its original text."""
    return hashlib.blake2b(raw.encode(), digest_size=16).digest()
