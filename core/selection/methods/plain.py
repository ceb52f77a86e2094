"""The two methods that know neither clusters nor vectors: random and quality."""

import numpy as np

from ..method import METHODS, Method
from ..params import SelectionParams
from ..pool import Picks, Pool, finite_quality, picked_by_quality


def _random(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    rng = np.random.default_rng(params.seed)
    free, wanted = pool.free_rows(), budget - len(pool.pinned)
    if params.replacement:
        return picked_by_quality(pool, rng.choice(free, wanted) if len(free) else free)
    return picked_by_quality(pool, rng.permutation(free)[:wanted])


def _quality(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    quality = finite_quality(pool, "quality")
    free = pool.free_rows()
    return picked_by_quality(pool, free[np.argsort(-quality[free], kind="stable")][: budget - len(pool.pinned)])


METHODS.add(
    Method(
        name="quality",
        help="The best records by quality, whatever they are about.",
        place=13,
        pick=_quality,
        needs=("score",),
        options=(),
    )
)
METHODS.add(
    Method(
        name="random",
        help="Every record of the data is equally likely: the baseline to beat.",
        place=14,
        pick=_random,
        needs=(),
        options=("replacement", "seed"),
    )
)
