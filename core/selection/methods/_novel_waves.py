"""NovelSelect in wide pools: the same worths as in `novelselect.py`, in waves of candidates (`_wide.py`)."""

import concurrent.futures
import threading
from collections.abc import Callable

import numpy as np
import threadpoolctl

from ...base.ahead import cores
from ._wide import AfterPick, Waves

_BLOCK, _REFRESH, _PART = 65_536, 32, 1024
_ONE_AT_A_TIME = threading.Lock()  # the limit on BLAS is the whole process's


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
        with (
            _ONE_AT_A_TIME,
            concurrent.futures.ThreadPoolExecutor(cores()) as self._threads,
            threadpoolctl.threadpool_limits(1, "blas"),
        ):
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
            rows = self.free[start : start + _BLOCK]
            in_a_row = rows[-1] - rows[0] == len(rows) - 1  # they need not be copied then
            vectors = self.x[rows[0] : rows[-1] + 1] if in_a_row else self.x[rows]
            _insert(self._nearest[start : start + _BLOCK, : place + 1], np.maximum(1 - vectors @ vector, 0))

    def _worth(self, nearest: np.ndarray, dense: np.ndarray, n_picked: int) -> np.ndarray:
        """Return (r,) float64 worths by (r, k) ascending distances."""
        if not n_picked:
            return dense.copy()
        filled = min(n_picked, nearest.shape[1])
        weights = self._weights[:filled] / self._weights[:filled].sum()
        return dense * (nearest[:, :filled] @ weights.astype(np.float32))

    def compare_all(self, which: np.ndarray, first: int, last: int) -> None:
        """Compare parts of them side by side: half of it is no product, which alone would use all cores.

        The parts are as large on any number of cores: in another product a cosine's last digit is another.
        """
        parts = (which[start : start + _PART] for start in range(0, len(which), _PART))
        for _ in self._threads.map(lambda part: self.compare(part, first, last), parts):
            pass

    def compare(self, which: np.ndarray, first: int, last: int) -> None:
        cosines = self.vectors(which) @ self.picked[first:last].T
        nearer = cosines > (1 - self._nearest[which, -1])[:, None]
        counts = np.count_nonzero(nearer, axis=1)
        changed = np.flatnonzero(counts)
        if not len(changed):
            return
        counts, rows = counts[changed], which[changed]
        new = np.full((len(changed), counts.max()), np.inf, np.float32)
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        new[np.repeat(np.arange(len(changed)), counts), place] = np.maximum(1 - cosines[nearer], 0)
        self.bound[rows] = np.minimum(self.bound[rows], self._merge(rows, new))

    def among(self, which: np.ndarray, worth: np.ndarray, away: np.ndarray) -> AfterPick:
        compared = np.zeros(len(which), np.int64)

        def bring_up_to_date(stale: np.ndarray, picks: list[int]) -> None:
            first = int(compared[stale].min(initial=len(picks)))
            new = away[np.ix_(stale, picks[first:])]
            new[np.arange(first, len(picks)) < compared[stale, None]] = np.inf
            worth[stale] = np.minimum(worth[stale], self._merge(which[stale], new))
            compared[stale] = len(picks)

        def after(picks: list[int], every: bool) -> None:
            if every:
                bring_up_to_date(np.flatnonzero(compared < len(picks)), picks)
            while compared[best := int(worth.argmax())] < len(picks) and not np.isneginf(worth[best]):
                top = np.argpartition(-worth, min(_REFRESH, len(worth) - 1))[:_REFRESH]
                bring_up_to_date(np.union1d(top[compared[top] < len(picks)], best), picks)

        return after

    def _merge(self, which: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Merge (r, p) distances, inf for none, into the lists of the candidates at `which`, (r,); return their worths."""
        kept = self._nearest.shape[1]
        both = np.concatenate([self._nearest[which], new], axis=1)
        both.partition(kept - 1, axis=1)
        near = np.sort(both[:, :kept], axis=1)
        self._nearest[which] = near
        return self._worth(near, self._dense[which], kept)


def _insert(nearest: np.ndarray, away: np.ndarray) -> None:
    """Put a distance each, (r,), into (r, k) ascending distances, of which the last falls out."""
    moved = np.maximum(nearest[:, :-1], away[:, None])
    np.minimum(nearest[:, 1:], moved, out=nearest[:, 1:])
    np.minimum(nearest[:, 0], away, out=nearest[:, 0])
