"""The methods. Each is `(pool, params, budget) -> Picks` among the free records; `select_records` adds the pins.

Weighted draws without replacement use exponential keys (Efraimidis and Spirakis 2006): taking the records with the
smallest -log(u) / weight is the same as drawing one after another with probability proportional to weight.
"""

from collections.abc import Callable

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from . import by_domain, facility, greedy, novelselect
from .by_cluster import _kmeans_closest, _kmeans_median, _kmeans_random, _kmq, _quality, _random
from .params import REASONS, Selection, SelectionParams
from .pool import Picks, Pool

Strategy = Callable[[Pool, SelectionParams, int], Picks]


def select_records(pool: Pool, params: SelectionParams) -> Selection:
    """Choose records by `params.method`: pins first, then the method's picks; exactly the budget, or a stated shortfall.

    Without replacement every row comes once. Raises CurationError: pins over the budget, or the method lacks an input.
    """
    budget = params.n_records(pool.n_records)
    if len(pool.pinned) > budget:
        raise CurationError(
            f"{counted(len(pool.pinned), 'record is', 'records are')} pinned, but the budget is {budget:,}; raise the "
            "budget or unpin "
            f"{len(pool.pinned) - budget:,}."
        )
    picks = _STRATEGIES[params.method](pool, params, budget)
    rows = np.concatenate([pool.pinned, picks.rows]).astype(np.int64)
    assert params.replacement or len(np.unique(rows)) == len(rows) <= budget
    pinned_scores = np.zeros(len(pool.pinned)) if pool.quality is None else pool.quality[pool.pinned]
    reasons = [REASONS.index(reason) for reason in ("pinned", "drawn", "filled")]
    counts = [len(pool.pinned), len(picks.rows) - picks.n_filled, picks.n_filled]
    return Selection(
        rows=rows,
        clusters=pool.clusters_of(rows),
        scores=np.concatenate([pinned_scores, picks.scores]).astype(np.float32),
        reasons=np.repeat(np.array(reasons, np.int8), counts),
        requested=budget,
        shortfall=_shortfall(pool, params, budget - len(rows)),
    )


def _shortfall(pool: Pool, params: SelectionParams, missing: int) -> str:
    if missing <= 0:
        return ""
    silent = sum(factor == 0 for factor in pool.multipliers.values()) if "cluster" in params.needs else 0
    why = f"{len(pool.dropped):,} of {pool.n_records:,} records {'is' if len(pool.dropped) == 1 else 'are'} dropped"
    if silent:
        why += f" and {silent:,} cluster{'s have' if silent > 1 else ' has'} weight 0"
    return f"{counted(missing, 'record')} short of the budget: {why}."


_STRATEGIES: dict[str, Strategy] = {
    "kmq": _kmq,
    "kmeans-random": _kmeans_random,
    "kmeans-closest": _kmeans_closest,
    "kmeans-median": _kmeans_median,
    "k-center": greedy.k_center,
    "deita": greedy.deita,
    "qdit": facility.qdit,
    "facility-location": facility.facility_location,
    "novelselect": novelselect.novelselect,
    "daar": by_domain.daar,
    "inter-band": by_domain.inter_band,
    "intra-band": by_domain.intra_band,
    "quality": _quality,
    "random": _random,
}
