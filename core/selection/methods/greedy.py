"""Greedy methods over the embeddings: k-center and DEITA. Lazy or blockwise, never n x n memory.

Each continues from the pinned records as if it had picked them.
"""

import numpy as np

from ..method import METHODS, Method
from ..params import REASONS, Selection, SelectionParams, places
from ..pool import Picks, Pool, finite_quality, nearest_of, unit_rows
from ._on_gpu import farthest, is_on_gpu
from ._wide import AfterPick, Waves, is_wide

_REFRESH = 256


def k_center(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick the record farthest from all picked ones, again and again (k-Center-Greedy, Sener and Savarese 2018).

    score: the cosine distance to the nearest record picked before; the first pick, drawn by the seed, has 2.
    A distance only shrinks as records are picked, so a record is compared with the newest picks only when its old
    distance is among the largest: the picks are those of the plain loop. So they are in wide pools, in waves (`_wide.py`).
    """
    x = unit_rows(pool)
    free = pool.free_rows()
    wanted = min(budget - len(pool.pinned), len(free))
    if is_on_gpu(pool):
        return farthest(pool, free, wanted, params.seed)
    if is_wide(pool.n_records):
        return _k_center_in_waves(pool, params, free, wanted)
    chosen = np.empty((len(pool.pinned) + wanted, x.shape[1]), np.float32)
    chosen[: len(pool.pinned)] = x[pool.pinned]
    n_chosen = len(pool.pinned)
    bound, seen = np.full(len(free), 2.0, np.float32), np.zeros(len(free), np.int64)
    picks, scores = np.empty(wanted, np.int64), np.empty(wanted, np.float32)
    rng = np.random.default_rng(params.seed)
    for i in range(wanted):
        pool.tell(i, wanted)
        best = int(rng.integers(len(free))) if n_chosen == 0 else _farthest(x, free, chosen[:n_chosen], bound, seen)
        picks[i], scores[i] = free[best], bound[best]
        chosen[n_chosen] = x[free[best]]
        n_chosen += 1
        bound[best], seen[best] = -np.inf, np.iinfo(np.int64).max
    return Picks(picks, scores)


def _k_center_in_waves(pool: Pool, params: SelectionParams, free: np.ndarray, wanted: int) -> Picks:
    waves = _Farthest(unit_rows(pool), free, pool.pinned, wanted, np.full(len(free), 2.0, np.float32))
    if wanted and not len(pool.pinned):
        waves.take(int(np.random.default_rng(params.seed).integers(len(free))), 2.0)
    return Picks(*waves.go(pool.tell))


class _Farthest(Waves):
    """A candidate's worth is its cosine distance to the nearest pick."""

    def compare(self, which: np.ndarray, first: int, last: int) -> None:
        import faiss

        cosines = faiss.knn(self.vectors(which), self.picked[first:last], 1, metric=faiss.METRIC_INNER_PRODUCT)[0][:, 0]
        self.bound[which] = np.minimum(self.bound[which], np.maximum(1 - cosines, 0))

    def among(self, which: np.ndarray, worth: np.ndarray, away: np.ndarray) -> AfterPick:
        def after(picks: list[int], every: bool) -> None:
            np.minimum(worth, away[picks[-1]], out=worth)

        return after


def _farthest(x: np.ndarray, free: np.ndarray, chosen: np.ndarray, bound: np.ndarray, seen: np.ndarray) -> int:
    """Return the position of the largest true distance, bringing stale bounds up to date from the top down."""
    while True:
        best = int(bound.argmax())
        if seen[best] >= len(chosen):
            return best
        top = np.argpartition(-bound, min(_REFRESH, len(bound) - 1))[:_REFRESH]
        stale = top[seen[top] < len(chosen)]
        first = int(seen[stale].min())
        nearest = 1 - (x[free[stale]] @ chosen[first:].T).max(axis=1)
        bound[stale] = np.minimum(bound[stale], nearest)
        seen[stale] = len(chosen)


def deita(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Go down the records by quality and keep one if no kept one is nearer than `similarity_threshold` (DEITA, arXiv 2312.15685).

    score: the quality; the paper's is a judge's complexity x quality (`scorers.combine_by_product`). Where the threshold
    leaves fewer than the budget, the best of what it left out fill it, marked so.
    """
    x, quality = unit_rows(pool), finite_quality(pool, "deita")
    free = pool.free_rows()
    order = free[np.argsort(-quality[free], kind="stable")]
    wanted = budget - len(pool.pinned)
    kept = np.empty((budget, x.shape[1]), np.float32)
    kept[: len(pool.pinned)] = x[pool.pinned]
    n_kept, picks = len(pool.pinned), []
    for start in range(0, len(order), _REFRESH):
        rows = order[start : start + _REFRESH]
        block = x[rows]
        near_kept = (block @ kept[:n_kept].T).max(axis=1, initial=-1) > params.similarity_threshold
        among = block @ block.T
        kept_here: list[int] = []
        for i in np.flatnonzero(~near_kept):
            if len(picks) == wanted:
                break
            if not kept_here or among[i, kept_here].max() <= params.similarity_threshold:
                kept_here.append(int(i))
                picks.append(int(rows[i]))
        kept[n_kept : n_kept + len(kept_here)] = block[kept_here]
        n_kept += len(kept_here)
        if len(picks) == wanted:
            break
    filled = order[~np.isin(order, picks)][: wanted - len(picks)]
    rows = np.concatenate([np.array(picks, np.int64), filled])
    return Picks(rows, quality[rows], len(filled))


def _why_k_center(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    picks, said = places(pool, chosen), []
    nearest, cosines = nearest_of(pool, rows, chosen.rows)
    for row, other, cosine in zip(rows.tolist(), nearest.tolist(), cosines.tolist(), strict=True):
        if row not in picks:
            said.append(
                f"record {other:,}, which is selected, is at a cosine distance of {1 - cosine:.2f}; the last pick was still "
                f"at {chosen.scores[-1]:.2f}."
            )
        elif picks[row] == 1 and not len(pool.pinned):
            said.append("the first pick, which the seed draws.")
        else:
            away = float(chosen.scores[len(pool.pinned) + picks[row] - 1])
            said.append(
                f"pick {picks[row]:,} of {len(picks):,}, at a cosine distance of {away:.2f} from everything taken before it."
            )
    return said


def _why_deita(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    quality, limit = finite_quality(pool, "deita"), params.similarity_threshold
    is_pin, is_filled = (chosen.reasons == REASONS.index(reason) for reason in ("pinned", "filled"))
    filled, picks, said = set(chosen.rows[is_filled].tolist()), places(pool, chosen), []
    kept = chosen.rows[~is_pin & ~is_filled]
    for row in rows.tolist():
        # What stood in its way was taken before it: a pin, or better.
        before = np.concatenate([chosen.rows[is_pin], kept[quality[kept] >= quality[row]]])
        before = before[before != row]
        nearest, cosines = nearest_of(pool, np.array([row]), before) if len(before) else ([-1], [-1.0])
        alike = f"record {nearest[0]:,}, taken before it, is at cosine {cosines[0]:.3f}, above the limit of {limit:g}"
        if row in filled:
            said.append(f"it fills the budget, which too few unlike records did: {alike}.")
        elif row in picks:
            said.append(
                f"pick {picks[row]:,} of {len(picks):,} down the list by quality ({quality[row]:.3g}); nothing taken before it "
                f"is nearer than cosine {limit:g}."
            )
        elif cosines[0] > limit:
            said.append(f"{alike}.")
        else:
            said.append(f"its quality, {quality[row]:.3g}, is below the last one taken, {quality[kept].min():.3g}.")
    return said


METHODS.add(
    Method(
        name="k-center",
        help="Always the record farthest from all that is taken.",
        best_when="rare kinds must not be missed and the data is clean, for it takes outliers too.",
        family="diverse",
        place=5,
        seconds=lambda n, m: 2.5e-9 * n * m if is_wide(n) else m * (2.5e-3 + 5.4e-8 * n),
        pick=k_center,
        on_gpu=True,
        why=_why_k_center,
        needs=("embed",),
        options=("seed",),
        instead="kmeans-random",
    )
)
METHODS.add(
    Method(
        name="deita",
        help="The best first, past what is too much like one taken.",
        best_when="many records are near-copies. The paper's quality is a judge's complexity times its quality.",
        family="quality",
        place=6,
        seconds=lambda n, m: 1e-6 * n + 5e-9 * m * m,
        pick=deita,
        why=_why_deita,
        needs=("embed", "score"),
        options=("similarity_threshold", "quota"),
        instead="quality",
    )
)
