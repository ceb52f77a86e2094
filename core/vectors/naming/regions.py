"""Regions: the clusters of a map in 8 to 24 groups, near on the map and alike in meaning. Pure functions of arrays."""

import math

import numpy as np

from ...base.arrays import unit_rows

FEWEST, MOST = 8, 24
_CLUSTERS_A_REGION = 4  # fewer than that many clusters for each of the fewest regions, and there are none
_MEANING = 0.25  # the weight of what clusters mean, that of their places on the map being 1


def suggest_n_regions(n_clusters: int) -> int:
    """Return how many regions so many clusters get: 0.9 times the square root, between 8 and 24; none below 32 clusters."""
    if n_clusters < FEWEST * _CLUSTERS_A_REGION:
        return 0
    return min(MOST, max(FEWEST, round(0.9 * math.sqrt(n_clusters))))


def find_regions(places: np.ndarray, centroids: np.ndarray, sizes: np.ndarray, n_regions: int) -> np.ndarray:
    """Return (k,) int32: the region of each cluster, the largest is 0; -1 for clusters without records.

    places: (k, 2) on the map, NaN where there are none. centroids: (k, d). sizes: (k,) records. By Ward's method on both together.
    """
    there = np.flatnonzero((sizes > 0) & np.isfinite(places).all(axis=1))
    found = np.full(len(sizes), -1, np.int32)
    if not len(there):
        return found
    weights = sizes[there].astype(np.float64)
    parts = ((places[there], 1.0), (unit_rows(np.asarray(centroids[there], np.float32)), _MEANING))
    features = np.hstack([weight * _at_scale(part, weights) for part, weight in parts])
    region = ward(features, weights, min(n_regions, len(there)))
    order = np.argsort(-np.bincount(region, weights), kind="stable")
    found[there] = np.argsort(order)[region]
    return found


def _at_scale(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return points whose weighted variance is 1 in all."""
    points = points - np.average(points, axis=0, weights=weights)
    spread = math.sqrt(float(np.average((points**2).sum(axis=1), weights=weights)))
    return points / spread if spread > 0 else points


def ward(points: np.ndarray, weights: np.ndarray, n_groups: int) -> np.ndarray:
    """Return (k,) int: the groups of (k, d) points of positive weights, merged by Ward (1963) until `n_groups` are left.

    By chains of nearest neighbours (Murtagh 1983), which merge the same pairs as looking for the nearest pair each time. The
    libraries' own take no weights.
    """
    means, mass = points.astype(np.float64), weights.astype(np.float64)
    alive = np.ones(len(points), bool)
    merges: list[tuple[float, int, int]] = []
    chain: list[int] = []
    while len(merges) < len(points) - 1:
        if not chain:
            chain = [int(np.flatnonzero(alive)[0])]
        here = chain[-1]
        cost = mass * mass[here] / (mass + mass[here]) * ((means - means[here]) ** 2).sum(axis=1)
        cost[~alive] = np.inf
        cost[here] = np.inf
        before = chain[-2] if len(chain) > 1 else -1
        nearest = int(cost.argmin())
        if before < 0 or cost[nearest] < cost[before]:
            chain.append(nearest)
            continue
        merges.append((float(cost[before]), before, here))
        means[before] = (mass[before] * means[before] + mass[here] * means[here]) / (mass[before] + mass[here])
        mass[before] += mass[here]
        alive[here] = False
        chain = chain[:-2]
    return _cut(merges, len(points), n_groups)


def _cut(merges: list[tuple[float, int, int]], k: int, n_groups: int) -> np.ndarray:
    """Return the groups after the cheapest merges."""
    root = np.arange(k)
    for _, kept, gone in sorted(merges, key=lambda merge: merge[0])[: k - n_groups]:
        root[root == root[gone]] = root[kept]
    return np.unique(root, return_inverse=True)[1]


def middle_of(places: np.ndarray, weights: np.ndarray) -> int:
    """Return which of (m, 2) places lies nearest to all the others, by weight: a name there stands on its own records."""
    away = np.hypot(*(places[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    return int((away @ weights).argmin())
