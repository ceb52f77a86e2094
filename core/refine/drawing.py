"""One round's draw: its part of the budget, by the clusters' weights, from what is left. Pure functions of arrays."""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from ..selection.choosing import select_records
from ..selection.methods.by_cluster import cluster_quotas
from ..selection.params import Selection
from ..selection.pool import Bound, Pool
from .params import RefineParams
from .weights import effective_weights


@dataclasses.dataclass(frozen=True)
class RoundSelection:
    """What a round took. selection: of this round only. All arrays are (k,), one entry a cluster.

    weights: float64, before the curator's multipliers, sum 1. effective: after them, sum 1. quotas: int64, pins included.
    held: int64, what each could give. left: int64, what each still holds.
    """

    selection: Selection
    weights: np.ndarray
    effective: np.ndarray
    quotas: np.ndarray
    held: np.ndarray
    left: np.ndarray


def rounds_target(budget: int, rounds: int, number: int) -> int:
    """Return how many records, or tokens, rounds 1 to `number` take together: budget / rounds each, the remainder in the first."""
    return budget // rounds * number + min(number, budget % rounds)


def select_round(
    pool: Pool, params: RefineParams, number: int, weights: np.ndarray, taken: np.ndarray
) -> RoundSelection:
    """Take round `number`'s records from the pool without `taken`, by `weights` ((k,) float64) over the clusters.

    taken: row ids of the earlier rounds that are still wanted; where a curator has since dropped some, this round fills
    their places. Pins not yet taken come first. Raises CurationError: more pins than the round has room for.
    """
    whole = params.units(pool.n_records)
    target = rounds_target(whole, params.rounds, number)
    goal = target - spent_by(pool, taken)
    pinned = np.setdiff1d(pool.pinned, taken)
    assert goal >= 0  # what is taken never exceeds the rounds' part of the budget
    if (needed := spent_by(pool, pinned)) > goal:
        tokens = "" if pool.costs is None else f" of {counted(needed, 'token')}"
        raise CurationError(
            f"{len(pinned):,} pinned records{tokens} are not taken yet, but round {number} takes {goal:,}; "
            "raise the budget, take fewer rounds, or unpin some."
        )
    k = len(weights)
    away = np.union1d(pool.dropped, taken)
    rules = _rules_left(pool, whole, target, goal, taken)
    rest = dataclasses.replace(pool, pinned=pinned, dropped=away, weights=weights, rules=rules)
    held = np.bincount(pool.labels[np.setdiff1d(np.arange(pool.n_records), away)], minlength=k)
    if goal == 0:
        selection, quotas = _nothing(), np.zeros(k, np.int64)
    else:
        wanted = params.selection(number, goal)
        selection = select_records(rest, wanted)
        if pool.costs is None and not rules:
            quotas = cluster_quotas(rest, wanted, goal) + np.bincount(pool.labels[pinned], minlength=k)
        else:  # what the round came to, in records: rules and tokens leave no other quotas
            quotas = np.bincount(pool.labels[selection.rows], minlength=k)
    if selection.shortfall and pool.costs is not None:
        selection = dataclasses.replace(selection, shortfall=f"Round {number}: {selection.shortfall}")
    elif selection.shortfall:
        missing = selection.requested - len(selection)
        why = f"{len(taken):,} are taken already, {len(pool.dropped):,} dropped, or their cluster has weight 0"
        selection = dataclasses.replace(
            selection, shortfall=f"Round {number} is {counted(missing, 'record')} short: of {pool.n_records:,}, {why}."
        )
    effective = effective_weights(weights, pool.multipliers)
    left = held - np.bincount(pool.labels[selection.rows], minlength=k)
    return RoundSelection(selection, weights, effective, quotas, held, left)


def spent_by(pool: Pool, rows: np.ndarray) -> int:
    """Return what `rows` take of a budget: records, or tokens where the pool has costs."""
    return len(rows) if pool.costs is None else int(pool.costs[rows].sum(dtype=np.int64))


def _rules_left(pool: Pool, whole: int, target: int, goal: int, taken: np.ndarray) -> tuple[Bound, ...]:
    """Return the rules for a round of `goal` units, which ends with `target` of the `whole` budget; `taken` counts for them.

    Each round keeps to the part of the rules that its part of the budget is, rounded so that the rounds can hold what the whole
    can; with the last round the rules hold exactly.
    """
    bounds = []
    for bound in pool.rules:
        floor = bound.rule.kind == "least"
        asked = bound.rule.of(whole) * target
        by_now = asked // whole if floor else -(-asked // whole)
        left = by_now - spent_by(pool, taken[bound.held[taken]])
        units = min(max(left, 0), goal) if floor else max(left, 0)
        bounds.append(Bound(dataclasses.replace(bound.rule, units=units), bound.held))
    return tuple(bounds)


def _nothing() -> Selection:
    return Selection(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int8), 0)
