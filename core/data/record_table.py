"""The records of a workspace: `records.arrow`, memory-mapped and never loaded whole."""

import functools
import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..base.errors import COMMAND, CurationError
from .records import SCHEMA


def damaged(message: str, folder: Path) -> CurationError:
    """Return the error that says by `message` that imported data can't be trusted, and that importing again heals it."""
    stays = "What people decided, selections and versions stay"
    return CurationError(
        message,
        command=f"import the data again: {COMMAND} import DATA --workspace {folder}. {stays}.",
        page=f"open the same data again on the Data page. {stays}",
    )


class _Mapped:
    """The blocks of a mapped file. A block that was read whole is let go of, so that a scan of a large file fills no memory."""

    def __init__(self, path: str) -> None:
        with Path(path).open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._base = pa.py_buffer(self._memory).address
        self.file = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(self._memory)))
        self.batches = [self.file.get_batch(i) for i in range(self.file.num_record_batches)]
        self.sound: set[int] = set()  # blocks that were looked through in this process

    def let_go(self, i: int) -> None:
        """Give the pages of block i back; whoever still reads them gets them from the file again."""
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        buffers = [
            buffer for column in self.batches[i].columns for buffer in column.buffers() if buffer and buffer.size
        ]
        spans = [(buffer.address - self._base, buffer.address - self._base + buffer.size) for buffer in buffers]
        spans = [(start, end) for start, end in spans if 0 <= start < end <= len(self._memory)]
        if spans:  # an empty part is not in the file
            start = min(start for start, _ in spans) // mmap.PAGESIZE * mmap.PAGESIZE
            self._memory.madvise(mmap.MADV_DONTNEED, start, max(end for _, end in spans) - start)


@functools.lru_cache(maxsize=8)
def _opened(path: str, inode: int, size: int, changed: int) -> _Mapped:
    """Return a file's blocks; a changed file anew."""
    return _Mapped(path)


class RecordTable:
    """Rows of `records.SCHEMA`. Row ids are positions, 0 to n_records - 1.

    Raises CurationError where the file is damaged so that Arrow can't read it; a block is looked through when it is first
    read, since Arrow trusts what it is given. That no letter was changed, only its checksum can tell.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        try:
            facts = self._path.stat()
            self._mapped = _opened(str(self._path.resolve()), facts.st_ino, facts.st_size, facts.st_mtime_ns)
            self._file, self._batches = self._mapped.file, self._mapped.batches
            self.fingerprint = (self._file.schema.metadata or {}).get(b"fingerprint", b"").decode()  # of its import
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error
        if not self._file.schema.equals(SCHEMA):
            raise self._damaged("its columns are others")
        self._starts = np.cumsum([0, *(len(batch) for batch in self._batches)])

    @property
    def path(self) -> Path:
        """Return the file, from which another process can read the same."""
        return self._path

    def _damaged(self, why: object) -> CurationError:
        return damaged(f"{self._path} is damaged ({why})", self._path.parent)

    def _block(self, i: int) -> pa.RecordBatch:
        if i not in self._mapped.sound:
            try:
                self._batches[i].validate(full=True)
            except (pa.ArrowException, OSError, ValueError) as error:
                raise self._damaged(error) from error
            self._mapped.sound.add(i)
            self._mapped.let_go(i)
        return self._batches[i]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the records in order, in blocks, with `columns` only."""
        for i in range(len(self._batches)):
            batch = self._block(i)
            yield batch if columns is None else batch.select(columns)
            self._mapped.let_go(i)

    def take(self, rows: np.ndarray, columns: Sequence[str]) -> pa.Table:
        """Return `rows` in the order given. Only their blocks are read. Raises CurationError for a row out of range."""
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise CurationError(
                f"record {rows.max() if rows.max() >= len(self) else rows.min()} is not one of 0 to {len(self) - 1}."
            )
        order = np.argsort(rows, kind="stable")
        inside = np.searchsorted(self._starts, rows[order], side="right") - 1
        parts = []
        for batch in np.unique(inside):
            places = rows[order[inside == batch]] - self._starts[batch]
            parts.append(self._block(batch).select(columns).take(pa.array(places)))
        if not parts:
            return self._file.schema.empty_table().select(columns)
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return pa.Table.from_batches(parts).take(pa.array(back))

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the text to embed of rows start..stop-1."""
        return self.take(np.arange(start, stop), ["text"])["text"].to_pylist()

    def sources(self) -> tuple[list[str], np.ndarray]:
        """Return (names, codes): the distinct source labels, most frequent first, and (n,) int32 codes, -1 for none."""
        column = pa.chunked_array(
            [batch["source"] for batch in self.batches(["source"])], pa.large_string()
        ).combine_chunks()
        encoded = column.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
        order = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(encoded.dictionary)), kind="stable")
        rank = np.empty(len(order) + 1, np.int32)
        rank[order], rank[-1] = np.arange(len(order)), -1
        names = encoded.dictionary.to_pylist()
        return [names[i] for i in order], rank[codes]
