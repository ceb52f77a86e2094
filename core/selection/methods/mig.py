"""MIG (arXiv 2504.13835): greedy picks that add the most information over a graph of tags.

A record gives each of its tags its quality, divided by their number; along the edges of the graph a part of it reaches the tags
near by. A tag's information is a concave function of what has reached it, so that a subject that is well covered counts less and
less. As in the released code (yichengchen24/MIG, `mig/sampler.py`) a record's gain is that function's slope times what it gives.

Records of the same tags differ only by their quality, so only the best of each set of tags can be next; and a gain only
shrinks, so an old one is a bound (lazy greedy, Minoux 1978). The picks are those of the plain loop.
"""

import heapq
from typing import TYPE_CHECKING

import numpy as np

from ...base.arrays import unit_rows as as_unit_rows
from ...base.errors import CurationError
from ...data.tags import Tags
from ..method import METHODS, Method
from ..params import Selection, SelectionParams, places
from ..pool import Picks, Pool, finite_quality, unit_rows
from ._tags import mean_rows, set_codes, stand_in_note, tags_of, weight_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_POWER, _SMALL = 0.8, 1e-6  # phi(x) = (x + small) ** power: the released code's
_BLOCK = 8192
_MOST_EDGES = 50_000_000
_LAST = 1.0  # in place of a negative gain: after all others


