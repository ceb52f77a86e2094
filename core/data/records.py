"""Records: a file becomes a table of prompts and responses, each with its original text.

Input -> output: `{"question": "2+2?", "answer": "4"}` becomes row_id 0, prompt "2+2?", response "4", text "2+2?\\n4",
source null, raw the line itself. What a file format is, `readers.py` knows; the field layouts, `fields.py`.
"""

import dataclasses
import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.params import Params, option
from .fields import FieldMap, parse_fields
from .layouts.reading import reader_of
from .layouts.structures import UnusableRecord
from .layouts.threads import as_trees, is_message_table
from .layouts.understood import Understood, understand
from .readers import Entry, head_of, read_entries

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
BATCH_BYTES = 1 << 24  # of original text, where the records are large
HASH_BYTES = 16
DETECT_ON = 1000  # records of a source, from the beginning of each of its files
_Row = tuple[str, str, str | None, bytes]  # prompt, response, source, raw
_OF_SOURCE = re.compile(r"\s*([^=,:;]+):\s*(?=\w+\s*=)")


@dataclasses.dataclass(frozen=True)
class RecordParams(Params):
    """How files are read.

    fields: "" detects the layout; else as in "prompt=question,response=answer" (see `parse_fields`), or for each source its
    own, as in "math: prompt=question,response=answer; chat: messages=turns".
    on_error: "fail" stops at the first bad record, "skip" lists it and goes on.
    leave_out_duplicates: whether a record is left out whose prompt and response an earlier source has.
    """

    fields: str = option("", "which field is what, as in prompt=question,response=answer,source=topic", label="Fields")
    on_error: str = option("fail", "what to do at a bad record", choices=("fail", "skip"))
    leave_out_duplicates: bool = option(
        False,
        "of several sources, leave out a record that an earlier one has",
        label="Leave out what an earlier source has",
        added=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fields:
            _by_source(self.fields)

    def fields_for(self, source: str) -> FieldMap | None:
        """Return the fields given for a source, None where they are to be detected."""
        held = _by_source(self.fields) if self.fields else {}
        return held.get(source, held.get(""))


def _by_source(text: str) -> dict[str, FieldMap]:
    """Return {source: its fields}, "" standing for every other one. Raises CurationError naming what is wrong."""
    found: dict[str, FieldMap] = {}
    for piece in text.split(";"):
        named = _OF_SOURCE.match(piece)
        source = named[1].strip() if named else ""
        if source in found:
            raise CurationError(f"fields names {source or 'what is what'} twice; say it once for each source.")
        found[source] = parse_fields(piece[named.end() :] if named else piece)
    return found


@dataclasses.dataclass(frozen=True)
class Reject:
    """A record that was not taken: its line or number, why, and its text. file: its name, where there are several."""

    place: int
    reason: str
    raw: str
    file: str = ""


def load_records(
    path: Path,
    params: RecordParams,
    on_reject: Callable[[Reject], None] = lambda reject: None,
    understood: Understood | None = None,
    may_be_empty: bool = False,
) -> tuple[Understood, Iterator[pa.RecordBatch]]:
    """Return what was understood and the records as batches of `SCHEMA`, in file order, row_id counting from 0.

    `on_reject` is told of every record not taken while the batches are drawn (`on_error="skip"`).
    understood: how to read them, where that is known; else it is found by the first records. may_be_empty: as a shard may.
    Raises CurationError: unreadable file, unknown layout, a bad record under "fail", or no record at all.
    """
    path = Path(path)
    entries = read_entries(path)
    if understood is None:
        head = head_of(entries, DETECT_ON)
        understood = understand_head(path, head, params.fields_for(path.stem))
        entries = itertools.chain(head, entries)

    def reject(entry: Entry, reason: str) -> None:
        if params.on_error == "fail":
            raise CurationError(
                f"{path.name}, line {entry[0]}: {reason}",
                command="fix it, or leave such records out with --on-error skip.",
                page="fix it, or open the file without “Stop at the first bad record”, which leaves such records out",
            )
        on_reject(Reject(entry[0], reason, entry[1].decode("utf-8", "replace")))

    if understood.threads:
        entries = as_trees(entries, reject)
    return understood, _batches(entries, understood.fields, reject, "" if may_be_empty else path.name)


def understand_head(path: Path, head: list[Entry], fields: FieldMap | None = None) -> Understood:
    """Return how records are read, by the first of them. fields: where somebody has said. Raises CurationError."""
    values = [value for _, _, value, _ in head if value is not None]
    if head and not values:
        place, _, _, reason = head[0]
        raise CurationError(f"{path.name}, line {place}: {reason}; none of the first {len(head)} records is an object.")
    threads = is_message_table(values) and not (
        fields and any(name in value for name in fields.names for value in values)
    )
    if threads:  # those of trees that begin and end among these
        trees = [value for _, _, value, _ in as_trees(head, lambda entry, reason: None)]
        values = [value for value in trees if value["prompt"]["replies"]] or trees
    return understand(values, fields, threads)


def _batches(
    entries: Iterable[Entry], fields: FieldMap, reject: Callable[[Entry, str], None], needed: str
) -> Iterator[pa.RecordBatch]:
    """Yield the records in batches. needed: the name of a file that must hold some, "" for one that may hold none."""
    start, held, read = 0, 0, reader_of(fields)
    rows: list[_Row] = []
    for entry in entries:
        _, raw, value, reason = entry
        try:
            if value is None:
                raise UnusableRecord(reason)
            rows.append((*read(value), raw))
            held += len(raw)
        except UnusableRecord as unusable:
            reject(entry, str(unusable))
        if len(rows) == BATCH_ROWS or held > BATCH_BYTES:
            yield _batch(rows, start)
            start, held, rows = start + len(rows), 0, []
    if rows:
        yield _batch(rows, start)
    elif not start and needed:
        raise CurationError(f"{needed} holds no usable record.")


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
