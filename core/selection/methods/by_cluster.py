"""Methods that give every cluster its share of the budget and draw inside it.

Weighted draws without replacement use exponential keys (Efraimidis and Spirakis 2006): taking the records with the
smallest -log(u) / weight is the same as drawing one after another with probability proportional to weight.
"""

import numpy as np

from ...base.arrays import is_among
from ...base.errors import CurationError, lacking
from ...base.text import counted, ordinal
from ..method import METHODS, Method
from ..params import Selection, SelectionParams
from ..pool import Picks, Pool, finite_quality, picked_by_quality
from ..quotas import by_turns
from ._cluster_shares import cluster_quotas, cluster_weights, draw_repeated, draw_repeated_by_cost, given_by_cluster


def _kmeans_random(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    return _draw_by_cluster(pool, params, budget, _log_weights(pool, params))


def _kmeans_closest(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    distances = _distances(pool, params)
    rows = _take_by_cluster(pool, params, budget, distances)
    return Picks(rows, distances[rows])


def _kmeans_median(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    away = _away_from_median(pool, params)
    rows = _take_by_cluster(pool, params, budget, away)
    return Picks(rows, away[rows])


def _away_from_median(pool: Pool, params: SelectionParams) -> np.ndarray:
    """Return (n,) float64: how far the distance to the centroid is from the cluster's median one, as in the released code."""
    distances = np.sqrt(_distances(pool, params))
    order = np.lexsort((distances, pool.labels))
    sizes = np.bincount(pool.labels, minlength=pool.n_clusters)
    first = np.cumsum(sizes) - sizes
    last = len(order) - 1
    middle = (
        distances[order[np.clip(first + (sizes - 1) // 2, 0, last)]]
        + distances[order[np.clip(first + sizes // 2, 0, last)]]
    )
    return np.abs(distances - middle[pool.labels] / 2)


def _distances(pool: Pool, params: SelectionParams) -> np.ndarray:
    if pool.distances is None or pool.labels is None:
        raise lacking(f"{params.method} needs the records' distances to their centroids", "cluster")
    return np.asarray(pool.distances, dtype=np.float64)


def _kmq(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    return _draw_by_cluster(pool, params, budget, _log_weights(pool, params))


def _log_weights(pool: Pool, params: SelectionParams) -> np.ndarray:
    """Return (n,) float64: the logarithm of what a record's chance inside of its cluster is proportional to."""
    if params.method != "kmq":
        return np.zeros(pool.n_records)
    quality = finite_quality(pool, "kmq")
    if params.sampling_probability == "softmax":
        return quality
    if (quality < 0).any():
        raise CurationError(
            f"quality goes down to {quality.min():g}, and a probability can't be proportional to a negative number; "
            "take the sampling probability softmax, or a column without negative values."
        )
    with np.errstate(divide="ignore"):
        return np.log(quality)


def _draw_by_cluster(pool: Pool, params: SelectionParams, budget: int, log_weights: np.ndarray) -> Picks:
    """Draw every cluster's quota with probability proportional to exp(log_weights); records of weight 0 come last."""
    if params.replacement and pool.costs is not None:
        return picked_by_quality(pool, draw_repeated_by_cost(pool, params, budget, log_weights))
    if params.replacement:
        free, quotas = pool.free_rows(), cluster_quotas(pool, params, budget)
        rng = np.random.default_rng(params.seed)
        return picked_by_quality(pool, draw_repeated(free, pool.labels[free], log_weights[free], quotas, rng))
    return picked_by_quality(pool, _take_by_cluster(pool, params, budget, *_draw_keys(pool, params, log_weights)))


def _draw_keys(pool: Pool, params: SelectionParams, log_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (keys, ties), (n,) float64 each: the smallest keys of a cluster are drawn first; of records not free they are 0."""
    free = pool.free_rows()
    # log of an exponential variable minus the log weight: the log of the Efraimidis-Spirakis key, safe at any scale.
    with np.errstate(divide="ignore"):
        noise = np.log(-np.log1p(-np.random.default_rng(params.seed).random(len(free))))
    logs = log_weights[free]
    keys, ties = np.zeros(pool.n_records), np.zeros(pool.n_records)
    keys[free] = np.where(np.isneginf(logs), np.inf, noise - logs)
    ties[free] = noise
    return keys, ties


def _take_by_cluster(
    pool: Pool, params: SelectionParams, budget: int, keys: np.ndarray, ties: np.ndarray | None = None
) -> np.ndarray:
    """Return the free rows with the smallest keys ((n,) float) of each cluster, its quota of them, taking turns.

    By costs, the quotas are kept by the turns alone, and all that can be taken is returned.
    """
    if pool.costs is not None:
        weights, free = cluster_weights(pool, params), pool.free_rows()
        free = free[weights[pool.labels[free]] > 0]
        order = free[np.lexsort((free if ties is None else ties[free], keys[free], pool.labels[free]))]
        return order[by_turns(pool.labels[order], pool.costs[order], weights, given_by_cluster(pool))[0]]
    quotas, free = cluster_quotas(pool, params, budget), pool.free_rows()
    order = np.lexsort((free if ties is None else ties[free], keys[free], pool.labels[free]))
    labels = pool.labels[free][order]
    rank = np.arange(len(order)) - np.searchsorted(labels, labels)
    chosen = rank < quotas[labels]
    order, rank, labels = order[chosen], rank[chosen], labels[chosen]
    # Any first part of the picks is then itself a fair selection: cluster by cluster at the same pace.
    turn = np.lexsort((labels, (rank + 0.5) / quotas[labels]))
    return free[order[turn]]


# Why a record is taken or not

_TURN = {
    "kmq": "in a draw in which better records are likelier",
    "kmeans-random": "in a draw with equal chances",
    "kmeans-closest": "by nearness to its centre",
    "kmeans-median": "by nearness to the middle distance from its centre",
}


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    """Say it by the cluster's quota and the record's place in the cluster's own order, which the seed gives again."""
    if pool.is_limited:
        return [_why_within(pool, params, chosen, int(row)) for row in rows]
    quotas = cluster_quotas(pool, params, chosen.requested)
    if params.replacement:
        return [_why_repeated(pool, chosen, int(row), quotas) for row in rows]
    if params.method in ("kmq", "kmeans-random"):
        keys, ties = _draw_keys(pool, params, _log_weights(pool, params))
    else:
        keys = _distances(pool, params) if params.method == "kmeans-closest" else _away_from_median(pool, params)
        ties = np.arange(pool.n_records)
    is_free = np.zeros(pool.n_records, bool)
    is_free[pool.free_rows()] = True
    taken, said = set(rows[is_among(rows, chosen.rows)].tolist()), []
    for row in rows.tolist():
        cluster = int(pool.labels[row])
        rivals = np.flatnonzero((pool.labels == cluster) & is_free)
        earlier = (keys[rivals] < keys[row]) | ((keys[rivals] == keys[row]) & (ties[rivals] < ties[row]))
        place, quota = ordinal(int(earlier.sum()) + 1), int(quotas[cluster])
        if row in taken:
            said.append(f"{place} of {quota:,} taken from cluster {cluster} (its quota), {_TURN[params.method]}.")
        elif not quota:
            said.append(f"cluster {cluster} has no share of the budget{_why_none(pool, cluster)}.")
        else:
            said.append(
                f"cluster {cluster} gave its quota of {quota:,}; this record came {place} of {len(rivals):,} there, "
                f"{_TURN[params.method]}."
            )
    return said


def _why_within(pool: Pool, params: SelectionParams, chosen: Selection, row: int) -> str:
    """Say it by what the cluster gave: tokens and rules leave no quota that a place could be set beside."""
    cluster, drawn = int(pool.labels[row]), chosen.rows[len(pool.pinned) :]
    gave = counted(int((pool.labels[drawn] == cluster).sum()), "record")
    if (drawn == row).any():
        return f"among the {gave} taken from cluster {cluster}, {_TURN[params.method]}."
    return f"cluster {cluster} gave {gave}, {_TURN[params.method]}; this one was not among them."


def _why_repeated(pool: Pool, chosen: Selection, row: int, quotas: np.ndarray) -> str:
    cluster, times = int(pool.labels[row]), int((chosen.rows == row).sum())
    drawn = f"drawn {counted(times, 'time')}" if times else "not drawn"
    return (
        f"{drawn} in the {counted(int(quotas[cluster]), 'draw')} from cluster {cluster} (its quota), with replacement."
    )


def _why_none(pool: Pool, cluster: int) -> str:
    if pool.multipliers.get(cluster) == 0:
        return ": its weight is 0"
    return ", beside its pins" if (pool.labels[pool.pinned] == cluster).any() else ": it is too small for one"


METHODS.add(
    Method(
        name="kmq",
        help="Every cluster gets its share; better records are likelier.",
        best_when="you want the mix of the data, its better part preferred, and trust the scores. A good first choice.",
        family="diverse",
        place=1,
        pick=_kmq,
        why=_why,
        needs=("cluster", "score"),
        options=("quota", "sampling_probability", "replacement", "seed"),
    )
)
METHODS.add(
    Method(
        name="kmeans-random",
        help="Every cluster gets its share; all records are equally likely.",
        best_when="you want breadth and have no scores that you trust.",
        family="diverse",
        place=2,
        pick=_kmeans_random,
        why=_why,
        needs=("cluster",),
        options=("quota", "replacement", "seed"),
    )
)
METHODS.add(
    Method(
        name="kmeans-closest",
        help="Every cluster gets its share; the most typical records first.",
        best_when="the data is noisy: odd records at the rims of clusters stay out.",
        family="diverse",
        place=3,
        pick=_kmeans_closest,
        why=_why,
        needs=("cluster",),
        options=("quota",),
    )
)
METHODS.add(
    Method(
        name="kmeans-median",
        help="Every cluster gets its share; those midway from its centre.",
        best_when="a result is set beside the released code of “Diversify and Conquer”.",
        family="papers",
        place=4,
        pick=_kmeans_median,
        why=_why,
        needs=("cluster",),
        options=("quota",),
    )
)
