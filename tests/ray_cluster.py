"""A Ray cluster of nodes on this machine, and encoders whose shards tell by whom they were made."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.vectors.embedding import SHARD_ROWS
from tests.conftest import TinyEncoder

_SMALL = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
_PATIENCE = 300.0  # seconds that an encoder waits for the others: a busy machine starts processes slowly


class Cluster:
    """Nodes of one CPU each, on this machine. address: for --address."""

    def __init__(self, nodes: int = 3) -> None:
        # Nothing is sent to anybody; actors wait no longer for the processor than other processes do.
        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
        from ray.cluster_utils import Cluster as Nodes

        self._nodes = Nodes(initialize_head=True, head_node_args=_SMALL | {"include_dashboard": False})
        self._others: list[Any] = []
        for _ in range(nodes - 1):
            self.add()
        self.address: str = self._nodes.address

    def add(self) -> None:
        """Add a node."""
        self._others.append(self._nodes.add_node(**_SMALL))

    def kill_one(self) -> None:
        """Kill a node and all that runs on it, without warning."""
        self._nodes.remove_node(self._others.pop(), allow_graceful=False)

    def nodes_left(self) -> int:
        """Return how many nodes live."""
        return len(self._nodes.list_all_nodes())

    def end(self) -> None:
        """End all nodes."""
        import ray

        ray.shutdown()
        self._nodes.shutdown()


@contextlib.contextmanager
def open_cluster(nodes: int = 3) -> Iterator[Cluster]:
    """Yield a cluster, which ends with its user."""
    cluster = Cluster(nodes)
    try:
        yield cluster
    finally:
        cluster.end()


class MeetingEncoder(TinyEncoder):
    """A TinyEncoder that encodes nothing before as many processes as `others` are at it; each leaves a file in `folder`."""

    def __init__(self, folder: Path, others: int, seconds: float = 0.0) -> None:
        super().__init__()
        self._folder, self._others, self._seconds = folder, others, seconds

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        (self._folder / f"{os.getpid()}").touch()
        until = time.monotonic() + _PATIENCE
        while len(self.who()) < self._others and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(self._seconds)
        return super().encode(texts)

    def who(self) -> list[str]:
        """Return the processes that have encoded."""
        return [path.name for path in self._folder.iterdir()]


class SideBySideEncoder(TinyEncoder):
    """Two shards a call, and a text's row depends on how many are beside it."""

    at_once = 2 * SHARD_ROWS

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return super().encode(texts) + np.float32(len(texts))


class EndingEncoder(TinyEncoder):
    """Its process ends at the first text."""

    def encode(self, texts: Sequence[str]) -> Any:
        os._exit(1)
