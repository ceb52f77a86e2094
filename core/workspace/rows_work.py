"""The work of a function on the rows of an array that lies on disk, wherever it is opened: nearest centroids, probes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ..base.device import resolve_device
from ..base.files import read_table
from ..base.progress import Progress
from .engine import make_shards
from .results import Run
from .shards import shard_files
from .work import Opened, Work, with_whole_paths

ROWS = 65_536  # of a shard


@dataclasses.dataclass(frozen=True)
class RowsWork:
    """array: its file, .npy. make: a function of a module, or a partial of one: (m, d) rows and a device to a table of m rows."""

    array: Path
    make: Callable[[np.ndarray, str], pa.Table]
    device: str

    def open(self, settled: dict[str, Any]) -> Opened:
        """Map the array; what it settles is its device."""
        x = np.load(self.array, mmap_mode="r", allow_pickle=False)
        device = settled.get("device") or resolve_device(self.device)
        return Opened(lambda start, stop, within: self.make(x[start:stop], device), {"device": device})

    def sent(self) -> Self:
        """Return it with its path in full."""
        return with_whole_paths(self)


def table_of_rows(run: Run, kind: str, work: Work, of: str, progress: Progress) -> pa.Table:
    """Return the table of all records that `work` makes on the engine of a run, kept in shards until its result is whole.

    of: a digest of what the rows are made by besides the run's params, such as trained weights.
    """
    shards = shard_files(run.results.workspace, kind, run.key, ROWS, f"-{of}.arrow")
    make_shards(shards, work, progress, run.engine)
    return pa.concat_tables(read_table(shard.path) for shard in shards).combine_chunks()  # as it is made here
