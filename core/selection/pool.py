"""What a method chooses from: the records as arrays, with the curator's decisions as hard constraints."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ..base.arrays import ascending
from ..base.errors import CurationError, lacking
from ..base.progress import Progress, no_progress
from ..base.text import counted
from ..data.tags import Tags
from ..vectors.cells import Within, nearest_within
from .rules import Rule
from .target.targets import Targets

_BLOCK = 8192


@dataclasses.dataclass(frozen=True)
class Bound:
    """A rule on the records that `held`, (n,) bool, says."""

    rule: Rule
    held: np.ndarray


@dataclasses.dataclass(frozen=True)
class Balance:
    """Groups that share a budget before a method chooses inside each. groups: (n,) int32. weights: (K,) float64 >= 0, any scale."""

    groups: np.ndarray
    weights: np.ndarray


@dataclasses.dataclass(frozen=True)
class Pool:
    """n records to choose from. Nothing here is changed by a method.

    labels: (n,) int32 clusters, or None. quality: (n,) float32, or None. embeddings: (n, d) float32 unit rows, or None.
    distances: (n,) float32, squared distance to the own cluster's centroid, or None.
    pinned: row ids that must be chosen; dropped: row ids that must not. multipliers: {cluster: factor >= 0 on its weight}.
    weights: (k,) float64 cluster weights in place of those by size or equal, or None.
    reward: (n,) float32 predicted domain entropy, domains: (n,) int32 of each record, both of DaaR, or None.
    sources: (n,) int32 codes of the records' source labels, -1 for none, or None.
    shares: {name of a domain, in order: target share of the selection, 0 for none}.
    targets: the examples of a target, or None.
    rules: what groups of records must or may take of the selection; `select_records` sees to them, a method need not.
    costs: (n,) int32, what each record takes of a budget in tokens, 1 at least, or None where a record counts as one. Where there
    are some, a method that gives groups their quotas returns more than asked, in an order of which every first part is fair in
    costs.
    tags: which tags each record carries, or None where the data's are not asked for.
    balance: groups that share the budget first, or None where the method sees to the whole pool.
    closed: row ids that can't be taken, though they are not dropped: their group has given all that a rule lets it, or the method
    never takes them.
    progress: told how many of the picks are made; a method that takes long tells it, with `pool.tell`.
    found: what `once` has found out; pools that were made of this one by `dataclasses.replace` share it.
    device: a resolved one, on which methods that can (`methods/_on_gpu.py`) choose.
    within: seeks the neighbours of very many records, in this process or on the nodes of a cluster.
    """

    n_records: int
    labels: np.ndarray | None = None
    quality: np.ndarray | None = None
    embeddings: np.ndarray | None = None
    distances: np.ndarray | None = None
    pinned: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    dropped: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    multipliers: dict[int, float] = dataclasses.field(default_factory=dict)
    weights: np.ndarray | None = None
    reward: np.ndarray | None = None
    domains: np.ndarray | None = None
    sources: np.ndarray | None = None
    shares: dict[str, float] = dataclasses.field(default_factory=dict)
    targets: Targets | None = None
    rules: tuple[Bound, ...] = ()
    costs: np.ndarray | None = None
    tags: Tags | None = None
    closed: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    balance: Balance | None = None
    progress: Progress = no_progress
    found: dict[str, tuple[Any, Any]] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    device: str = "cpu"
    within: Within = nearest_within

    def __post_init__(self) -> None:
        for name in ("labels", "quality", "embeddings", "distances", "reward", "domains", "sources", "costs", "tags"):
            array = getattr(self, name)
            if array is not None and len(array) != self.n_records:
                raise CurationError(
                    f"{name} has {len(array):,} rows for {counted(self.n_records, 'record')}; it needs one a record."
                )
        for name in ("pinned", "dropped"):
            rows = ascending(getattr(self, name))
            if len(rows) and (rows[0] < 0 or rows[-1] >= self.n_records):
                raise CurationError(
                    f"{name} names record {rows[0] if rows[0] < 0 else rows[-1]}; rows are 0 to {self.n_records - 1}."
                )
            object.__setattr__(self, name, rows)
        if len(both := np.intersect1d(self.pinned, self.dropped)):
            raise CurationError(f"record {both[0]} is both pinned and dropped; clear one of the two.")

    @property
    def is_limited(self) -> bool:
        """Whether more than a number of records limits a selection: a budget in tokens, or rules."""
        return self.costs is not None or bool(self.rules)

    @property
    def n_clusters(self) -> int:
        """Return the number of clusters, one where the pool has no labels; the last ones may be empty where it has weights."""
        least = 1 if self.weights is None else len(self.weights)
        return max(int(self.labels.max()) + 1, least) if self.labels is not None and self.n_records else 1

    def clusters_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the int32 clusters of `rows`, -1 where the pool has no labels."""
        return np.full(len(rows), -1, np.int32) if self.labels is None else self.labels[rows].astype(np.int32)

    def tell(self, done: int, wanted: int) -> None:
        """Tell that so many of the wanted picks are made: every 32nd is worth a word."""
        if done % 32 == 0:
            self.progress(done, wanted)

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """Return what `find` gives, found only once for the pool's embeddings and drops: rules ask a method again and again."""
        by = (id(self.embeddings), self.dropped.tobytes())
        if name not in self.found or self.found[name][0] != by:
            self.found[name] = (by, find())
        return self.found[name][1]

    def free_rows(self) -> np.ndarray:
        """Return the row ids, ascending, that are neither pinned nor dropped nor closed."""
        free = np.ones(self.n_records, bool)
        free[self.pinned] = False
        free[self.dropped] = False
        free[self.closed] = False
        return np.flatnonzero(free)


