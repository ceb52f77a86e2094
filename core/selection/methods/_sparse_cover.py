"""Facility location over each record's nearest neighbours alone, for pools too wide to compare all with all.

F64(S) = sum over the records v that are not dropped of the highest cosine above 0 of v to S *among the 64 that are nearest to v*,
itself one of them. F64 never is above F, the dense sum (`facility.py`), and falls short of it only by records none of whose 64 is
picked, each by less than its 64th cosine. It is submodular too, so that the greedy picks S reach F(S) >= F64(S) >= (1 - 1/e) times
the best F64 of any selection of that size. With a tenth of the records picked, nearly every record has some of its 64 picked; with
fewer than one in 64 most can't have, and the picks are further from the dense ones. `python -m tests.benchmarks methods-million`
prints the dense sum that they reach as a share of what the dense picks reach, on 20,000 records at 10 % and at 1 %.

The 64 are those that are found in near cells (`vectors/cells.py`): a few are missed, which lowers F64 a little more.
Gains are exact at any time: a pick raises the cover of the records that list it, and each of those lowers the gains of its 64.
"""

import dataclasses

import numpy as np

from ...base.progress import part_of
from ...vectors.cells import find_cells
from ..pool import Picks, Pool, unit_rows

NEIGHBOURS = 64
_BLOCK = 65_536  # records
_ROW = 1024  # worths of which the highest is kept at hand
_FINDING = 0.7  # of the work, about, is finding the neighbours


@dataclasses.dataclass(frozen=True)
class Near:
    """Who is near whom. rows: (n, 64) int32 nearest of each, -1 for none, cosines: float32, 0 at least.

    starts: (n + 1,), by, alike: records that list a record are by[starts[r] : starts[r + 1]], at cosines `alike`.
    """

    rows: np.ndarray
    cosines: np.ndarray
    starts: np.ndarray
    by: np.ndarray
    alike: np.ndarray


def near_of(pool: Pool) -> Near:
    """Return who is near whom among the records of a pool that are not dropped."""
    x, heard = unit_rows(pool), np.ones(pool.n_records, bool)
    heard[pool.dropped] = False
    cells = find_cells(x, progress=part_of(pool.progress, 0, 0.2 * _FINDING)).only(heard)
    found = pool.within(x, cells, min(NEIGHBOURS, int(heard.sum())), part_of(pool.progress, 0.2 * _FINDING, _FINDING))
    return listed(*found)


def listed(rows: np.ndarray, cosines: np.ndarray) -> Near:
    """Turn lists of neighbours round as well. rows: (n, k) int32, -1 for none. cosines: (n, k) float32, set to 0 where below."""
    from scipy.sparse import csr_array

    np.maximum(cosines, 0, out=cosines)
    cosines[rows < 0] = 0
    n, k = rows.shape
    starts = np.arange(0, n * k + 1, k, dtype=np.int32 if n * k < 2**31 else np.int64)
    turned = csr_array((cosines.ravel(), np.maximum(rows, 0).ravel(), starts), shape=(n, n)).tocsc()
    return Near(rows, cosines, turned.indptr, turned.indices, turned.data)


def sparse_greedy(pool: Pool, budget: int, factor: float, bonus: np.ndarray) -> Picks:
    """Pick by factor * gain in F64 + bonus, (n,), again and again; ties to the first. score: that worth."""
    near, free = pool.once("near", lambda: near_of(pool)), pool.free_rows()
    wanted = min(budget - len(pool.pinned), len(free))
    search = _Search(near, pool, free, factor, bonus)
    picks, scores = np.empty(wanted, np.int64), np.empty(wanted)
    tell = part_of(pool.progress, _FINDING, 1)
    for i in range(wanted):
        if i % 32 == 0:
            tell(i, wanted)
        picks[i], scores[i] = search.take()
    return Picks(picks, scores)


def uncovered(pool: Pool, rows: np.ndarray) -> int:
    """Return of how many records that are not dropped none of the 64 nearest is among the selected `rows`."""
    near, picked = pool.once("near", lambda: near_of(pool)), np.zeros(pool.n_records, bool)
    picked[rows] = True
    bare = np.zeros(pool.n_records, bool)
    for start in range(0, pool.n_records, _BLOCK):
        lists, cosines = near.rows[start : start + _BLOCK], near.cosines[start : start + _BLOCK]
        bare[start : start + len(lists)] = ~(picked[lists] & (cosines > 0)).any(axis=1)
    bare[pool.dropped] = False
    return int(bare.sum())


def sparse_seconds(n: int, m: int) -> float:
    """Return about how long it takes to pick m of n records, as `Method.seconds` does: most of it finds the neighbours."""
    return n * (2e-5 + 5e-8 * n**0.5) + 3e-4 * m


class _Search:
    """worth: (n,) float64, of records that can't be picked -inf. cover: (n,) float32, highest listed cosine to a pick."""

    def __init__(self, near: Near, pool: Pool, free: np.ndarray, factor: float, bonus: np.ndarray) -> None:
        self._near, self._factor, n = near, factor, pool.n_records
        self._cover = np.zeros(n, np.float32)
        for pin in pool.pinned:
            lists = slice(near.starts[pin], near.starts[pin + 1])
            np.maximum.at(self._cover, near.by[lists], near.alike[lists])  # a record may be listed twice, once for none
        self._rows = np.full((-(-n // _ROW), _ROW), -np.inf)
        self.worth = self._rows.reshape(-1)[:n]
        self.worth[free] = (factor * self._gains() + bonus)[free]
        self._tops = self._rows.max(axis=1)  # at least the highest worth of a row

    def _gains(self) -> np.ndarray:
        near, gains = self._near, np.zeros(len(self._cover))
        for start in range(0, len(gains), _BLOCK):
            rows, cosines = near.rows[start : start + _BLOCK], near.cosines[start : start + _BLOCK]
            more = np.maximum(cosines.astype(np.float64) - self._cover[start : start + len(rows), None], 0)
            gains += np.bincount(np.maximum(rows, 0).ravel(), more.ravel(), minlength=len(gains))
        return gains

    def take(self) -> tuple[int, float]:
        """Take the candidate of the greatest worth; return its row id and that worth."""
        while True:
            row = int(self._tops.argmax())
            best = int(self._rows[row].argmax())
            worth = float(self._rows[row, best])
            if worth == self._tops[row]:
                break
            self._tops[row] = worth
        pick = row * _ROW + best
        self.worth[pick] = -np.inf
        self._raise_cover(pick)
        return pick, worth

    def _raise_cover(self, pick: int) -> None:
        near = self._near
        for start in range(near.starts[pick], near.starts[pick + 1], _BLOCK):
            lists = slice(start, min(start + _BLOCK, near.starts[pick + 1]))
            records, alike = near.by[lists], near.alike[lists]
            records, alike = records[is_more := alike > self._cover[records]], alike[is_more]
            cosines, old = near.cosines[records].astype(np.float64), self._cover[records, None]
            less = np.maximum(cosines - old, 0) - np.maximum(cosines - alike[:, None], 0)
            falls = less > 0
            np.subtract.at(self.worth, near.rows[records][falls], self._factor * less[falls])
            self._cover[records] = alike
