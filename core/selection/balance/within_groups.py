"""Choosing inside groups: each group's quota of the budget first, then the method among the group's records."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from ...base.errors import CurationError, lacking
from ...base.progress import part_of
from ..method import METHODS
from ..params import GROUPED, Selection, SelectionParams
from ..pool import Balance, Picks, Pool
from ..quotas import allocate_quotas, by_turns

_MORE, _LEAST = 2, 64  # of a group's likely records so many times are asked for at once where the budget is in tokens


def picks_of(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Return the method's picks: of the whole pool, or where `params.quota` makes groups of each group its quota, taking turns.

    Any first part of the picks is fair among the groups. What a group can't give goes to the others by their shares.
    """
    method, balance = METHODS[params.method], balance_in(pool, params)
    if balance is None:
        return method.pick(pool, params, budget)
    inner, counts = dataclasses.replace(params, quota="size"), _asked(pool, params, balance, budget)
    parts: list[Picks] = []
    groups: list[np.ndarray] = []
    for place, (group, inside) in enumerate(_inside(pool, balance, np.flatnonzero(counts))):
        within = dataclasses.replace(
            inside, progress=part_of(pool.progress, place / len(counts), (place + 1) / len(counts))
        )
        parts.append(method.pick(within, inner, int(counts[group]) + len(inside.pinned)))
        groups.append(np.full(len(parts[-1].rows), group))
    if not parts:
        return Picks(np.zeros(0, np.int64), np.zeros(0))
    rows, of = np.concatenate([each.rows for each in parts]), np.concatenate(groups)
    scores, filled = (
        np.concatenate([each.scores for each in parts]),
        np.concatenate([each.only_fills for each in parts]),
    )
    order = _in_turns(rows, of, counts) if pool.costs is None else _in_turns_by_cost(pool, balance, rows, of)
    if pool.costs is None:
        order = order[np.argsort(filled[order], kind="stable")]
        return Picks(rows[order], scores[order], int(filled.sum()))
    return Picks(rows[order], scores[order], filled=filled[order])


def balance_in(pool: Pool, params: SelectionParams) -> Balance | None:
    """Return the groups that share the budget, None where the method sees to the whole pool itself. Raises CurationError."""
    if params.quota not in GROUPED:
        return None
    if params.quota != "domains":
        if pool.balance is None:
            raise CurationError(
                f"The quota by {params.quota} goes by groups, and the pool has none; `pool_of` finds them."
            )
        return pool.balance
    if pool.domains is None:
        raise lacking("The quota by domains goes by DaaR's domains, and there are none", "reward")
    return Balance(np.asarray(pool.domains, np.int32), domain_weights(pool, params.domain_shares))


def domain_weights(pool: Pool, shares: str) -> np.ndarray:
    """Return (K,) float64 weights of the domains. shares: "equal", "size", or "target": the wished ones, by size for the rest."""
    k = max(len(pool.shares), int(pool.domains.max()) + 1)
    sizes = np.bincount(pool.domains, minlength=k).astype(np.float64)
    if shares == "size":
        return sizes
    if shares == "equal":
        return (sizes > 0).astype(np.float64)
    wished = np.zeros(k)
    wished[: len(pool.shares)] = list(pool.shares.values())
    if not wished.any():
        raise CurationError(
            "domain_shares is 'target', but no domain has a target share; give some on the Reward page, or take equal."
        )
    rest = np.where(wished > 0, 0, sizes)
    weights = wished + max(1 - wished.sum(), 0) * rest / max(rest.sum(), 1)
    return np.where(
        sizes > 0, np.maximum(weights, 1e-9), 0
    )  # a domain that is full gives way to those without a share too


def group_quotas(pool: Pool, params: SelectionParams, balance: Balance, budget: int) -> np.ndarray:
    """Return (K,) int64: what each group gives beside its pins, of a budget in records."""
    k = len(balance.weights)
    pinned = np.bincount(balance.groups[pool.pinned], minlength=k)
    held = np.bincount(balance.groups[takeable(pool, params)], minlength=k)
    capacity = np.where(held > 0, budget, 0) if params.replacement else held
    weights = np.where(held + pinned > 0, balance.weights, 0)
    return allocate_quotas(weights, budget, capacity + pinned, least=pinned) - pinned