def finite_quality(pool: Pool, method: str) -> np.ndarray:
    """Return the pool's quality as (n,) float64. Raises CurationError where there is none, or a value is not finite."""
    if pool.quality is None:
        raise lacking(f"{method} goes by quality, and the records have no scores", "score")
    quality = np.asarray(pool.quality, dtype=np.float64)
    if not np.isfinite(quality).all():
        row = int(np.argmin(np.isfinite(quality)))
        raise CurationError(f"record {row} has no finite quality; score the records again.")
    return quality


def unit_rows(pool: Pool) -> np.ndarray:
    """Return the pool's (n, d) float32 embeddings. Raises CurationError where there are none."""
    if pool.embeddings is None:
        raise lacking("This method compares embeddings, and the records have none", "embed")
    return pool.embeddings


@dataclasses.dataclass(frozen=True)
class RuleHeld:
    """A rule beside what a selection took by it, in the budget's unit, "records" or "tokens". asked: the floor or the cap."""

    rule: Rule
    asked: int
    taken: int
    unit: str

    def as_dict(self) -> dict[str, str | int]:
        """Return what is written down of it."""
        words = {"rule": self.rule.words, "kind": self.rule.kind}
        return words | {"asked": self.asked, "taken": self.taken, "unit": self.unit}


def rules_held(pool: Pool, rows: np.ndarray, limit: int) -> list[RuleHeld]:
    """Return each rule of the pool beside what the selected `rows` took, of a budget of `limit`."""
    costs = np.ones(len(rows), np.int64) if pool.costs is None else pool.costs[rows].astype(np.int64)
    unit = "records" if pool.costs is None else "tokens"
    return [RuleHeld(b.rule, b.rule.of(limit), int(costs[b.held[rows]].sum()), unit) for b in pool.rules]


@dataclasses.dataclass(frozen=True)
class Picks:
    """rows: (m,) int64 row ids in pick order. scores: (m,) float, what each was picked by (its gain, distance, quality).

    n_filled: how many at the end only fill the budget, against the method's own rule. filled: (m,) bool, which do, where they
    are not the last ones.
    """

    rows: np.ndarray
    scores: np.ndarray
    n_filled: int = 0
    filled: np.ndarray | None = None

    @property
    def only_fills(self) -> np.ndarray:
        """Return (m,) bool: which only fill the budget."""
        return np.arange(len(self.rows)) >= len(self.rows) - self.n_filled if self.filled is None else self.filled


def picked_by_quality(pool: Pool, rows: np.ndarray) -> Picks:
    """Return picks whose scores are their quality, 0 where the pool has none."""
    return Picks(rows, np.zeros(len(rows)) if pool.quality is None else pool.quality[rows])


def nearest_of(pool: Pool, rows: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows of `chosen`, cosines), (m,) each: what of `chosen` is nearest to each of `rows`, itself left out.

    chosen: (c,) row ids, at least one. Where a row is all that is chosen its cosine is -1.
    """
    vectors = np.array(unit_rows(pool)[rows], np.float32)
    chosen = ascending(chosen)
    nearest, cosines = np.zeros(len(rows), np.int64), np.full(len(rows), -np.inf)
    for start in range(0, len(chosen), _BLOCK):
        block = chosen[start : start + _BLOCK]
        found = vectors @ unit_rows(pool)[block].T
        found[block[None, :] == rows[:, None]] = -1
        best = found.argmax(axis=1)
        value = found[np.arange(len(rows)), best]
        nearest[value > cosines] = block[best[value > cosines]]
        cosines = np.maximum(cosines, value)
    return nearest, cosines
