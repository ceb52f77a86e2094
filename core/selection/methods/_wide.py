"""Greedy picks from pools too wide to look at whole for every pick: in waves of candidates, exactly.

A candidate's worth must only shrink as records are picked, so what it was worth once is a bound. A wave takes the candidates of
the highest bounds, brings them up to date by matrix products with the picks that are new to them, and lets go of any that falls
below the *edge*, the highest bound outside. What is still above it is compared among itself once, and
picks are made there alone until the best of the wave falls below the edge: no record outside can be worth more. These are the
picks of the plain loop (of equal ones perhaps another). The pool is looked at once a wave, and not once a pick.
"""

from collections.abc import Callable

import numpy as np

DENSE_UP_TO = 150_000  # records; up to so many, methods choose just as they did before there was another way

_WAVE, _LEAST = 4096, 2048  # candidates of a wave, at most and, where so many are left, at least
_WIDTH, _WIDEST = 4096, 65_536  # candidates that are looked at, at first and at most
_STEP = 1024  # picks compared with before a candidate is looked at again


def is_wide(n_records: int) -> bool:
    """Whether a pool of so many records is chosen from in the wide way."""
    return n_records > DENSE_UP_TO


AfterPick = Callable[[list[int], bool], None]


class Waves:
    """The state of a greedy run over m candidates. Its two kinds say by `compare` and `among` what a pick does to a worth.

    free: (m,) row ids of the candidates. bound: (m,) float32, at least a candidate's worth, -inf once it is picked; it is the worth
    where `seen`, (m,) how many picks it was compared with, is `n_picked`. picked: (p, d) the vectors of pins and picks.
    """

    def __init__(self, x: np.ndarray, free: np.ndarray, pinned: np.ndarray, wanted: int, bound: np.ndarray) -> None:
        self.x, self.free, self.bound = x, free, bound
        self.seen = np.zeros(len(free), np.int64)
        self.picked = np.zeros((len(pinned) + wanted, x.shape[1]), np.float32)
        self.picked[: len(pinned)] = x[pinned]
        self.n_picked, self.n_done = len(pinned), 0
        self.order, self.scores = np.empty(wanted, np.int64), np.empty(wanted)
        self._width = _WIDTH

    def compare_all(self, which: np.ndarray, first: int, last: int) -> None:
        """Lower the bounds of the candidates at `which` by the picks from `first` to before `last`, some thousands at once."""
        for start in range(0, len(which), _WIDTH):
            self.compare(which[start : start + _WIDTH], first, last)

    def compare(self, which: np.ndarray, first: int, last: int) -> None:
        """Lower the bounds of the candidates at `which` by the picks from `first` to before `last`."""
        raise NotImplementedError

    def among(self, which: np.ndarray, worth: np.ndarray, away: np.ndarray) -> AfterPick:
        """Return what lowers, in place, the (c,) worth of the candidates at `which` after picks among them: (positions, all).

        The highest is exact then, the others are bounds, or with `all` exact too. away: (c, c) their cosine distances.
        """
        raise NotImplementedError

    def vectors(self, which: np.ndarray) -> np.ndarray:
        """Return the (r, d) vectors of the candidates at `which`."""
        return np.take(self.x, self.free[which], axis=0, mode="clip")  # they are in range, which is not looked at again

    def take(self, candidate: int, worth: float) -> None:
        """Count a candidate as picked."""
        self.picked[self.n_picked] = self.x[self.free[candidate]]
        self.order[self.n_done], self.scores[self.n_done] = self.free[candidate], worth
        self.n_picked, self.n_done = self.n_picked + 1, self.n_done + 1
        self.bound[candidate] = -np.inf

    def go(self, tell: Callable[[int, int], None]) -> tuple[np.ndarray, np.ndarray]:
        """Pick until all that is wanted is there; return (row ids, worths) in the order of the picks."""
        while self.n_done < len(self.order):
            self._wave(*self._candidates(), tell)
        return self.order, self.scores

    def _candidates(self) -> tuple[np.ndarray, float]:
        """Return candidates that are up to date, and the edge: none of them is below it, no other above."""
        left = len(self.free) - self.n_done
        while True:
            size = min(self._width, left)
            top = np.argpartition(-self.bound, size - 1)[:size]
            edge = -np.inf if size == left else float(self.bound[top].min())
            self._bring_up_to_date(top[self.seen[top] < self.n_picked], edge)
            fresh = top[(self.bound[top] >= edge) & (self.seen[top] == self.n_picked)]
            few = 8 * len(fresh) < size
            self._width = min(2 * self._width, _WIDEST) if few else max(self._width // 2, _WIDTH)
            if len(fresh) >= min(_LEAST, left):
                return fresh, edge

    def _bring_up_to_date(self, which: np.ndarray, edge: float) -> None:
        """Compare the candidates at `which` with the picks that are new to them, until they are below the edge."""
        which = which[np.argsort(self.seen[which], kind="stable")]
        while len(which):
            seen = self.seen[which]
            n = int(np.searchsorted(seen, seen[0], side="right"))
            first, rows = int(seen[0]), which[:n]
            last = min(first + _STEP, self.n_picked, int(seen[n]) if n < len(seen) else self.n_picked)
            self.compare_all(rows, first, last)
            self.seen[rows] = last
            rows = rows[self.bound[rows] >= edge] if last < self.n_picked else rows[:0]
            # Those that have caught up with the next go on together with them.
            which = np.concatenate([rows, which[n:]])

    def _wave(self, which: np.ndarray, edge: float, tell: Callable[[int, int], None]) -> None:
        """Pick among the candidates at `which`, up to date, while the best of them is not below the edge."""
        if len(which) > _WAVE:
            part = np.argpartition(-self.bound[which], _WAVE)
            edge = max(edge, float(self.bound[which[part[_WAVE:]]].max()))
            which = which[part[:_WAVE]]
        which = np.sort(which)
        vectors = self.vectors(which)
        away = np.maximum(1 - vectors @ vectors.T, 0)
        worth = self.bound[which]
        after, picks = self.among(which, worth, away), []
        while self.n_done < len(self.order):
            best = int(worth.argmax())
            if worth[best] < edge or np.isneginf(worth[best]):
                break
            tell(self.n_done, len(self.order))
            self.take(int(which[best]), float(worth[best]))
            worth[best] = -np.inf
            picks.append(best)
            after(picks, False)
        after(picks, True)
        self.bound[which], self.seen[which] = worth, self.n_picked
