"""Quotas: a budget over clusters by weight, exact to the record, within what each cluster must and can give."""

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted

_MOST = np.finfo(np.float64).max


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
            f"{counted(int(least.sum()), 'record')} must be taken, but the budget is {budget:,}; raise it or pin fewer."
        )
    capacity = np.where(weights > 0, capacity, least)
    budget = min(budget, int(capacity.sum()))
    shares = shares_within(weights, budget, capacity, least)
    quotas = np.floor(shares + 1e-9).astype(np.int64)
    remainder = np.where(quotas < capacity, shares - quotas, -1)
    order = np.lexsort((np.arange(len(weights)), -np.round(remainder, 9)))
    quotas[order[: budget - int(quotas.sum())]] += 1
    return quotas


def by_turns(
    groups: np.ndarray, costs: np.ndarray, weights: np.ndarray, given: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ((m,) positions in an order in which groups take turns by weight, each position's turn in that order).

    groups: (m,) ascending, each group's records in its own order. costs: (m,) > 0. weights: (k,) > 0 where a group has records.
    given: (k,) what each has given before. A record's turn is when its group, growing at the pace of its weight, has given half
    of it; so of any first part every group's costs are within one record of its weight's share, and what an empty group can't
    give goes to the others by weight, as in `allocate_quotas`.
    """
    before = np.cumsum(costs, dtype=np.float64) - costs
    if len(groups):
        before -= before[np.searchsorted(groups, groups)]
    turns = (given[groups] + before + costs / 2) / weights[groups]
    return np.lexsort((np.arange(len(groups)), turns)), turns


def shares_within(weights: np.ndarray, budget: float, capacity: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return (k,) float64: clip(t * weights, least, capacity) for the t at which the sum is `budget`; the sum grows with t.

    The sum is a line between two bends (where a cluster leaves its least or meets its capacity), so the two around the
    budget are found by bisection and t needs no tolerance.
    """
    shares = least.astype(np.float64)
    rising = np.flatnonzero((weights > 0) & (capacity > least))
    if not len(rising):
        return shares
    rate = weights[rising] / weights[rising].max()
    low, high = shares[rising], capacity[rising].astype(np.float64)
    budget_left = budget - (shares.sum() - low.sum())
    with np.errstate(over="ignore"):
        starts, ends = np.minimum(low / rate, _MOST), np.minimum(high / rate, _MOST)

    def shares_at(t: float) -> np.ndarray:
        return np.where(ends <= t, high, np.where(starts >= t, low, np.clip(t * rate, low, high)))

    bends = np.unique(np.concatenate([starts, ends]))
    first, last = 0, len(bends) - 1
    while last - first > 1:
        middle = (first + last) // 2
        if shares_at(bends[middle]).sum() <= budget_left:
            first = middle
        else:
            last = middle
    part = shares_at(bends[first])
    growing = (starts <= bends[first]) & (ends > bends[first])
    if growing.any():
        rest = budget_left - part.sum()
        part[growing] = np.minimum(part[growing] + rest * rate[growing] / rate[growing].sum(), high[growing])
    shares[rising] = part
    return shares
