"""Long work on all records in shards: each is written when it is whole, so a killed run loses one at most."""

import dataclasses
from typing import Any

import numpy as np

from ..base.files import new_array, replacing
from ..base.progress import Progress
from .engine import LOCAL, Engine, make_shards
from .work import MakeRows, Opened, Shard, Work
from .workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Here:
    """Work that this process alone can do: a function that is made already."""

    make: MakeRows

    def open(self, settled: dict[str, Any]) -> Opened:
        """Return the function."""
        return Opened(self.make)

    def sent(self) -> "Here":
        """Refuse: what a function holds is not known."""
        raise TypeError("work of this process can't be sent to another machine")


def make_in_shards(
    workspace: Workspace, kind: str, key: str, step: int, work: Work, progress: Progress, engine: Engine = LOCAL
) -> tuple[np.ndarray, dict[str, Any]]:
    """Write an artifact's array, a row a record, `step` records at a time; what a killed run has finished is not done again.

    Return it, memory-mapped, and what the work settled. The shards stay until the artifact is whole (`Workspace.keep`).
    """
    n, shards = workspace.dataset().n_records, shard_files(workspace, kind, key, step, ".npy")
    settled = make_shards(shards, work, progress, engine)
    first = np.load(shards[0].path, mmap_mode="r", allow_pickle=False)
    with replacing(workspace.path(kind, key, ".npy")) as temporary:
        whole = new_array(temporary, first.dtype, (n, first.shape[1]))
        for shard in shards:
            whole[shard.start : shard.stop] = np.load(shard.path, allow_pickle=False)
        whole.flush()
    return np.load(workspace.path(kind, key, ".npy"), mmap_mode="r", allow_pickle=False), settled


def shard_files(workspace: Workspace, kind: str, key: str, step: int, suffix: str) -> list[Shard]:
    """Return the shards of all records, in order."""
    n, folder = workspace.dataset().n_records, workspace.shard_folder(kind, key)
    return [
        Shard(start, min(start + step, n), folder / f"shard-{start // step:06d}{suffix}") for start in range(0, n, step)
    ]
