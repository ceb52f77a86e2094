"""The work of seeking neighbours in near cells, wherever it is opened: a shard holds whole cells, one after the other."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ..base.files import read_table, unsynced, write_array
from ..base.progress import Progress
from ..workspace.engine import make_shards
from ..workspace.results import Run
from ..workspace.rows_work import ROWS
from ..workspace.work import Opened, Shard, with_whole_paths
from .cells import Cells, cell_by_cell


@dataclasses.dataclass(frozen=True)
class CellsWork:
    """array: the embeddings' file. rows, starts, near: the files of the `Cells`; a position counts along `rows`."""

    array: Path
    rows: Path
    starts: Path
    near: Path
    n_neighbors: int

    def open(self, settled: dict[str, Any]) -> Opened:
        """Map the files."""
        x, *parts = (
            np.load(path, mmap_mode="r", allow_pickle=False) for path in (self.array, self.rows, self.starts, self.near)
        )
        cells = Cells(*parts)

        def make(start: int, stop: int, within: Progress) -> pa.Table:
            shape = (stop - start, self.n_neighbors)
            indices, cosines = np.full(shape, -1, np.int32), np.full(shape, -1, np.float32)
            first, last = np.searchsorted(cells.starts, (start, stop))
            for at, found, alike in cell_by_cell(x, cells, cells, range(first, last), self.n_neighbors):
                rows = slice(at - start, at - start + len(found))
                indices[rows, : found.shape[1]], cosines[rows, : found.shape[1]] = found, alike
                within(rows.stop, stop - start)
            lists = (pa.FixedSizeListArray.from_arrays(each.ravel(), self.n_neighbors) for each in (indices, cosines))
            return pa.table(list(lists), ["rows", "cosines"])

        return Opened(make)

    def sent(self) -> Self:
        """Return it with its paths in full."""
        return with_whole_paths(self)


def nearest_on_nodes(
    run: Run, kind: str, embeddings: np.ndarray, cells: Cells, n_neighbors: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `cells.nearest_within` does, found by the engine of a run.

    embeddings: mapped from a file. kind: of the result that the shards are kept for.
    """
    folder = run.results.workspace.shard_folder(kind, run.key)
    of = hashlib.sha256(cells.rows.tobytes() + cells.starts.tobytes()).hexdigest()[:12]
    parts = {name: folder / f"cells-{of}-{name}.npy" for name in ("rows", "starts", "near")}
    for name, path in parts.items():
        write_array(path, getattr(cells, name), unsynced)
    work = CellsWork(Path(embeddings.filename), *parts.values(), n_neighbors)
    shards = _shards_of(cells, folder, f"-{of}-{n_neighbors}.arrow")
    make_shards(shards, work, progress, run.engine)
    shape = (len(embeddings), n_neighbors)
    indices, cosines = np.full(shape, -1, np.int32), np.full(shape, -1, np.float32)
    for shard in shards:
        table, rows = read_table(shard.path), cells.rows[shard.start : shard.stop]
        indices[rows], cosines[rows] = (_lists(table[name], n_neighbors) for name in ("rows", "cosines"))
    return indices, cosines


def _shards_of(cells: Cells, folder: Path, suffix: str) -> Sequence[Shard]:
    """Return shards of some 65,536 positions, which end where cells do."""
    ends = cells.starts[1:]
    last = np.flatnonzero(np.append(np.diff(ends // ROWS) > 0, True))
    stops = np.unique(ends[last])
    starts = np.concatenate([[0], stops[:-1]])
    return [
        Shard(start, stop, folder / f"shard-{i:06d}{suffix}")
        for i, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True))
        if stop > start
    ]


def _lists(column: pa.ChunkedArray, width: int) -> np.ndarray:
    return column.combine_chunks().flatten().to_numpy().reshape(-1, width)
