"""What every cluster gives: its weight, its quota of a budget in records, and draws with replacement by either."""

import numpy as np

from ...base.errors import CurationError, lacking
from ..params import SelectionParams
from ..pool import Pool
from ..quotas import allocate_quotas, by_turns


def cluster_weights(pool: Pool, params: SelectionParams) -> np.ndarray:
    """Return (k,) float64 cluster weights before the budget: the pool's own, by size, or equal; times the multipliers."""
    if pool.labels is None:
        raise lacking(f"{params.method} draws from clusters, and the records have none", "cluster")
    sizes = np.bincount(pool.labels, minlength=pool.n_clusters).astype(np.float64)
    weights = sizes if params.quota == "size" else (sizes > 0).astype(np.float64)
    if pool.weights is not None:
        weights = np.array(pool.weights, dtype=np.float64)
    for cluster, factor in pool.multipliers.items():
        if not 0 <= cluster < len(weights):
            raise CurationError(f"a weight is on cluster {cluster}; the clusters are 0 to {len(weights) - 1}.")
        weights[cluster] *= factor
    return weights


def cluster_quotas(pool: Pool, params: SelectionParams, budget: int) -> np.ndarray:
    """Return (k,) int64: what each cluster gives beside its pins."""
    weights = cluster_weights(pool, params)
    pinned = np.bincount(pool.labels[pool.pinned], minlength=pool.n_clusters)
    held = np.bincount(pool.labels[pool.free_rows()], minlength=pool.n_clusters)
    capacity = np.where(held > 0, budget, 0) if params.replacement else held
    return allocate_quotas(weights, budget, capacity + pinned, least=pinned) - pinned


def given_by_cluster(pool: Pool) -> np.ndarray:
    """Return (k,) float64: the costs of each cluster's pins."""
    return np.bincount(pool.labels[pool.pinned], pool.costs[pool.pinned], minlength=pool.n_clusters)


def draw_repeated_by_cost(pool: Pool, params: SelectionParams, budget: int, log_weights: np.ndarray) -> np.ndarray:
    """Draw about `budget` records with replacement, every cluster its share of the costs, taking turns."""
    free, weights = pool.free_rows(), cluster_weights(pool, params)
    labels, costs = pool.labels[free], pool.costs[free].astype(np.float64)
    held = np.bincount(labels, minlength=len(weights))
    weights = np.where(held > 0, weights, 0)
    if not weights.any():
        return np.zeros(0, np.int64)
    means = np.bincount(labels, costs, minlength=len(weights)) / np.maximum(held, 1)
    wanted = (budget - len(pool.pinned)) * costs.mean() * weights / weights.sum()
    draws = np.where(weights > 0, np.ceil(wanted / np.maximum(means, 1)) + 1, 0).astype(np.int64)
    drawn = draw_repeated(free, labels, log_weights[free], draws, np.random.default_rng(params.seed))
    order, turns = by_turns(pool.labels[drawn], pool.costs[drawn], weights, np.zeros(len(weights)))
    last = np.searchsorted(pool.labels[drawn], np.flatnonzero(draws), side="right") - 1
    return drawn[order[turns[order] <= turns[last].min()]]  # beyond, a cluster has no draw left to take its turn with


def draw_repeated(
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
