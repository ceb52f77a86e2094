"""Facility location and QDIT: greedy picks that bring every record of the pool near to something picked.

F(S) = sum over the records v that are not dropped of max(0, highest cosine of v to S); a pick's gain is what it adds.
The first few picks reach far, so candidates are compared with all records, in blocks. After a score of picks a candidate
can add something only for the few records that it is nearer to than anything picked so far: those are listed once, with
their cosines, and everything after is arithmetic on short lists. Both parts are lazy (Minoux 1978): a gain only shrinks, so an old
one is a bound, and only the candidates at the top are brought up to date. The picks are those of the plain greedy loop.
That grows with the square of the records: in wide pools a record is covered by its nearest neighbours alone (`_sparse_cover.py`).
"""

import dataclasses

import numpy as np

from ...base.text import counted
from ..method import METHODS, Method
from ..params import Selection, SelectionParams, places
from ..pool import Picks, Pool, finite_quality, nearest_of, unit_rows
from ._moments import MomentBounds
from ._on_gpu import covering, is_on_gpu
from ._sparse_cover import NEIGHBOURS, sparse_greedy, sparse_seconds, uncovered
from ._wide import DENSE_UP_TO, is_wide

_MOST_LISTED = 100_000_000  # cosines kept in the lists: 8 bytes each
_SAMPLE = 256
_BLOCK = 256
_STRIP = 2048
_REFRESH_DENSE, _REFRESH_LISTED = 256, 64


