"""Work on all records, cut into shards: what makes a shard's rows, and files that each hold one shard, whole or not at all.

What makes them is plain values until it is opened, so that it can be sent to another machine and opened there.
"""

import dataclasses
from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import pyarrow as pa

from ..base.files import read_table, unsynced, write_array, write_table
from ..base.progress import Progress
from ..models.encoder import BUNDLED

# First row, row behind the last, progress -> their rows: of an array, or a table of as many.
MakeRows = Callable[[int, int, Progress], np.ndarray | pa.Table]


@dataclasses.dataclass(frozen=True)
class Shard:
    """The records `start` to `stop` - 1, in the file `path`: .npy for an array, .arrow for a table.

    counts: whether there is a row for each; else they count something else than rows, and it is the only one of its group.
    """

    start: int
    stop: int
    path: Path
    counts: bool = True

    def is_whole(self) -> bool:
        """Whether it is there with all its rows."""
        rows = self.stop - self.start if self.counts else None
        return is_shard(self.path, read_table if self.path.suffix == ".arrow" else _mapped, rows)

    def write(self, rows: np.ndarray | pa.Table) -> None:
        """Write it, whole or not at all."""
        if isinstance(rows, pa.Table):
            write_table(self.path, rows, unsynced)
        else:
            write_array(self.path, rows, unsynced)


W = TypeVar("W")
Group = tuple[Shard, ...]  # shards one behind the other, made in one call


def groups_of(shards: Sequence[Shard], at_once: int) -> list[Group]:
    """Return all shards in groups that are made in one call each."""
    return [tuple(shards[start : start + at_once]) for start in range(0, len(shards), at_once)]


def write_group(group: Group, rows: np.ndarray | pa.Table) -> None:
    """Write the rows of a group, a file a shard."""
    for shard in group:
        shard.write(rows[shard.start - group[0].start : shard.stop - group[0].start] if shard.counts else rows)


def _mapped(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def is_shard(path: Path, read: Callable[[Path], Sized], rows: int | None) -> bool:
    """Whether a shard is there with all its rows: it is written without waiting for the disk, and a loss of power may cut it.

    rows: how many, None where nobody knows; a file that is cut can't be read then either.
    """
    try:
        return len(read(path)) == rows or rows is None
    except (OSError, ValueError, EOFError):  # what numpy and Arrow raise for a file that is not there, empty or cut
        return False


@dataclasses.dataclass(frozen=True)
class Opened:
    """Work that is ready: its model is loaded.

    settled: what was decided when it was opened and must be the same for every shard (a number format); values of JSON.
    at_once: shards that are made in one call; where one of them is missing all are made again, so that a record is always among
    the same others.
    """

    make: MakeRows
    settled: dict[str, Any] = dataclasses.field(default_factory=dict)
    at_once: int = 1


def in_full(model: str) -> str:
    """Return a model's name as another process finds it, wherever it stands: a folder or file by its whole path."""
    return str(Path(model).resolve()) if model != BUNDLED and Path(model).exists() else model


def with_whole_paths(work: W) -> W:
    """Return work, a dataclass, with the paths in its fields in full: another process stands in another folder."""
    return dataclasses.replace(work, **{name: path.resolve() for name, path in paths_of(work).items()})


def paths_of(work: Any) -> dict[str, Path]:
    """Return {field: path} of the files that work, a dataclass, reads."""
    held = {field.name: getattr(work, field.name) for field in dataclasses.fields(work)}
    return {name: value for name, value in held.items() if isinstance(value, Path)}


class Work(Protocol):
    """What makes shards' rows. A frozen dataclass; opened on another machine it makes the same rows there."""

    def open(self, settled: dict[str, Any]) -> Opened:
        """Load what it needs. settled: as another `Opened` of it decided; empty where nothing is decided yet."""

    def sent(self) -> Self:
        """Return it as it is sent to another machine: without what is loaded here already."""
