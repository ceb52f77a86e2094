"""NovelSelect (arXiv 2502.17184): greedy picks that add the most to NovelSum, far from what is picked and in dense places.

As published, every pick sorts the distances of every candidate to everything picked. Here a candidate keeps its
nearest picks only, and its worth is taken over those: the published rule exactly while the picks are no more than that.
With its list full a candidate's worth only shrinks, so most candidates need not be looked at (as in k-center).
"""

import numpy as np

from ...vectors.cells import find_cells
from ...vectors.neighbours import density
from ..method import METHODS, Method
from ..params import Selection, SelectionParams, places
from ..pool import Picks, Pool, nearest_of, unit_rows
from ._novel_waves import NovelWaves
from ._on_gpu import is_on_gpu, novel
from ._wide import is_wide

KEPT = 64
_REFRESH = 256
_ALPHA, _BETA = 1.0, 0.5  # the paper's


def novelselect(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick the record with the largest density^0.5 * weighted mean distance to its nearest picks, again and again.

    Weights are rank^-1 by ascending distance, normalised. The first pick is the densest record. score: that worth.
    In wide pools densities are sought in near cells (`vectors/cells.py`), and the picks are made in waves (`_wide.py`).
    """
    x = unit_rows(pool)
    free = pool.free_rows()
    wanted = min(budget - len(pool.pinned), len(free))
    dense = pool.once("density", lambda: _density(pool)) if is_wide(pool.n_records) else None
    weights = np.arange(1, min(KEPT, budget) + 1) ** -_ALPHA
    if is_on_gpu(pool):
        return novel(pool, free, wanted, dense, weights)
    if dense is not None:
        dense = dense**_BETA
        return Picks(*NovelWaves(x, free, pool.pinned, wanted, dense[free], weights).go(pool.tell))
    search = _Search(x, free, density(x) ** _BETA, budget)
    for row in pool.pinned:
        search.add(x[row])
    picks, scores = np.empty(wanted, np.int64), np.empty(wanted)
    for i in range(wanted):
        pool.tell(i, wanted)
        best = search.best()
        picks[i], scores[i] = free[best], search.worth[best]
        search.take(best)
    return Picks(picks, scores)


class _Search:
    """nearest: (m, KEPT) float32, ascending distances of a candidate to its nearest picks, inf where not yet known."""

    def __init__(self, x: np.ndarray, free: np.ndarray, dense: np.ndarray, budget: int) -> None:
        self._x, self._free = x, free
        self._dense = dense[free]
        self._nearest = np.full((len(free), min(KEPT, budget)), np.inf, np.float32)
        self._weights = np.arange(1, self._nearest.shape[1] + 1) ** -_ALPHA
        self._picked = np.empty((budget, x.shape[1]), np.float32)
        self._n_picked = 0
        self._seen = np.zeros(len(free), np.int64)
        self.worth = self._dense.copy()

    def add(self, vector: np.ndarray) -> None:
        """Count a vector as picked."""
        self._picked[self._n_picked] = vector
        self._n_picked += 1

    def take(self, best: int) -> None:
        """Count a candidate as picked."""
        self.add(self._x[self._free[best]])
        self.worth[best], self._seen[best] = -np.inf, np.iinfo(np.int64).max

    def best(self) -> int:
        """Return the candidate of the largest worth, ties to the first."""
        if self._n_picked <= self._nearest.shape[1] and (self._seen < self._n_picked).any():
            self._bring_up_to_date(np.flatnonzero(self._seen < self._n_picked))
        while True:
            best = int(self.worth.argmax())
            if self._seen[best] >= self._n_picked:
                return best
            top = np.argpartition(-self.worth, min(_REFRESH, len(self.worth) - 1))[:_REFRESH]
            self._bring_up_to_date(np.union1d(top[self._seen[top] < self._n_picked], best))

    def _bring_up_to_date(self, stale: np.ndarray) -> None:
        for start in range(0, len(stale), 8192):
            part = stale[start : start + 8192]
            first = int(self._seen[part].min())
            cosines = self._x[self._free[part]] @ self._picked[first : self._n_picked].T
            distances = np.maximum(1 - cosines, 0)
            # Those that a candidate has seen already must not count twice.
            distances[np.arange(first, self._n_picked) < self._seen[part][:, None]] = np.inf
            kept = self._nearest.shape[1]
            both = np.concatenate([self._nearest[part], distances], axis=1)
            if both.shape[1] > kept + 1:
                both = np.partition(both, kept, axis=1)[:, :kept]
            self._nearest[part] = np.sort(both, axis=1)[:, :kept]
            filled = min(self._n_picked, kept)
            weights = self._weights[:filled] / self._weights[:filled].sum()
            self.worth[part] = self._dense[part] * (self._nearest[part, :filled] @ weights)
            self._seen[part] = self._n_picked


def _density(pool: Pool) -> np.ndarray:
    x = unit_rows(pool)
    return density(x, cells=find_cells(x), within=pool.within)


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    picks, said = places(pool, chosen), []
    nearest, cosines = nearest_of(pool, rows, chosen.rows)
    for row, other, cosine in zip(rows.tolist(), nearest.tolist(), cosines.tolist(), strict=True):
        if row in picks:
            worth = float(chosen.scores[len(pool.pinned) + picks[row] - 1])
            said.append(
                f"pick {picks[row]:,} of {len(picks):,}, worth {worth:.3g}: far from what was taken, in a dense place."
            )
        else:
            said.append(
                f"at the end it was worth no more than the last pick's {chosen.scores[-1]:.3g}; the nearest that is selected is "
                f"record {other:,}, at cosine {cosine:.2f}."
            )
    return said


METHODS.add(
    Method(
        name="novelselect",
        help="Far from what is taken, but where records are dense.",
        best_when="you want new records without outliers, and have the time.",
        family="papers",
        place=9,
        seconds=lambda n, m: 5e-5 * n + m * (5e-4 + 5e-9 * n) if is_wide(n) else m * (5e-3 + 1.3e-7 * n),
        pick=novelselect,
        on_gpu=True,
        why=_why,
        needs=("embed",),
        options=(),
        instead="kmeans-random",
    )
)
