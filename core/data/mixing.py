"""Mixing: the files of a pool become one table of records, source after source; what several sources share is counted.

Input -> output: `a.jsonl` with the records x, y and `b.jsonl` with y, z give the rows x, y, y, z, and one duplicate in b; left
out where that is asked, the rows x, y, z.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from .fields import FieldMap
from .layouts.understood import Understood
from .pool import DataFile, Pool
from .readers import Entry, head_of, read_entries
from .records import DETECT_ON, SCHEMA, RecordParams, Reject, content_hashes, load_records, understand_head

_LEAST_HEAD = 50  # records of each file by which a source of many files is understood


@dataclasses.dataclass
class Part:
    """What a file gave: how many records, and how many an earlier source had; those count only where they were kept."""

    file: DataFile
    understood: Understood
    n_records: int = 0
    n_duplicates: int = 0


# The place of a part, the part, who is told of what is not taken -> its records.
ReadPart = Callable[[int, Part, Callable[[Reject], None]], Iterator[pa.RecordBatch]]


def load_pool(
    pool: Pool,
    params: RecordParams,
    on_reject: Callable[[Reject], None] = lambda reject: None,
    known: Mapping[str, Understood] | None = None,
    read_all: Callable[[Sequence[Part]], ReadPart | None] | None = None,
) -> tuple[list[Part], Iterator[pa.RecordBatch]]:
    """Return a part for each file, which is filled while the records are drawn, and these as batches of `SCHEMA`.

    known: how a source's records are read, where that is so. read_all: reads the files of a pool of several; else, or
    where it gives None, they are read here, one after the other. Raises CurationError as `load_records` does.
    """
    known = dict(known or {})
    if pool.is_one_file:
        (file,) = pool.files
        understood, batches = load_records(file.path, params, on_reject, known.get(file.source))
        part = Part(file, understood)
        return [part], _counted(part, batches)
    for source, files in itertools.groupby(pool.files, key=lambda file: file.source):
        if source not in known:
            known[source] = _understand(list(files), params.fields_for(source))
    parts = [Part(file, known[file.source]) for file in pool.files]

    def read(place: int, part: Part, reject: Callable[[Reject], None]) -> Iterator[pa.RecordBatch]:
        return load_records(part.file.path, params, reject, part.understood, may_be_empty=True)[1]

    return parts, _mixed(parts, params, on_reject, (read_all and read_all(parts)) or read)


def _counted(part: Part, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        part.n_records += len(batch)
        yield batch


def _understand(files: list[DataFile], fields: FieldMap | None) -> Understood:
    """Return how the records of a source are read, by the first of each of its files."""
    each, head = max(_LEAST_HEAD, DETECT_ON // len(files)), []
    for file in files:
        first: list[Entry] = head_of(read_entries(file.path), each)
        if first and not any(value is not None for _, _, value, _ in first):
            understand_head(file.path, first)  # says why none of them is a record
        head += first
    understood = understand_head(files[0].path, head, fields)
    if not files[0].source:
        return understood
    return dataclasses.replace(understood, fields=dataclasses.replace(understood.fields, source=""))


def _mixed(
    parts: list[Part], params: RecordParams, on_reject: Callable[[Reject], None], read: ReadPart
) -> Iterator[pa.RecordBatch]:
    start, seen = 0, _Seen() if len({part.file.source for part in parts}) > 1 else None
    for source, held in itertools.groupby(enumerate(parts), key=lambda placed: placed[1].file.source):
        for place, part in held:

            def reject(rejected: Reject, name: str = part.file.path.name) -> None:
                on_reject(dataclasses.replace(rejected, file=name))

            for batch in read(place, part, reject):
                if seen is not None:
                    again = seen.again(batch["text"])
                    part.n_duplicates += int(again.sum())
                    if params.leave_out_duplicates and again.any():
                        batch = batch.filter(pa.array(~again))
                part.n_records += len(batch)
                if len(batch):
                    yield _placed(batch, start, source)
                start += len(batch)
        if seen is not None:
            seen.end_source()
    if not start:
        raise CurationError(f"{parts[0].file.path.name} and the {len(parts) - 1} files after it hold no usable record.")


def _placed(batch: pa.RecordBatch, start: int, source: str) -> pa.RecordBatch:
    """Return a batch with the row ids from `start` and, where there is one, the source's label."""
    columns = {name: batch[name] for name in SCHEMA.names}
    columns["row_id"] = pa.array(np.arange(start, start + len(batch)))
    if source:
        columns["source"] = pa.repeat(pa.scalar(source, pa.large_string()), len(batch))
    return pa.record_batch(list(columns.values()), schema=SCHEMA)


class _Seen:
    """The texts of the sources that are read, by their hashes: two numbers each, sorted by the first."""

    def __init__(self) -> None:
        self._earlier = np.zeros((0, 2), np.uint64)
        self._now: list[np.ndarray] = []

    def again(self, texts: pa.Array) -> np.ndarray:
        """Return (n,) bool: which of the texts an earlier source has; they are those of the present source from now on."""
        hashes = np.frombuffer(content_hashes(texts), np.uint64).reshape(-1, 2)
        self._now.append(hashes)
        if not len(self._earlier):
            return np.zeros(len(hashes), bool)
        places = np.searchsorted(self._earlier[:, 0], hashes[:, 0])
        return (self._earlier[np.minimum(places, len(self._earlier) - 1)] == hashes).all(axis=1)

    def end_source(self) -> None:
        """Count what was read since as an earlier source's."""
        joined = np.concatenate([self._earlier, *self._now])
        self._earlier, self._now = joined[np.argsort(joined[:, 0], kind="stable")], []
