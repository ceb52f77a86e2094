"""Taking a method's picks in its order while they fit: within a budget, and within the room that groups of records have left."""

import dataclasses

import numpy as np

from .balance.within_groups import picks_of
from .params import REASONS, Selection, SelectionParams
from .pool import Picks, Pool

_MORE = 1.1  # so many times the records that a budget in tokens will take, on average, are asked for at once


class Walk:
    """What is taken so far, in order. spent: in all, by_cell: (c,) int64 of each cell, pins included."""

    def __init__(self, pool: Pool, params: SelectionParams, of: np.ndarray, limit: int) -> None:
        self._pool, self._params, self._of, self._limit = pool, params, of, limit
        self._costs = np.ones(pool.n_records, np.int32) if pool.costs is None else pool.costs
        self._taken: list[Picks] = []
        self._n_asked = 0
        self.by_cell = np.bincount(of[pool.pinned], self._costs[pool.pinned], minlength=int(of.max(initial=0)) + 1)
        self.by_cell = self.by_cell.astype(np.int64)
        self._is_full = False

    @property
    def is_met(self) -> bool:
        """Whether the budget is spent, or the next record in order would have gone beyond it."""
        return self._is_full or self.spent == self._limit

    @property
    def spent(self) -> int:
        """Return the units taken so far."""
        return int(self.by_cell.sum())

    def go(
        self,
        rooms: list[tuple[np.ndarray, int]],
        is_open: np.ndarray,
        first: Picks | None = None,
        enough: tuple[np.ndarray, int] | None = None,
    ) -> Picks | None:
        """Take what fits of the open cells, (c,) bool, in the method's order; return what the method gave when first asked.

        rooms: (cells, (c,) bool, and the units that they may hold together). first: what the method would give first.
        enough: (cells, units) with which it ends.
        """
        given, self._is_full = first, False
        while is_open.any() and self.spent < self._limit:
            picks = self._ask(is_open) if first is None else first
            given, first = given if given is not None else picks, None
            if not len(picks.rows):
                break
            n, is_over = self._fitting(picks.rows, rooms)
            if enough is not None:
                group, units = enough
                mine = np.cumsum(self._costs[picks.rows] * group[self._of[picks.rows]], dtype=np.int64)
                done = int(np.searchsorted(mine, units - int(self.by_cell[group].sum()))) + 1
                if done <= n:
                    self._take(picks, done)
                    break
            self._take(picks, n)
            if n < len(picks.rows):
                if is_over:
                    self._is_full = True
                    break
                is_open = is_open.copy()
                is_open[self._of[picks.rows[n]]] = False
        return given

    def _fitting(self, rows: np.ndarray, rooms: list[tuple[np.ndarray, int]]) -> tuple[int, bool]:
        """Return how many of the first rows fit, and whether it is the whole budget that has no room for the next."""
        costs, cells = self._costs[rows].astype(np.int64), self._of[rows]
        fits_all = np.cumsum(costs) <= self._limit - self.spent
        fits = np.ones(len(rows), bool)
        for group, room in rooms:
            mine = group[cells]
            fits &= ~mine | (np.cumsum(costs * mine) <= room - int(self.by_cell[group].sum()))
        both = fits & fits_all
        n = len(rows) if both.all() else int(np.argmin(both))
        return n, n < len(rows) and bool(fits[n])

    def _take(self, picks: Picks, n: int) -> None:
        rows = picks.rows[:n]
        self._taken.append(Picks(rows, picks.scores[:n], filled=picks.only_fills[:n]))
        self.by_cell += np.bincount(self._of[rows], self._costs[rows], minlength=len(self.by_cell)).astype(np.int64)

    def _ask(self, is_open: np.ndarray) -> Picks:
        """Let the method go on among the open cells from all that is taken, by a seed of its own each time."""
        params = self._params
        if self._n_asked:
            seed = int(np.random.SeedSequence([params.seed, self._n_asked]).generate_state(1)[0])
            params = dataclasses.replace(params, seed=seed)
        self._n_asked += 1
        taken = [] if params.replacement else [each.rows for each in self._taken]
        pinned = np.concatenate([self._pool.pinned, *taken]).astype(np.int64)
        pool = dataclasses.replace(self._pool, pinned=pinned, closed=np.flatnonzero(~is_open[self._of]))
        free = pool.free_rows()
        if not len(free):
            return Picks(free, np.zeros(0))
        left, n = self._limit - self.spent, len(free)
        likely = left if self._pool.costs is None else int(_MORE * left / self._costs[free].mean(dtype=np.float64)) + 8
        return picks_of(pool, params, len(pinned) + (likely if params.replacement else min(likely, n)))

    def selection(self) -> Selection:
        """Return what is taken, the pins first."""
        pinned, taken = self._pool.pinned, self._taken
        rows = np.concatenate([pinned, *(each.rows for each in taken)]).astype(np.int64)
        quality = np.zeros(len(pinned)) if self._pool.quality is None else self._pool.quality[pinned]
        filled = np.concatenate([np.zeros(0, bool), *(each.only_fills for each in taken)])
        drawn = np.where(filled, REASONS.index("filled"), REASONS.index("drawn"))
        return Selection(
            rows=rows,
            clusters=self._pool.clusters_of(rows),
            scores=np.concatenate([quality, *(each.scores for each in taken)]).astype(np.float32),
            reasons=np.concatenate([np.full(len(pinned), REASONS.index("pinned")), drawn]).astype(np.int8),
            requested=len(rows),
        )
