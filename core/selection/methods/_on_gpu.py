"""The greedy methods on a GPU: the plain loops, since there a pass over all vectors takes less than finding out what to leave out.

The picks are those of the ways on a CPU (`greedy.py`, `facility.py`, `novelselect.py`) up to rounding: of two records that are
worth as good as the same, another may come first. Vectors are float32 and sums of gains float64, as there.
"""

from typing import Any

import numpy as np

from ...vectors.neighbours import DENSITY_LEAST, DENSITY_NEAREST
from ..pool import Picks, Pool, unit_rows

_CELLS = 2**27  # of a block of cosines: 512 MiB in float32


def is_on_gpu(pool: Pool) -> bool:
    """Whether a pool's methods are to choose by torch on a GPU."""
    return pool.device != "cpu"


def _where(pool: Pool) -> str:
    return pool.device


def farthest(pool: Pool, free: np.ndarray, wanted: int, seed: int) -> Picks:
    """Pick as `greedy.k_center` does. free: (m,) row ids of the candidates."""
    first = None if len(pool.pinned) or not wanted else int(np.random.default_rng(seed).integers(len(free)))
    return _loop(pool, free, wanted, _Far(pool, free), first)


def covering(pool: Pool, free: np.ndarray, wanted: int, factor: float, bonus: np.ndarray) -> Picks:
    """Pick as `facility.py` does in pools that are not wide. bonus: (m,) of the candidates."""
    return _loop(pool, free, wanted, _Cover(pool, free, factor, bonus))


def novel(pool: Pool, free: np.ndarray, wanted: int, dense: np.ndarray | None, weights: np.ndarray) -> Picks:
    """Pick as `novelselect.py` does. dense: (n,) densities, None where they are to be found. weights: (k,) of the k nearest."""
    return _loop(pool, free, wanted, _Novel(pool, free, dense, weights))


def _loop(pool: Pool, free: np.ndarray, wanted: int, state: Any, first: int | None = None) -> Picks:
    """Take the candidate of the greatest worth again and again; what is taken stays on the GPU until all is."""
    import torch

    order = torch.zeros(wanted, dtype=torch.int64, device=_where(pool))
    scores = torch.zeros(wanted, dtype=torch.float64, device=_where(pool))
    for i in range(wanted):
        pool.tell(i, wanted)
        best = state.worth.argmax().view(1) if first is None or i else torch.tensor([first], device=_where(pool))
        order[i : i + 1], scores[i : i + 1] = best, state.worth.index_select(0, best).double()
        state.take(best)
    return Picks(free[order.cpu().numpy()], scores.cpu().numpy())


def _tensor(pool: Pool, rows: np.ndarray | slice) -> Any:
    import torch

    return torch.from_numpy(np.array(unit_rows(pool)[rows], np.float32)).to(_where(pool))


def _pins(pool: Pool, step: int = 256) -> list[Any]:
    return [_tensor(pool, pool.pinned[start : start + step]) for start in range(0, len(pool.pinned), step)]


class _Far:
    """worth: (m,) float32, cosine distance to the nearest pick, -inf once picked."""

    def __init__(self, pool: Pool, free: np.ndarray) -> None:
        import torch

        self._x = _tensor(pool, free)
        self.worth = torch.full((len(free),), 2.0, device=_where(pool))
        for pins in _pins(pool):
            self.worth = torch.minimum(self.worth, 1 - (self._x @ pins.T).amax(1))

    def take(self, best: Any) -> None:
        """Count a candidate, (1,), as picked."""
        import torch

        cosines = self._x @ self._x.index_select(0, best)[0]
        self.worth = torch.minimum(self.worth, 1 - cosines).index_fill_(0, best, -torch.inf)


