"""Records: a file becomes a table of prompts and responses, each with its original text.

Input -> output: `{"question": "2+2?", "answer": "4"}` becomes row_id 0, prompt "2+2?", response "4", text "2+2?\\n4",
source null, raw the line itself. What a file format is, `readers.py` knows; the field layouts, `fields.py`.
"""

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.params import Params, option
from .fields import FieldMap, UnusableRecord, check_fields, detect_fields, parse_fields, texts_of
from .readers import Entry, read_entries

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
HASH_BYTES = 16
_DETECT_ON = 1000
_Row = tuple[str, str, str | None, bytes]  # prompt, response, source, raw


@dataclasses.dataclass(frozen=True)
class RecordParams(Params):
    """How a file is read.

    fields: "" detects the layout; else as in "prompt=question,response=answer" (see `parse_fields`).
    on_error: "fail" stops at the first bad record, "skip" lists it and goes on.
    """

    fields: str = option("", "which field is what, as in prompt=question,response=answer,source=topic", label="Fields")
    on_error: str = option("fail", "what to do at a bad record", choices=("fail", "skip"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fields:
            parse_fields(self.fields)


@dataclasses.dataclass(frozen=True)
class Reject:
    """A record that was not taken: its line or number, why, and its text."""

    place: int
    reason: str
    raw: str


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
    if params.fields:
        check_fields(fields, values)

    def reject(entry: Entry, reason: str) -> None:
        if params.on_error == "fail":
            raise CurationError(
                f"{Path(path).name}, line {entry[0]}: {reason}",
                command="fix it, or leave such records out with --on-error skip.",
                page="fix it, or open the file without “Stop at the first bad record”, which leaves such records out",
            )
        on_reject(Reject(entry[0], reason, entry[1].decode("utf-8", "replace")))

    return fields, _batches(itertools.chain(head, entries), fields, reject, Path(path))


def _batches(
    entries: Iterable[Entry], fields: FieldMap, reject: Callable[[Entry, str], None], path: Path
) -> Iterator[pa.RecordBatch]:
    start = 0
    rows: list[_Row] = []
    for entry in entries:
        _, raw, value, reason = entry
        try:
            if value is None:
                raise UnusableRecord(reason)
            rows.append((*texts_of(value, fields), raw))
        except UnusableRecord as unusable:
            reject(entry, str(unusable))
        if len(rows) == BATCH_ROWS:
            yield _batch(rows, start)
            start, rows = start + len(rows), []
    if rows:
        yield _batch(rows, start)
    elif not start:
        raise CurationError(f"{path.name} holds no usable record.")


def _batch(rows: list[_Row], start: int) -> pa.RecordBatch:
    prompts, responses, sources, raws = (list(column) for column in zip(*rows, strict=True))
    texts = [f"{prompt}\n{response}" if prompt and response else prompt or response for prompt, response, *_ in rows]
    ids = list(range(start, start + len(rows)))
    columns = [ids, prompts, responses, texts, sources, raws]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def content_hash(raw: str) -> bytes:
    """Return the 16 bytes by which a record is known across files: a hash of its original text."""
    return hashlib.blake2b(raw.encode(), digest_size=HASH_BYTES).digest()


def content_hashes(texts: pa.Array) -> bytes:
    """Return the `content_hash` of each text of a large_string column without nulls, one after the other."""
    starts, letters = texts.buffers()[1:]
    if not len(texts):
        return b""
    places = np.frombuffer(starts, np.int64)[texts.offset : texts.offset + len(texts) + 1].tolist()
    letters, hash_of = memoryview(letters or b""), hashlib.blake2b
    pairs = itertools.pairwise(places)
    return b"".join([hash_of(letters[start:stop], digest_size=HASH_BYTES).digest() for start, stop in pairs])
