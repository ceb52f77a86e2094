"""The methods. Each is `(pool, params, budget) -> rows of free records, in pick order`; `select_records` adds the pins.

Weighted draws without replacement use exponential keys (Efraimidis and Spirakis 2006): taking the records with the
smallest -log(u) / weight is the same as drawing one after another with probability proportional to weight.
"""

from collections.abc import Callable

import numpy as np

from core.errors import CurationError
from core.selection.params import REASONS, Selection, SelectionParams
from core.selection.pool import Pool
from core.selection.quotas import allocate_quotas

Strategy = Callable[[Pool, SelectionParams, int], np.ndarray]


def select_records(pool: Pool, params: SelectionParams) -> Selection:
    """Choose records by `params.method`: pins first, then the method's picks; exactly the budget, or a stated shortfall.

    Without replacement every row comes once. Raises CurationError: pins over the budget, or the method lacks an input.
    """
    budget = params.n_records(pool.n_records)
    if len(pool.pinned) > budget:
        raise CurationError(
            f"{len(pool.pinned):,} records are pinned, but the budget is {budget:,}; raise the budget or unpin "
            f"{len(pool.pinned) - budget:,}."
        )
    picks = _STRATEGIES[params.method](pool, params, budget)
    rows = np.concatenate([pool.pinned, picks]).astype(np.int64)
    assert params.replacement or len(np.unique(rows)) == len(rows) <= budget
    quality = np.zeros(pool.n_records, np.float32) if pool.quality is None else pool.quality
    return Selection(
        rows=rows,
        clusters=pool.clusters_of(rows),
        scores=quality[rows].astype(np.float32),
        reasons=np.repeat(
            np.array([REASONS.index("pinned"), REASONS.index("drawn")], np.int8), [len(pool.pinned), len(picks)]
        ),
        requested=budget,
        shortfall=_shortfall(pool, params, budget - len(rows)),
    )


def _shortfall(pool: Pool, params: SelectionParams, missing: int) -> str:
    if missing <= 0:
        return ""
    silent = sum(factor == 0 for factor in pool.multipliers.values()) if params.method != "random" else 0
    why = f"{len(pool.dropped):,} of {pool.n_records:,} records are dropped"
    if silent:
        why += f" and {silent:,} cluster{'s have' if silent > 1 else ' has'} weight 0"
    return f"{missing:,} records short of the budget: {why}."


def _random(pool: Pool, params: SelectionParams, budget: int) -> np.ndarray:
    rng = np.random.default_rng(params.seed)
    free, wanted = pool.free_rows(), budget - len(pool.pinned)
    if params.replacement:
        return rng.choice(free, wanted) if len(free) else free
    return rng.permutation(free)[:wanted]


def _kmeans_random(pool: Pool, params: SelectionParams, budget: int) -> np.ndarray:
    return _draw_by_cluster(pool, params, budget, np.zeros(pool.n_records))


def _kmq(pool: Pool, params: SelectionParams, budget: int) -> np.ndarray:
    if pool.quality is None:
        raise CurationError("kmq draws by quality, and the records have no quality scores; run the score stage first.")
    quality = np.asarray(pool.quality, dtype=np.float64)
    if not np.isfinite(quality).all():
        raise CurationError(
            f"record {int(np.argmin(np.isfinite(quality)))} has no finite quality; score the records again."
        )
    if params.probability == "softmax":
        return _draw_by_cluster(pool, params, budget, quality)
    if (quality < 0).any():
        raise CurationError(
            f"quality goes down to {quality.min():g}, and a probability can't be proportional to a negative number; "
            "take probability=softmax, or a column without negative values."
        )
    with np.errstate(divide="ignore"):
        return _draw_by_cluster(pool, params, budget, np.log(quality))


def cluster_weights(pool: Pool, params: SelectionParams) -> np.ndarray:
    """Return (k,) float64 cluster weights before the budget: by size or equal, times the curator's multipliers."""
    if pool.labels is None:
        raise CurationError(
            f"{params.method} draws from clusters, and the records have none; run the cluster stage first."
        )
    sizes = np.bincount(pool.labels, minlength=pool.n_clusters).astype(np.float64)
    weights = sizes if params.quota == "size" else (sizes > 0).astype(np.float64)
    for cluster, factor in pool.multipliers.items():
        if not 0 <= cluster < len(weights):
            raise CurationError(f"a weight is on cluster {cluster}; the clusters are 0 to {len(weights) - 1}.")
        weights[cluster] *= factor
    return weights


def _draw_by_cluster(pool: Pool, params: SelectionParams, budget: int, log_weights: np.ndarray) -> np.ndarray:
    """Draw every cluster's quota by exp(log_weights); records of weight 0 come last. The picks take turns over clusters."""
    weights, free = cluster_weights(pool, params), pool.free_rows()
    labels = pool.labels[free]
    pinned = np.bincount(pool.labels[pool.pinned], minlength=pool.n_clusters)
    held = np.bincount(labels, minlength=pool.n_clusters)
    capacity = np.where(held > 0, budget, 0) if params.replacement else held
    quotas = allocate_quotas(weights, budget, capacity + pinned, least=pinned) - pinned
    rng = np.random.default_rng(params.seed)
    if params.replacement:
        return _draw_repeated(free, labels, log_weights[free], quotas, rng)
    # log of an exponential variable minus the log weight: the log of the Efraimidis-Spirakis key, safe at any scale.
    with np.errstate(divide="ignore"):
        noise = np.log(-np.log1p(-rng.random(len(free))))
    keys = np.where(np.isneginf(log_weights[free]), np.inf, noise - log_weights[free])
    order = np.lexsort((noise, keys, labels))
    labels = labels[order]
    rank = np.arange(len(order)) - np.searchsorted(labels, labels)
    chosen = rank < quotas[labels]
    order, rank, labels = order[chosen], rank[chosen], labels[chosen]
    # Any first part of the picks is then itself a fair selection: cluster by cluster at the same pace.
    turn = np.lexsort((labels, (rank + 0.5) / quotas[labels]))
    return free[order[turn]]


def _draw_repeated(
    free: np.ndarray, labels: np.ndarray, log_weights: np.ndarray, quotas: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw each cluster's quota with replacement."""
    picks = []
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(len(quotas) + 1))
    for cluster in np.flatnonzero(quotas):
        members = order[bounds[cluster] : bounds[cluster + 1]]
        logs = log_weights[members]
        peak = logs.max()
        probability = np.exp(logs - peak) if np.isfinite(peak) else np.ones(len(members))
        picks.append(free[rng.choice(members, quotas[cluster], p=probability / probability.sum())])
    return np.concatenate(picks) if picks else np.zeros(0, np.int64)


_STRATEGIES: dict[str, Strategy] = {"random": _random, "kmeans-random": _kmeans_random, "kmq": _kmq}
