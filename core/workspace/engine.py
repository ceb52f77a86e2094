"""Engines: where the shards of long work are made, one after the other here, or side by side on the nodes of a Ray cluster.

Both make each shard by the same call and write the same file, so work may begin on one and end on the other.
"""

import concurrent.futures
import contextlib
import dataclasses
import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.progress import Progress, part_of
from .store import check_store
from .work import Group, Shard, Work, groups_of, write_group

ENGINES = ("local", "ray")
_INSTALL = "pip install -r requirements-ray.txt"


@dataclasses.dataclass(frozen=True)
class Engine:
    """name: "local" or "ray". address: of a Ray cluster, "host:port"; "" for $RAY_ADDRESS, or one that is started here.

    store: the address of object storage by which the nodes get what they read and give what they make, as in
    "s3://name/folder"; "" where all of them share the workspace's path.
    Raises CurationError where Ray is not installed, or an address can't be.
    """

    name: str = "local"
    address: str = ""
    store: str = ""

    @property
    def is_local(self) -> bool:
        """Whether this process makes everything."""
        return self.name == "local"

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise CurationError(f"engine is {self.name!r}; it must be one of {', '.join(ENGINES)}.")
        if self.store:
            check_store(self.store)
        if self.name != "ray" and (given := self.address or self.store):
            raise CurationError(
                f"{given} is for a Ray cluster",
                command="give it with --engine ray.",
                page="choose the engine ray for it",
            )
        if "://" in self.address:
            raise CurationError(
                f"address is {self.address!r}; give host:port, on a machine that is a node of the cluster (ray start)."
            )
        if self.name == "ray" and not _has_ray():
            raise CurationError(f"The engine ray needs Ray, which is not installed here; install it with: {_INSTALL}")


def _has_ray() -> bool:
    found = importlib.util.find_spec("ray")
    return found is not None and found.origin is not None  # else it is but a folder of that name


LOCAL = Engine()


def engine_of_environment() -> Engine:
    """Return the engine that jobs of the pages take: $WINNOW_ENGINE and $WINNOW_STORE; Ray's address is its own $RAY_ADDRESS."""
    return Engine(os.environ.get("WINNOW_ENGINE") or LOCAL.name, store=os.environ.get("WINNOW_STORE", ""))


def make_shards(shards: Sequence[Shard], work: Work, progress: Progress, engine: Engine = LOCAL) -> dict[str, Any]:
    """Let every shard be there; one that is there already is not made again. Return what was settled when the work was opened.

    shards: of all records, in order. progress: counts records.
    """
    missing = {shard for shard in shards if not shard.is_whole()}
    if engine.name == "ray" and missing:
        from .on_ray import make_on_ray

        return make_on_ray(shards, missing, work, progress, engine.address, engine.store)
    n, opened = shards[-1].stop, work.open({})
    with _writer(aside=opened.at_once > 1) as write:
        for group in groups_of(shards, opened.at_once):
            start, stop = group[0].start, group[-1].stop
            if not missing.isdisjoint(group):
                within = part_of(lambda done, total: progress(done * n, n), start / n, stop / n)
                write(group, opened.make(start, stop, within))
            progress(stop, n)
    return opened.settled


@contextlib.contextmanager
def _writer(aside: bool) -> Iterator[Callable[[Group, np.ndarray | pa.Table], None]]:
    """Yield what writes a group. aside: on a thread, while the next group is made; all is written when the block ends."""
    if not aside:
        yield write_group
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        writing: list[concurrent.futures.Future] = []

        def write(group: Group, rows: np.ndarray | pa.Table) -> None:
            while writing:
                writing.pop().result()
            writing.append(thread.submit(write_group, group, rows))

        yield write
        while writing:
            writing.pop().result()
