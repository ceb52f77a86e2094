"""Long work on all records in shards: each is written when it is whole, so a killed run loses one at most."""

from collections.abc import Callable, Sized
from pathlib import Path

import numpy as np

from ..base.files import new_array, replacing, unsynced, write_array
from ..base.progress import Progress, part_of
from .workspace import Workspace

MakeRows = Callable[
    [int, int, Progress], np.ndarray
]  # first row, row behind the last, progress -> their rows of the array


def make_in_shards(
    workspace: Workspace, kind: str, key: str, step: int, make: MakeRows, progress: Progress
) -> np.ndarray:
    """Write an artifact's array, a row a record, `step` records at a time; what a killed run has finished is not done again.

    Return it, memory-mapped. The shards stay until the artifact is whole (`Workspace.keep`).
    """
    n, shards = workspace.dataset().n_records, []
    for start, stop, path in shard_files(workspace, kind, key, step, ".npy"):
        if not is_shard(path, lambda path: np.load(path, mmap_mode="r", allow_pickle=False), stop - start):
            within = part_of(lambda done, total: progress(done * n, n), start / n, stop / n)
            write_array(path, make(start, stop, within), unsynced)
        shards.append(path)
        progress(stop, n)
    first = np.load(shards[0], mmap_mode="r", allow_pickle=False)
    with replacing(workspace.path(kind, key, ".npy")) as temporary:
        whole = new_array(temporary, first.dtype, (n, first.shape[1]))
        for i, path in enumerate(shards):
            whole[i * step : (i + 1) * step] = np.load(path, allow_pickle=False)
        whole.flush()
    return np.load(workspace.path(kind, key, ".npy"), mmap_mode="r", allow_pickle=False)


def is_shard(path: Path, read: Callable[[Path], Sized], rows: int) -> bool:
    """Whether a shard is there with all its rows: it is written without waiting for the disk, and a loss of power may cut it."""
    try:
        return len(read(path)) == rows
    except (OSError, ValueError, EOFError):  # what numpy and Arrow raise for a file that is not there, empty or cut
        return False


def shard_files(workspace: Workspace, kind: str, key: str, step: int, suffix: str) -> list[tuple[int, int, Path]]:
    """Return (first row, row behind the last, path) of each shard."""
    n, folder = workspace.dataset().n_records, workspace.shard_folder(kind, key)
    return [(start, min(start + step, n), folder / f"shard-{start // step:06d}{suffix}") for start in range(0, n, step)]