class _Cover:
    """worth: (m,) float64, factor * gain + bonus, exact: a pick puts right what the records that it comes nearer to gain."""

    def __init__(self, pool: Pool, free: np.ndarray, factor: float, bonus: np.ndarray) -> None:
        import torch

        heard = np.ones(pool.n_records, bool)
        heard[pool.dropped] = False
        self._audience = _tensor(pool, heard)
        alike = len(free) == pool.n_records == len(self._audience)
        self._x = self._audience if alike else _tensor(pool, free)
        self._cover = torch.zeros(len(self._audience), device=_where(pool))
        for pins in _pins(pool):
            self._cover = torch.maximum(self._cover, (self._audience @ pins.T).amax(1))
        self._factor, self._rows = factor, max(1, _CELLS // max(len(free), 1))
        self.worth = torch.from_numpy(bonus.astype(np.float64)).to(_where(pool))
        self._add(torch.arange(len(self._audience), device=_where(pool)), torch.full_like(self._cover, torch.inf), 1)

    def take(self, best: Any) -> None:
        """Count a candidate, (1,), as picked."""
        import torch

        cosines = self._audience @ self._x.index_select(0, best)[0]
        nearer = (cosines > self._cover).nonzero()[:, 0]
        self._add(nearer, cosines, -1)
        self._cover = torch.maximum(self._cover, cosines)
        self.worth.index_fill_(0, best, -torch.inf)

    def _add(self, records: Any, until: Any, sign: int) -> None:
        """Add to the worths what the records at `records` gain by each candidate between their cover and `until`, (a,)."""
        for part in records.split(self._rows):
            cosines = self._audience.index_select(0, part) @ self._x.T
            low = self._cover.index_select(0, part)[:, None]
            gains = (cosines.clamp_(max=until.index_select(0, part)[:, None]) - low).clamp_(min=0)
            self.worth += sign * self._factor * gains.sum(0, dtype=self.worth.dtype)


class _Novel:
    """worth: (m,) float64, what the density counts times the mean distance to the nearest picks by their weights."""

    def __init__(self, pool: Pool, free: np.ndarray, dense: np.ndarray | None, weights: np.ndarray) -> None:
        import torch

        self._x, where = _tensor(pool, free), _where(pool)
        found = _density(_tensor(pool, slice(None))) if dense is None else torch.from_numpy(dense).to(where)
        self._dense = found.sqrt().index_select(0, torch.from_numpy(free).to(where))
        self._weights = torch.from_numpy(weights).to(where)
        self._nearest = torch.full((len(free), len(weights)), torch.inf, device=where)
        self._n_picked, self._open = 0, torch.zeros(len(free), dtype=torch.float64, device=where)
        for pins in _pins(pool):
            for pin in pins:
                self._insert(pin)
        self.worth = self._worths()

    def take(self, best: Any) -> None:
        """Count a candidate, (1,), as picked."""
        import torch

        self._open.index_fill_(0, best, -torch.inf)
        self._insert(self._x.index_select(0, best)[0])
        self.worth = self._worths()

    def _insert(self, vector: Any) -> None:
        """Put the distances to a vector into the lists, which are ascending; the last of each falls out."""
        import torch

        away = (1 - self._x @ vector).clamp(min=0)[:, None]
        later = torch.minimum(self._nearest[:, 1:], torch.maximum(self._nearest[:, :-1], away))
        self._nearest = torch.cat([torch.minimum(self._nearest[:, :1], away), later], 1)
        self._n_picked += 1

    def _worths(self) -> Any:
        filled = min(self._n_picked, len(self._weights))
        if not filled:
            return self._dense + self._open
        weights = self._weights[:filled] / self._weights[:filled].sum()
        return self._dense * (self._nearest[:, :filled].double() @ weights) + self._open


def _density(x: Any) -> Any:
    """Return (n,) float64 densities as `neighbours.density` does: 1 / mean cosine distance to the 10 nearest others."""
    import torch

    count = min(DENSITY_NEAREST, len(x) - 1)
    if count < 1:
        return torch.ones(len(x), dtype=torch.float64, device=x.device)
    means = [
        (1 - (block @ x.T).topk(count + 1).values[:, 1:]).clamp(0, 2).mean(1, dtype=torch.float64)
        for block in x.split(max(1, _CELLS // len(x)))
    ]
    return 1 / torch.cat(means).clamp(min=DENSITY_LEAST)