def takeable(pool: Pool, params: SelectionParams) -> np.ndarray:
    """Return the free rows that the method can take: of a method by clusters, those of clusters with some weight."""
    free = pool.free_rows()
    if "cluster" not in METHODS[params.method].needs or pool.labels is None:
        return free
    weight = np.ones(pool.n_clusters) if pool.weights is None else np.array(pool.weights, np.float64)
    weight[[cluster for cluster, factor in pool.multipliers.items() if factor == 0]] = 0
    return free[weight[pool.labels[free]] > 0]


def _asked(pool: Pool, params: SelectionParams, balance: Balance, budget: int) -> np.ndarray:
    """Return (K,) int64: how many records are asked of each group beside its pins."""
    if pool.costs is None:
        return group_quotas(pool, params, balance, budget)
    k, free = len(balance.weights), takeable(pool, params)
    held = np.bincount(balance.groups[free], minlength=k)
    weights = np.where(held > 0, balance.weights, 0)
    likely = _MORE * (budget - len(pool.pinned)) * weights / max(weights.sum(), 1e-12)
    asked = np.maximum(np.ceil(likely), _LEAST).astype(np.int64)
    return np.where(weights > 0, asked if params.replacement else np.minimum(asked, held), 0)


def _inside(pool: Pool, balance: Balance, groups: np.ndarray) -> Iterator[tuple[int, Pool]]:
    """Yield each of `groups` with the pool in which only its records can be taken, and only its pins count."""
    for group in groups.tolist():
        is_own = balance.groups == group
        closed = np.union1d(pool.closed, np.flatnonzero(~is_own))
        yield group, dataclasses.replace(pool, pinned=pool.pinned[is_own[pool.pinned]], closed=closed, balance=None)


def _in_turns(rows: np.ndarray, of: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the positions of picks, group after group in `of`, in an order in which groups take turns by their quotas."""
    rank = np.arange(len(rows)) - np.searchsorted(of, of)
    return np.lexsort((of, (rank + 0.5) / counts[of]))


def _in_turns_by_cost(pool: Pool, balance: Balance, rows: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return the positions in turns by costs, up to where the first group that has more to give has no pick left."""
    k = len(balance.weights)
    given = np.bincount(balance.groups[pool.pinned], pool.costs[pool.pinned], minlength=k)
    order, turns = by_turns(of, pool.costs[rows], np.maximum(balance.weights, 1e-12), given)
    got = np.bincount(of, minlength=k)
    has_more = (got > 0) & (got < np.bincount(balance.groups[pool.free_rows()], minlength=k))
    last = np.full(k, np.inf)
    np.maximum.at(ends := np.full(k, -np.inf), of, turns)
    last[has_more] = ends[has_more]
    return order[turns[order] <= last.min()]


def why_in_group(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    """Return what the method says of each of `rows`, (m,) row ids, as `Method.why` does, inside its group where there are some."""
    method, balance = METHODS[params.method], balance_in(pool, params)
    if balance is None:
        return method.why(pool, params, chosen, rows)
    of, inner, said = balance.groups[rows], dataclasses.replace(params, quota="size"), [""] * len(rows)
    for group, inside in _inside(pool, balance, np.unique(of)):
        own = balance.groups[chosen.rows] == group
        part = Selection(
            chosen.rows[own], chosen.clusters[own], chosen.scores[own], chosen.reasons[own], requested=int(own.sum())
        )
        at = np.flatnonzero(of == group)
        before = f"group {group + 1} of {len(balance.weights)} by {params.quota} gives {int(own.sum()):,}; in it "
        for i, end in zip(at.tolist(), method.why(inside, inner, part, rows[at]), strict=True):
            said[i] = before + end
    return said
