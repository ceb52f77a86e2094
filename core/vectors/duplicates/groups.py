"""Groups of near-duplicates at a threshold, and which of each group to keep. Pure functions of arrays."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ...base.errors import CurationError
from .forest import Pairs
from .params import KEEP, Threshold


@dataclasses.dataclass(frozen=True)
class Groups:
    """Groups, the largest first. rows: (m,) int64, a group's together and ascending. starts: (g + 1,) int64."""

    rows: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def members(self, group: int) -> np.ndarray:
        """Return a group's rows."""
        return self.rows[self.starts[group] : self.starts[group + 1]]

    @property
    def sizes(self) -> np.ndarray:
        """Return (g,) int64."""
        return np.diff(self.starts)

    @property
    def of_rows(self) -> np.ndarray:
        """Return (m,): the group of each of `rows`."""
        return np.repeat(np.arange(len(self)), self.sizes)


def pairs_at(threshold: Threshold, by_cosine: Pairs, by_words: Pairs) -> np.ndarray:
    """Return the (k, 2) pairs that count as near-duplicates."""
    pairs = {"cosine": by_cosine.above(threshold.cosine), "words": by_words.above(threshold.jaccard)}
    return np.concatenate(list(pairs.values())) if threshold.by == "either" else pairs[threshold.by]


def groups_of(pairs: np.ndarray) -> Groups:
    """Return the groups that pairs join, one after the other. pairs: (k, 2) rows."""
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return Groups(np.zeros(0, np.int64), np.zeros(1, np.int64))
    rows, places = np.unique(pairs, return_inverse=True)
    a, b = places.reshape(-1, 2).T
    graph = scipy.sparse.coo_matrix((np.ones(len(a), np.int8), (a, b)), (len(rows), len(rows)))
    n, labels = connected_components(graph, directed=False)
    sizes, first = np.bincount(labels, minlength=n), np.full(n, len(rows))
    np.minimum.at(first, labels, np.arange(len(rows)))
    rank = np.empty(n, np.int64)
    largest_first = np.lexsort((first, -sizes))
    rank[largest_first] = np.arange(n)
    order = np.lexsort((np.arange(len(rows)), rank[labels]))
    return Groups(rows[order].astype(np.int64), np.concatenate([[0], np.cumsum(sizes[largest_first])]))


def worth_of(
    keep: str,
    n: int,
    quality: np.ndarray | None = None,
    lengths: np.ndarray | None = None,
    sources: tuple[Sequence[str], np.ndarray] | None = None,
    order: Sequence[str] = (),
) -> np.ndarray:
    """Return (n,) float64: of a group the record of the highest worth is kept, of ties the first.

    quality: (n,). lengths: (n,) characters. sources: (names, (n,) codes); order: names, the best first, others after them.
    Raises CurationError for a rule that lacks what it goes by.
    """
    if keep not in KEEP:
        raise CurationError(f"keep is {keep!r}; it must be one of {', '.join(KEEP)}.")
    if keep == "quality":
        if quality is None:
            raise CurationError("Quality is not scored yet; score it, or keep the longest or the first.")
        return np.asarray(quality, np.float64)
    if keep == "longest":
        return np.asarray(lengths, np.float64)
    if keep == "source":
        names, codes = sources or ((), None)
        unknown = [name for name in order if name not in names]
        if not order or unknown:
            what = f"There is no source {unknown[0]!r}" if unknown else "No order of sources is given"
            raise CurationError(f"{what}; the sources are {', '.join(list(names)[:8]) or 'none'}.")
        ranks = np.array([-order.index(name) if name in order else -len(order) for name in names] + [-len(order) - 1])
        return ranks[codes].astype(np.float64)
    return np.zeros(n)


def dropped_by(
    groups: Groups, worth: np.ndarray, pinned: np.ndarray, dropped: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (drop, keep): ascending rows to drop, and (g,) the row that each group keeps, -1 where all are dropped already.

    pinned, dropped: (n,) bool, as decided so far. What is pinned is never dropped; where some of a group are, the others go.
    """
    rows, of = groups.rows, groups.of_rows
    rank = np.where(dropped[rows], 2, np.where(pinned[rows], 0, 1))
    order = np.lexsort((rows, -worth[rows], rank, of))
    best = order[groups.starts[:-1]]
    keep = np.where(dropped[rows[best]], -1, rows[best])
    goes = ~pinned[rows] & ~dropped[rows]
    goes[best] = False
    return np.sort(rows[goes]), keep
