"""The two methods that know neither clusters nor vectors: random and quality."""

import numpy as np

from ...base.text import ordinal
from ..method import METHODS, Method
from ..params import Selection, SelectionParams
from ..pool import Picks, Pool, finite_quality, picked_by_quality


def _random(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    rng = np.random.default_rng(params.seed)
    free, wanted = pool.free_rows(), budget - len(pool.pinned)
    if params.replacement:
        return picked_by_quality(pool, rng.choice(free, wanted) if len(free) else free)
    return picked_by_quality(pool, rng.permutation(free)[:wanted])


def best_first(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Take the best by the pool's quality, of equal ones the first."""
    quality = finite_quality(pool, params.method)
    free = pool.free_rows()
    return picked_by_quality(pool, free[np.argsort(-quality[free], kind="stable")][: budget - len(pool.pinned)])


def _why_random(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    n_drawn, n_free = len(chosen.rows) - len(pool.pinned), len(pool.free_rows())
    chance = "" if params.replacement or not n_free else f"; every free record had a chance of {n_drawn / n_free:.1%}"
    times = {row: int((chosen.rows == row).sum()) for row in rows.tolist()}
    return [
        f"{'drawn' + (f' {n} times' if n > 1 else '') if n else 'not drawn'}{chance}."
        for n in (times[r] for r in rows.tolist())
    ]


def _why_quality(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    quality, free = finite_quality(pool, "quality"), pool.free_rows()
    drawn = chosen.rows[len(pool.pinned) :]
    cut = f" and {len(drawn):,} were taken, down to {quality[drawn].min():.3g}" if len(drawn) else ""
    said = []
    for row in rows.tolist():
        better = (quality[free] > quality[row]).sum() + (free[quality[free] == quality[row]] < row).sum()
        said.append(f"{ordinal(int(better) + 1)} of {len(free):,} by quality ({quality[row]:.3g}){cut}.")
    return said


METHODS.add(
    Method(
        name="quality",
        help="The best records, whatever they are about.",
        best_when="the scores can be trusted and the data is of one kind; of mixed data whole subjects may go.",
        family="quality",
        place=13,
        seconds=lambda n, m: 1e-7 * n,
        pick=best_first,
        why=_why_quality,
        needs=("score",),
        options=("quota",),
    )
)
METHODS.add(
    Method(
        name="random",
        help="Every record is equally likely.",
        best_when="you need the baseline that other methods have to beat.",
        family="papers",
        place=14,
        seconds=lambda n, m: 1e-7 * n,
        pick=_random,
        why=_why_random,
        needs=(),
        options=("replacement", "quota", "seed"),
    )
)
