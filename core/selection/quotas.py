"""Quotas: a budget over clusters by weight, exact to the record, within what each cluster must and can give."""

import numpy as np

from core.errors import CurationError


def allocate_quotas(
    weights: np.ndarray, budget: int, capacity: np.ndarray, least: np.ndarray | None = None
) -> np.ndarray:
    """Return (k,) int64 quotas that sum to `budget`, or to less where the clusters of positive weight hold less.

    weights: (k,) >= 0, any scale. capacity: (k,) the most a cluster can give. least: (k,) what it must give (its pins).
    The exact share is t * weight, cut to least..capacity, with t chosen so that the shares sum to the budget: what a
    full cluster can't take goes to the others by weight. Shares become whole by largest remainder, ties to the lower id.
    A cluster of weight 0 gives only its least. Example: weights 1, 1, 2, budget 10, capacity 1, 9, 9 -> 1, 3, 6.
    """
    weights = np.asarray(weights, dtype=np.float64)
    least = np.zeros(len(weights), np.int64) if least is None else np.asarray(least, dtype=np.int64)
    capacity = np.asarray(capacity, dtype=np.int64)
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise CurationError("cluster weights must be finite and not negative.")
    if (least > capacity).any() or least.sum() > budget:
        raise CurationError(
            f"{least.sum():,} records must be taken, but the budget is {budget:,}; raise it or pin fewer."
        )
    capacity = np.where(weights > 0, capacity, least)
    budget = min(budget, int(capacity.sum()))
    shares = _shares(weights, budget, capacity, least)
    quotas = np.floor(shares + 1e-9).astype(np.int64)
    remainder = np.where(quotas < capacity, shares - quotas, -1)
    order = np.lexsort((np.arange(len(weights)), -np.round(remainder, 9)))
    quotas[order[: budget - int(quotas.sum())]] += 1
    return quotas


def _shares(weights: np.ndarray, budget: int, capacity: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return clip(t * weights, least, capacity) for the t at which the sum is `budget`; the sum grows with t in lines.

    Between two bends the sum is linear, so t is found by the bends themselves and not by search to a tolerance.
    """
    positive = weights > 0
    if not positive.any():
        return least.astype(np.float64)
    rate = weights[positive]
    bends = np.concatenate([least[positive] / rate, capacity[positive] / rate])
    slopes = np.concatenate([rate, -rate])  # a cluster starts to grow at its least and stops at its capacity
    order = np.argsort(bends, kind="stable")
    bends, slope = bends[order], np.cumsum(slopes[order])
    sums = least.sum() + np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(bends))])
    segment = max(0, int(np.searchsorted(sums, budget, side="left")) - 1)
    t = bends[segment] + (budget - sums[segment]) / slope[segment] if slope[segment] > 0 else bends[segment]
    return np.clip(t * weights, least, capacity)
