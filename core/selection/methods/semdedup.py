"""SemDeDup (arXiv 2303.09540) as a method: inside each cluster, near-duplicates give way to the one farthest from the centre.

As in the released code (facebookresearch/SemDeDup, `semdedup.py`), a cluster's records are put in order, those farthest from its
centre first ("keep hard"); a record's likeness is its highest cosine to one before it, and 0 at least; it is dropped where that
is above 1 - epsilon. Who is kept for one epsilon is kept for any smaller one, so the epsilon that meets a budget exactly takes
the records of the least likeness.
"""

import numpy as np

from ...base.errors import CurationError, lacking
from ...base.text import counted
from ..method import METHODS, Method
from ..params import REASONS, Selection, SelectionParams, places
from ..pool import Picks, Pool, nearest_of, unit_rows
from ._tags import weight_of

_BLOCK, _STRIP = 1024, 8192
_MOST_PAIRS = 60_000_000_000


def semdedup(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick the records least like one that comes before them in their cluster; score: that likeness, a cosine, 0 at least.

    Pins come first in their clusters, as kept. Ties go to the lower row. Raises CurationError where the clusters are so large that
    more than 60 billion pairs would be compared.
    """
    x = unit_rows(pool)
    if pool.labels is None or pool.distances is None:
        raise lacking("semdedup compares records inside clusters, and the records have none", "cluster")
    free = pool.free_rows()
    free = free[weight_of(pool)[free] > 0]
    order = _in_order(pool, free)
    labels = pool.labels[order]
    bounds = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1], True]) if len(order) else np.zeros(1, np.int64)
    _check_pairs(pool, np.diff(bounds))
    likeness = np.zeros(len(order), np.float32)
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        likeness[first:last] = _likeness(x, order[first:last])
        pool.progress(last, len(order))
    can = np.isin(order, free, kind="table") if len(free) else np.zeros(len(order), bool)
    rows, likeness = order[can], likeness[can]
    best = np.lexsort((rows, likeness))[: budget - len(pool.pinned)]
    return Picks(rows[best], likeness[best])


def _in_order(pool: Pool, free: np.ndarray) -> np.ndarray:
    """Return the rows that count, cluster by cluster: pins first, then the farthest from the centre first."""
    rows = np.concatenate([pool.pinned, free])
    is_free = np.arange(len(rows)) >= len(pool.pinned)
    away = np.asarray(pool.distances, np.float64)[rows]
    return rows[np.lexsort((rows, -away, is_free, pool.labels[rows]))]


def _check_pairs(pool: Pool, sizes: np.ndarray) -> None:
    pairs = int((sizes.astype(np.int64) * (sizes - 1) // 2).sum())
    if pairs > _MOST_PAIRS:
        least = int(np.ceil(pool.n_records**2 / 2 / _MOST_PAIRS)) * 2
        raise CurationError(
            f"semdedup compares all pairs inside a cluster, here {pairs:,}; more than {_MOST_PAIRS:,} are too many. Make more "
            f"clusters, at least about {least:,}, or take deita, or drop near-duplicates first."
        )


def _likeness(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return (m,) float32: of each of a cluster's rows the highest cosine to one before it, 0 at least."""
    vectors = np.asarray(x[rows], np.float32)
    found = np.zeros(len(rows), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = vectors[start : start + _BLOCK]
        mine = found[start : start + len(block)]
        for before in range(0, start, _STRIP):
            earlier = vectors[before : min(before + _STRIP, start)]
            np.maximum(mine, (block @ earlier.T).max(axis=1), out=mine)
        among = np.tril(block @ block.T, -1)
        np.maximum(mine, among.max(axis=1, initial=0), out=mine)
    return found


def _limit(pool: Pool, chosen: Selection) -> float:
    drawn = chosen.scores[chosen.reasons == REASONS.index("drawn")]
    return float(drawn.max(initial=0))


def _notes(pool: Pool, params: SelectionParams, chosen: Selection) -> list[str]:
    limit = _limit(pool, chosen)
    said = [
        f"epsilon came to {1 - limit:.4f}: what is left out has in its cluster a record farther from the centre at a cosine of "
        f"{limit:.4f} or more."
    ]
    if pool.rules:
        said = []  # groups that a rule closes come to an epsilon of their own
    if limit < 0.7:
        said.append(
            "That is far below what near-duplicates are alike by, so the budget, not likeness, left records out; SemDeDup's own "
            "use is to drop a part of the data, not most of it."
        )
    if odd := sum(factor not in (0, 1) for factor in pool.multipliers.values()):
        said.append(
            f"semdedup has no shares by cluster, so the weights on {counted(odd, 'cluster')} other than 0 have no effect."
        )
    return said


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    limit, picks, said = _limit(pool, chosen), places(pool, chosen), []
    for row in rows.tolist():
        if row in picks:
            alike = float(chosen.scores[len(pool.pinned) + picks[row] - 1])
            said.append(
                f"its highest cosine to a record that comes before it in cluster {pool.labels[row]} is {alike:.3f}; up to "
                f"{limit:.3f} were kept."
            )
            continue
        if pool.multipliers.get(int(pool.labels[row])) == 0:
            said.append(f"the weight of cluster {pool.labels[row]} is 0.")
            continue
        away, all_rows = pool.distances, np.arange(pool.n_records)
        is_before = (away > away[row]) | ((away == away[row]) & (all_rows < row))
        mates = np.flatnonzero((pool.labels == pool.labels[row]) & is_before)
        mates = np.union1d(mates, pool.pinned[pool.labels[pool.pinned] == pool.labels[row]])
        mates = mates[(mates != row) & ~np.isin(mates, pool.dropped)]
        if not len(mates):
            said.append(f"the budget was met by records as little alike as it is, in cluster {pool.labels[row]}.")
            continue
        nearest, cosines = nearest_of(pool, np.array([row]), mates)
        said.append(
            f"record {nearest[0]:,}, which comes before it in cluster {pool.labels[row]}, is at cosine {cosines[0]:.3f}; up to "
            f"{limit:.3f} were kept."
        )
    return said


METHODS.add(
    Method(
        name="semdedup",
        help="What is least like another record of its cluster.",
        best_when="much of the data says the same, and a part is to go, not most of it.",
        family="papers",
        place=31,
        seconds=lambda n, m: 2e-6 * n + 2e-8 * n**1.5,  # of as many clusters as the root of n
        pick=semdedup,
        why=_why,
        notes=_notes,
        needs=("embed", "cluster"),
        options=(),
    )
)
