"""Long work on all records in shards: each is written when it is whole, so a killed run loses one at most."""

import concurrent.futures
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
    workspace: Workspace,
    kind: str,
    key: str,
    step: int,
    make: MakeRows,
    progress: Progress,
    at_once: int = 1,
) -> np.ndarray:
    """Write an artifact's array, a row a record, `step` records at a time; what a killed run has finished is not done again.

    at_once: shards that are made together, and written on a thread while the next are made; where one of them is missing all are
    made again, so that a record is always made among the same others. Return it, memory-mapped. The shards stay until the
    artifact is whole (`Workspace.keep`).
    """
    n, files = workspace.dataset().n_records, shard_files(workspace, kind, key, step, ".npy")
    with concurrent.futures.ThreadPoolExecutor(1) as writer:
        writing = None
        for i in range(0, len(files), at_once):
            together = files[i : i + at_once]
            start, stop = together[0][0], together[-1][1]
            if not all(is_shard(path, _open, last - first) for first, last, path in together):
                within = part_of(lambda done, total: progress(done * n, n), start / n, stop / n)
                rows = make(start, stop, within)
                if at_once == 1:
                    _write(together, rows)
                else:
                    if writing:
                        writing.result()
                    writing = writer.submit(_write, together, rows)
            progress(stop, n)
        if writing:
            writing.result()
    shards = [path for _, _, path in files]
    first = _open(shards[0])
    with replacing(workspace.path(kind, key, ".npy")) as temporary:
        whole = new_array(temporary, first.dtype, (n, first.shape[1]))
        for i, path in enumerate(shards):
            whole[i * step : (i + 1) * step] = np.load(path, allow_pickle=False)
        whole.flush()
    return np.load(workspace.path(kind, key, ".npy"), mmap_mode="r", allow_pickle=False)


def _open(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _write(shards: list[tuple[int, int, Path]], rows: np.ndarray) -> None:
    for start, stop, path in shards:
        first = start - shards[0][0]
        write_array(path, rows[first : first + stop - start], unsynced)


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