def mig(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick the record of the greatest information gain, again and again; score: that gain.

    The paper's settings: an edge where the tags' embeddings have a cosine of 0.9 or more (the best of 0.8 to 0.94, table 8),
    weighted by it, times a propagation weight of 1 (the best of 0 to 2, table 9). Its tags come from InsTag's tagger and are
    embedded by their names; here a tag's embedding is the mean of its records', and without tags the clusters stand in.
    """
    tags, quality = tags_of(pool, params), _information(pool)
    graph = label_graph(as_unit_rows(mean_rows(unit_rows(pool), tags)), params.edge_threshold)
    codes, first = set_codes(tags)
    search = _Search(_given(tags, first, graph), codes, quality)
    for row in pool.pinned:
        search.count(int(row))
    weight, free = weight_of(pool), pool.free_rows()
    free = free[weight[free] > 0]
    search.wait(free)
    wanted = min(budget - len(pool.pinned), len(free))
    picks, scores = np.empty(wanted, np.int64), np.empty(wanted)
    for i in range(wanted):
        pool.tell(i, wanted)
        picks[i], scores[i] = search.next()
    return Picks(picks, scores, n_filled=int((tags.counts[picks] == 0).sum()))


def _information(pool: Pool) -> np.ndarray:
    """Return (n,) float64: quality times what the curator has put on the cluster. Raises CurationError for a negative one."""
    quality = finite_quality(pool, "mig")
    if (quality < 0).any():
        raise CurationError(
            f"quality goes down to {quality.min():g}, and mig spreads it as an amount of information, which can't be negative; "
            "take a column without negative values, or scores combined by rank."
        )
    return quality * weight_of(pool)


def label_graph(centroids: np.ndarray, threshold: float) -> "csr_array":
    """Return the (t, t) matrix by which information spreads: from row to column, each column summing to 1.

    centroids: (t, d) unit rows. Two tags are joined by their cosine where it is at least `threshold`; a tag keeps 1 for itself.
    Raises CurationError for more than 50 million edges.
    """
    from scipy.sparse import coo_array

    rows, columns, values, n_edges = [], [], [], 0
    for start in range(0, len(centroids), _BLOCK // 8):
        cosines = centroids[start : start + _BLOCK // 8] @ centroids.T
        own = np.arange(len(cosines))
        cosines[own, start + own] = 1
        row, column = np.nonzero((cosines >= threshold) & (cosines > 0))
        n_edges += len(row)
        if n_edges > _MOST_EDGES:
            raise CurationError(
                f"Of {len(centroids):,} tags more than {_MOST_EDGES:,} pairs have a cosine of {threshold:g} or above: too many "
                "for mig's graph. Raise the edge threshold, or take fewer clusters."
            )
        rows.append(row + start), columns.append(column), values.append(cosines[row, column])
    joined = [np.concatenate(parts) for parts in (values, rows, columns)]
    spread = joined[0].astype(np.float64)
    spread /= np.bincount(joined[2], spread, minlength=len(centroids))[joined[2]]
    return coo_array((spread, (joined[1], joined[2])), shape=(len(centroids),) * 2).tocsr()


def _given(tags: Tags, first: np.ndarray, graph: "csr_array") -> "csr_array":
    """Return (s, t): what a record of quality 1 of each set of tags gives to every tag. first: (s,) a record of each set."""
    from scipy.sparse import csr_array

    counts = tags.counts[first]
    starts = np.concatenate([[0], np.cumsum(counts)])
    at = np.arange(starts[-1]) + np.repeat(tags.starts[first] - starts[:-1], counts)
    share = np.repeat(1 / np.maximum(counts, 1), counts)
    held = csr_array((share, tags.codes[at], starts), shape=(len(first), tags.n_tags))
    return (held @ graph).tocsr()


class _Search:
    """given: (s, t), what a record of quality 1 of each set gives. codes: (n,) each record's set. quality: (n,)."""

    def __init__(self, given: "csr_array", codes: np.ndarray, quality: np.ndarray) -> None:
        self._starts, self._tags, self._given = given.indptr, given.indices, given.data
        self._codes, self._quality = codes, quality
        self._reached = np.zeros(given.shape[1])
        self._n_counted = 0
        self._heap: list[tuple[float, int, int, int]] = []  # (-gain or its bound, row, place, n counted then)

    def wait(self, free: np.ndarray) -> None:
        """Let the `free` rows wait in their sets, the best first."""
        order = free[np.lexsort((free, -self._quality[free], self._codes[free]))]
        codes = self._codes[order]
        self._queue, self._ends = order, np.searchsorted(codes, codes, side="right")
        heads = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(order) else order
        self._heap = [self._entry(int(head)) for head in heads]
        heapq.heapify(self._heap)

    def next(self) -> tuple[int, float]:
        """Take the record of the greatest gain, ties to the first row; return it and its gain."""
        while True:
            bound, row, head, seen = self._heap[0]
            if seen == self._n_counted:
                break
            heapq.heapreplace(self._heap, self._entry(head))
        self.count(row)
        if head + 1 < self._ends[head]:
            heapq.heapreplace(self._heap, self._entry(head + 1))
        else:
            heapq.heappop(self._heap)
        return row, max(-bound, 0.0)

    def count(self, row: int) -> None:
        """Count a record as taken."""
        inside = self._inside(row)
        self._reached[self._tags[inside]] += self._quality[row] * self._given[inside]
        self._n_counted += 1

    def _inside(self, row: int) -> slice:
        code = self._codes[row]
        return slice(self._starts[code], self._starts[code + 1])

    def _entry(self, head: int) -> tuple[float, int, int, int]:
        row = int(self._queue[head])
        inside = self._inside(row)
        if inside.start == inside.stop:
            return _LAST, row, head, self._n_counted
        slope = _POWER * (self._reached[self._tags[inside]] + _SMALL) ** (_POWER - 1)
        return -float(self._quality[row] * (self._given[inside] @ slope)), row, head, self._n_counted


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    quality, picks, said = finite_quality(pool, "mig"), places(pool, chosen), []
    of = "its tags" if pool.tags is not None else "its cluster and those near it"
    last = float(chosen.scores[-1])
    for row in rows.tolist():
        if row in picks:
            gain = float(chosen.scores[len(pool.pinned) + picks[row] - 1])
            said.append(
                f"pick {picks[row]:,} of {len(picks):,}, by an information gain of {gain:.3g}: its quality, {quality[row]:.3g}, "
                f"times how little had been taken of {of}."
            )
        else:
            said.append(
                f"at the end it would have gained no more than the last pick's {last:.3g}: its quality is {quality[row]:.3g}, and "
                f"of {of} enough was taken."
            )
    return said


METHODS.add(
    Method(
        name="mig",
        help="The good ones on subjects of which little is taken yet.",
        best_when="records carry tags, and their scores can be trusted. Without tags, clusters stand in for them.",
        family="papers",
        place=30,
        seconds=lambda n, m: 1e-5 * n + 5e-5 * m,  # of which a part reads the tags
        pick=mig,
        why=_why,
        notes=lambda pool, params, chosen: stand_in_note(pool, params),
        needs=("embed", "cluster", "score"),
        options=("edge_threshold", "tags"),
    )
)
