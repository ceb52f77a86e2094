"""The engine on Ray: actors that hold the work's model make shards, each as large as here, and write them to the workspace.

A shard whose actor or node is lost is made again by another; nodes that join are used. All that decides bytes is the same
everywhere: what a shard holds, the number of threads, what the first actor settled, versions and kind of processor.
"""

import contextlib
import dataclasses
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence, Set
from typing import Any

from ..base.errors import CurationError
from ..base.progress import Progress
from ..base.text import first_line
from .exchange import Exchange, exchange_by
from .ray_connection import connected
from .ray_node import AT_ONCE, OF_NODES, Node, software
from .work import Group, Shard, Work, groups_of

_TRIES = 3  # of a shard, and of a node to begin
_LOOK_EVERY = 2.0  # seconds between looks at which nodes there are


def make_on_ray(
    shards: Sequence[Shard], missing: Set[Shard], work: Work, progress: Progress, address: str, store: str = ""
) -> dict[str, Any]:
    """Let those of all shards that are missing be made on a cluster; return what was settled. progress counts records.

    store: by which files are handed over, "" where all nodes share the shards' path. Raises CurationError where no cluster
    answers, a node can't take part, or a shard's process ends again and again.
    """
    with connected(address) as ray, exchange_by(store, shards[0].path.parent) as exchange:
        crew = _Crew(ray, exchange.sent(work), exchange, shards, missing)
        try:
            return crew.make_all(progress)
        finally:
            crew.end()


class _Crew:
    """The actors of a run: where each is, and what it is at."""

    def __init__(self, ray: Any, work: Work, exchange: Exchange, shards: Sequence[Shard], missing: Set[Shard]) -> None:
        import torch

        self._ray, self._work, self._exchange, self._n = ray, work, exchange, shards[-1].stop
        self._threads = torch.get_num_threads()
        self._shards, self._missing = [_full(shard) for shard in shards], {_full(shard) for shard in missing}
        self._done = self._n - _records(self._missing)
        self._waiting = self._groups(1)  # until it is known how many are made at once
        self._settled: dict[str, Any] = {}
        self._nodes: dict[Any, str] = {}  # actor -> its node
        self._at: dict[Any, tuple[Any, Group]] = {}  # call -> its actor and shards, none while it begins
        self._idle: list[Any] = []
        self._lost: Counter = Counter()  # by group or node
        self._looked = -_LOOK_EVERY

    def make_all(self, progress: Progress) -> dict[str, Any]:
        """Make the shards; return what is settled."""
        progress(self._done, self._n)
        while self._waiting or any(group for _, group in self._at.values()):
            self._find_actors()
            while self._idle and self._waiting:
                self._call(self._idle.pop(), self._waiting.popleft())
            for call in self._ray.wait([*self._at], timeout=0.5)[0] if self._at else ():
                self._take(call)
            progress(self._done, self._n)
        return {name: value for name, value in self._settled.items() if name not in OF_NODES}

    def end(self) -> None:
        """End all actors, whatever they are at."""
        for actor in self._nodes:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(actor)

    def _find_actors(self) -> None:
        """Start actors where there is room; the first one alone until it has settled what must be the same for all."""
        if not self._waiting or (self._nodes and time.monotonic() - self._looked < _LOOK_EVERY):
            return
        self._looked = time.monotonic()
        places = self._places()
        if not places:
            raise CurationError("No node of the Ray cluster has a CPU left; start some with ray start.")
        wanted = len(self._nodes) - len(self._idle) + len(self._waiting)
        most = min(wanted, len(places)) if self._settled else 1
        here = Counter(self._nodes.values())
        for node, needs in places:
            if len(self._nodes) >= most:
                return
            if here[node]:
                here[node] -= 1
            else:
                self._start(node, needs)

    def _places(self) -> list[tuple[str, dict[str, float]]]:
        """Return (node, what an actor takes of it) for each actor that the nodes have room for, the nodes in turn."""
        nodes = {node["NodeID"]: node["Resources"] for node in self._ray.nodes() if node["Alive"]}
        device = self._settled.get("device") or getattr(self._work, "device", "cpu")
        by_gpu = device == "cuda" or (device == "auto" and any(has.get("GPU") for has in nodes.values()))
        places = []
        for node, has in nodes.items():
            cpus = min(self._threads, has.get("CPU", 0))
            room = int(has.get("GPU", 0)) if by_gpu else int(has.get("CPU", 0) / cpus) if cpus else 0
            needs = {"num_gpus": 1, "num_cpus": 0} if by_gpu else {"num_cpus": cpus}
            places += [(i, node, needs) for i in range(room)]
        return [(node, needs) for _, node, needs in sorted(places, key=lambda place: place[:2])]

    def _start(self, node: str, needs: dict[str, float]) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        actor = self._ray.remote(Node).options(scheduling_strategy=there, max_restarts=0, **needs)
        self._nodes[actor := actor.remote(self._work, self._exchange, self._threads)] = node
        self._at[actor.begin.remote(self._settled, software())] = actor, ()

    def _groups(self, at_once: int) -> deque[Group]:
        """Return the groups of which a shard is missing."""
        return deque(group for group in groups_of(self._shards, at_once) if not self._missing.isdisjoint(group))

    def _call(self, actor: Any, group: Group) -> None:
        self._at[actor.make.remote(group)] = actor, group

    def _take(self, call: Any) -> None:
        """Take what a call came to."""
        actor, group = self._at.pop(call)
        try:
            outcome = self._ray.get(call)
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as error:
            self._lose(actor, group, error)
            return
        if isinstance(outcome, CurationError):
            raise outcome
        if group:
            self._exchange.take(group)
            self._done += _records(self._missing.intersection(group))
        else:
            if not self._settled:  # until then one actor has begun, and none has made anything
                self._settled, self._waiting = outcome, self._groups(outcome[AT_ONCE])
            self._looked = -_LOOK_EVERY
        self._idle.append(actor)

    def _lose(self, actor: Any, group: Group, error: Exception) -> None:
        """Have another do what a lost actor was at. Raises CurationError where that has been tried often enough."""
        node, self._looked = self._nodes.pop(actor), -_LOOK_EVERY
        self._lost[group or node] += 1
        if group:
            self._waiting.appendleft(group)
        if self._lost[group or node] >= _TRIES:
            what = (
                f"read file {group[0].start + 1:,} of the data"
                if group and not group[0].counts
                else (
                    f"make records {group[0].start:,} to {group[-1].stop - 1:,}"
                    if group
                    else f"begin on the node {node[:8]}"
                )
            )
            raise CurationError(
                f"The process that was to {what} ended {_TRIES} times ({first_line(error)}); see whether Winnow is installed on "
                "every node as here, and whether its memory is enough."
            )


def _full(shard: Shard) -> Shard:
    """Return a shard with its path in full: actors stand in other folders."""
    return dataclasses.replace(shard, path=shard.path.resolve())


def _records(shards: Iterable[Shard]) -> int:
    return sum(shard.stop - shard.start for shard in shards)