def facility_location(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick the record that brings the pool nearest to what is picked, again and again (Nemhauser et al. 1978).

    score: the gain, in summed cosine. At least 1 - 1/e of the best possible coverage.
    """
    return _greedy(pool, budget, 1.0, np.zeros(pool.n_records))


def qdit(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick by (1 - alpha) * facility-location gain + alpha * quality (QDIT, arXiv 2311.14736); score: that sum.

    Quality is put on 0..1 over the pool first, so that alpha weighs the same whatever scale the scores come on.
    """
    quality = finite_quality(pool, "qdit")
    spread = quality.max() - quality.min()
    scaled = (quality - quality.min()) / spread if spread > 0 else np.zeros(len(quality))
    return _greedy(pool, budget, 1 - params.alpha, params.alpha * scaled)


@dataclasses.dataclass
class _Search:
    """The state of a greedy run. Candidates and audience are positions in `free` and `audience` rows of the pool.

    candidates: (m, d), audience: (a, d) float32. cover: (a,) float32, highest cosine to a pick, at least 0.
    bound: (m,) float64, at least the candidate's worth; exact where `seen` equals the number of picks.
    """

    candidates: np.ndarray
    audience: np.ndarray
    cover: np.ndarray
    factor: float
    bonus: np.ndarray
    bound: np.ndarray
    seen: np.ndarray
    n_picked: int = 0

    def best(self, gains_of, n_refreshed: int) -> int:
        """Return the candidate of the greatest worth, ties to the first; `gains_of(candidates)` gives exact gains."""
        while True:
            best = int(self.bound.argmax())
            if self.seen[best] == self.n_picked:
                return best
            top = np.argpartition(-self.bound, min(n_refreshed, len(self.bound) - 1))[:n_refreshed]
            stale = np.union1d(top[self.seen[top] < self.n_picked], best)
            self.bound[stale] = self.factor * gains_of(stale) + self.bonus[stale]
            self.seen[stale] = self.n_picked

    def take(self, best: int) -> float:
        """Count `best` as picked and return its worth."""
        worth = float(self.bound[best])
        self.bound[best], self.seen[best] = -np.inf, np.iinfo(np.int64).max
        self.n_picked += 1
        return worth

    def lower(self, moments: MomentBounds) -> None:
        """Lower the bounds by what the moments say."""
        waiting = self.seen < self.n_picked
        worth = self.factor * moments.bounds(self.cover) + self.bonus
        self.bound[waiting] = np.minimum(self.bound, worth)[waiting]

    def dense_gains(self, which: np.ndarray) -> np.ndarray:
        """Return the exact gains of the candidates at `which`, by comparing them with the whole audience."""
        gains = np.zeros(len(which))
        wanted = np.ascontiguousarray(self.candidates[which].T)
        ones = np.ones(_STRIP, np.float32)
        for start in range(0, len(self.audience), _STRIP):
            cosines = self.audience[start : start + _STRIP] @ wanted
            cosines -= self.cover[start : start + _STRIP, None]
            gains += ones[: len(cosines)] @ np.maximum(cosines, 0, out=cosines)
        return gains


def _greedy(pool: Pool, budget: int, factor: float, bonus: np.ndarray) -> Picks:
    if is_wide(pool.n_records):
        return sparse_greedy(pool, budget, factor, bonus)
    x = unit_rows(pool)
    free = pool.free_rows()
    wanted = min(budget - len(pool.pinned), len(free))
    if is_on_gpu(pool):
        return covering(pool, free, wanted, factor, bonus[free])
    search = _start(pool, x, free, factor, bonus)
    picks, scores = np.empty(wanted, np.int64), np.empty(wanted)
    lists, moments = None, MomentBounds(search.candidates, search.audience)
    rng = np.random.default_rng(0)
    sample = np.sort(rng.choice(len(search.audience), min(_SAMPLE, len(search.audience)), replace=False))
    near = search.candidates @ search.audience[sample].T if len(sample) else np.zeros((len(free), 0), np.float32)
    for i in range(wanted):
        pool.tell(i, wanted)
        if lists is None and _n_listed(near, search, sample) <= _MOST_LISTED:
            lists = _Lists(search)
        if lists is None:
            search.lower(moments)
            best = search.best(search.dense_gains, _REFRESH_DENSE)
        else:
            best = search.best(lists.gains, _REFRESH_LISTED)
        picks[i], scores[i] = free[best], search.take(best)
        if lists is None:
            np.maximum(search.cover, search.audience @ search.candidates[best], out=search.cover)
        else:
            lists.cover(best)
    return Picks(picks, scores)


def _start(pool: Pool, x: np.ndarray, free: np.ndarray, factor: float, bonus: np.ndarray) -> _Search:
    heard = np.ones(pool.n_records, bool)
    heard[pool.dropped] = False
    everything = heard.all() and len(free) == pool.n_records
    audience = np.asarray(x) if everything else x[heard]
    candidates = audience if everything else x[free]
    cover = np.zeros(len(audience), np.float32)
    for start in range(0, len(pool.pinned), _BLOCK):
        pinned = x[pool.pinned[start : start + _BLOCK]]
        np.maximum(cover, (audience @ pinned.T).max(axis=1, initial=0), out=cover)
    return _Search(
        candidates=candidates,
        audience=audience,
        cover=cover,
        factor=factor,
        bonus=bonus[free],
        bound=np.full(len(free), np.inf),
        seen=np.full(len(free), -1, np.int64),
    )


def _n_listed(near: np.ndarray, search: _Search, sample: np.ndarray) -> float:
    """Estimate how many (candidate, record) pairs the lists would hold. near: (m, s) cosines to a sample of records."""
    return float((near > search.cover[sample]).sum()) * len(search.audience) / max(len(sample), 1)


class _Lists:
    """For each candidate the records it is nearer to than any pick was when the lists were made, with the cosines."""

    def __init__(self, search: _Search) -> None:
        self._search = search
        m = len(search.candidates)
        self._starts = np.zeros(m + 1, np.int64)
        records, cosines = [], []
        for start in range(0, m, _BLOCK):
            block = search.candidates[start : start + _BLOCK] @ search.audience.T
            flat = np.flatnonzero(block > search.cover)
            candidate, record = np.divmod(flat, block.shape[1])
            self._starts[start + 1 : start + 1 + len(block)] = np.bincount(candidate, minlength=len(block))
            records.append(record.astype(np.int32))
            cosines.append(block.ravel()[flat])
        np.cumsum(self._starts, out=self._starts)
        self._records, self._cosines = np.concatenate(records), np.concatenate(cosines)
        waiting = search.seen < np.iinfo(np.int64).max
        gains = self.gains(np.flatnonzero(waiting))
        search.bound[waiting] = search.factor * gains + search.bonus[waiting]
        search.seen[waiting] = search.n_picked

    def gains(self, which: np.ndarray) -> np.ndarray:
        """Return the exact gains of the candidates at `which`, ascending positions."""
        gains = np.zeros(len(which))
        for first in range(0, len(which), 1024):
            part = which[first : first + 1024]
            lengths = self._starts[part + 1] - self._starts[part]
            ends = np.cumsum(lengths)
            at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self._starts[part] - (ends - lengths), lengths)
            more = np.maximum(self._cosines[at] - self._search.cover[self._records[at]], 0)
            owner = np.repeat(np.arange(len(part)), lengths)
            gains[first : first + len(part)] = np.bincount(owner, more, minlength=len(part))
        return gains

    def cover(self, best: int) -> None:
        """Raise the cover of the records near the pick."""
        place = slice(self._starts[best], self._starts[best + 1])
        records = self._records[place]
        self._search.cover[records] = np.maximum(self._search.cover[records], self._cosines[place])


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    what = "worth" if params.method == "qdit" else "adding"
    of = (
        "gain in nearness and quality together"
        if params.method == "qdit"
        else "summed cosine of the pool to what is taken"
    )
    picks, said = places(pool, chosen), []
    nearest, cosines = nearest_of(pool, rows, chosen.rows)
    for row, other, cosine in zip(rows.tolist(), nearest.tolist(), cosines.tolist(), strict=True):
        if row in picks:
            gain = float(chosen.scores[len(pool.pinned) + picks[row] - 1])
            said.append(f"pick {picks[row]:,} of {len(picks):,}, {what} {gain:.3g} ({of}).")
        else:
            said.append(
                f"at the end it was worth no more than the last pick's {chosen.scores[-1]:.3g} ({of}); the nearest that is "
                f"selected is record {other:,}, at cosine {cosine:.2f}."
            )
    return said


def _notes(pool: Pool, params: SelectionParams, chosen: Selection) -> list[str]:
    if not is_wide(pool.n_records):
        return []
    return [
        f"In data of more than {DENSE_UP_TO:,} records, {params.method} covers each by its {NEIGHBOURS} nearest alone; "
        f"{counted(uncovered(pool, chosen.rows), 'record has', 'records have')} none of them selected."
    ]


METHODS.add(
    Method(
        name="qdit",
        help="Weighs quality against bringing every record near.",
        best_when="you want to say how much quality counts against coverage. Slow on many records.",
        family="quality",
        place=7,
        seconds=lambda n, m: sparse_seconds(n, m) if is_wide(n) else n * (2e-4 + 1.65e-8 * n),
        pick=qdit,
        on_gpu=True,
        why=_why,
        notes=_notes,
        needs=("embed", "score"),
        options=("alpha",),
        instead="kmq",
    )
)
METHODS.add(
    Method(
        name="facility-location",
        help="Brings every record near to something taken.",
        best_when="a small selection is to stand for all of the data. Slow on many records.",
        family="diverse",
        place=8,
        seconds=lambda n, m: sparse_seconds(n, m) if is_wide(n) else n * (2e-4 + 1.6e-8 * n),
        pick=facility_location,
        on_gpu=True,
        why=_why,
        notes=_notes,
        needs=("embed",),
        options=(),
        instead="kmeans-closest",
    )
)
