"""NovelSelect in wide pools: the same worths as in `novelselect.py`, in waves of candidates (`_wide.py`)."""

from collections.abc import Callable

import numpy as np

from ._wide import Waves

_BLOCK = 65_536


class NovelWaves(Waves):
    """A worth: what the density counts, (m,) `dense`, times the mean distance to the k nearest picks by (k,) `weights`."""

    def __init__(
        self,
        x: np.ndarray,
        free: np.ndarray,
        pinned: np.ndarray,
        wanted: int,
        dense: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        super().__init__(x, free, pinned, wanted, (2 * dense).astype(np.float32))
        self._dense, self._weights = dense, weights
        self._nearest = np.full((len(free), len(weights)), np.inf, np.float32)

    def go(self, tell: Callable[[int, int], None]) -> tuple[np.ndarray, np.ndarray]:
        """Pick as `Waves.go` does."""
        if self.n_picked < len(self._weights):
            self._fill_lists(tell)
        return super().go(tell)

    def _fill_lists(self, tell: Callable[[int, int], None]) -> None:
        """Pick by looking at all candidates until the lists are full; only from then on a worth can but shrink."""
        for place in range(self.n_picked):
            self._insert_for_all(self.picked[place], place)
        while True:
            worth = self._worth(self._nearest, self._dense, self.n_picked)
            worth[np.isneginf(self.bound)] = -np.inf
            if self.n_picked == len(self._weights) or self.n_done == len(self.order):
                break
            tell(self.n_done, len(self.order))
            best = int(worth.argmax())
            self.take(best, float(worth[best]))
            self._insert_for_all(self.picked[self.n_picked - 1], self.n_picked - 1)
        self.bound = worth.astype(np.float32)
        self.seen[:] = self.n_picked

    def _insert_for_all(self, vector: np.ndarray, place: int) -> None:
        for start in range(0, len(self.free), _BLOCK):
            away = np.maximum(1 - self.x[self.free[start : start + _BLOCK]] @ vector, 0)
            _insert(self._nearest[start : start + _BLOCK, : place + 1], away)

    def _worth(self, nearest: np.ndarray, dense: np.ndarray, n_picked: int) -> np.ndarray:
        """Return (r,) float64 worths by (r, k) ascending distances."""
        if not n_picked:
            return dense.copy()
        filled = min(n_picked, nearest.shape[1])
        weights = self._weights[:filled] / self._weights[:filled].sum()
        return dense * (nearest[:, :filled] @ weights.astype(np.float32))

    def compare(self, which: np.ndarray, first: int, last: int) -> None:
        near = self._nearest[which]
        away = 1 - self.x[self.free[which]] @ self.picked[first:last].T
        nearer = away < near[:, -1:]
        counts = np.count_nonzero(nearer, axis=1)
        changed = np.flatnonzero(counts)
        if not len(changed):
            return
        kept, counts = near.shape[1], counts[changed]
        both = np.full((len(changed), kept + counts.max()), np.inf, np.float32)
        both[:, :kept] = near[changed]
        place = kept + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        both[np.repeat(np.arange(len(changed)), counts), place] = np.maximum(away[nearer], 0)
        both.partition(kept - 1, axis=1)
        near, rows = np.sort(both[:, :kept], axis=1), which[changed]
        self._nearest[rows] = near
        self.bound[rows] = np.minimum(self.bound[rows], self._worth(near, self._dense[rows], kept))

    def among(self, which: np.ndarray, away: np.ndarray) -> Callable[[int], np.ndarray]:
        near, dense, worth = self._nearest[which], self._dense[which], self.bound[which]

        def after(pick: int) -> np.ndarray:
            nearer = np.flatnonzero(away[pick] < near[:, -1])
            lists = near[nearer]
            _insert(lists, away[pick][nearer])
            near[nearer] = lists
            self._nearest[which[nearer]] = lists
            worth[nearer] = self._worth(lists, dense[nearer], near.shape[1])
            return worth

        return after


def _insert(nearest: np.ndarray, away: np.ndarray) -> None:
    """Put a distance each, (r,), into (r, k) ascending distances, of which the last falls out."""
    moved = np.maximum(nearest[:, :-1], away[:, None])
    np.minimum(nearest[:, 1:], moved, out=nearest[:, 1:])
    np.minimum(nearest[:, 0], away, out=nearest[:, 0])
