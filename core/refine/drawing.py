"""One round's draw: its part of the budget, by the clusters' weights, from what is left. Pure functions of arrays."""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from ..selection.choosing import select_records
from ..selection.methods.by_cluster import cluster_quotas
from ..selection.params import Selection
from ..selection.pool import Pool
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
    """Return how many records rounds 1 to `number` take together: budget / rounds each, the remainder in the first ones."""
    return budget // rounds * number + min(number, budget % rounds)


def select_round(
    pool: Pool, params: RefineParams, number: int, weights: np.ndarray, taken: np.ndarray
) -> RoundSelection:
    """Take round `number`'s records from the pool without `taken`, by `weights` ((k,) float64) over the clusters.

    taken: row ids of the earlier rounds that are still wanted; where a curator has since dropped some, this round fills
    their places. Pins not yet taken come first. Raises CurationError: more pins than the round has room for.
    """
    goal = rounds_target(params.n_records(pool.n_records), params.rounds, number) - len(taken)
    pinned = np.setdiff1d(pool.pinned, taken)
    assert goal >= 0  # what is taken never exceeds the rounds' part of the budget
    if len(pinned) > goal:
        raise CurationError(
            f"{len(pinned):,} pinned records are not taken yet, but round {number} takes {goal:,}; "
            "raise the budget, take fewer rounds, or unpin some."
        )
    k = len(weights)
    away = np.union1d(pool.dropped, taken)
    rest = dataclasses.replace(pool, pinned=pinned, dropped=away, weights=weights)
    held = np.bincount(pool.labels[np.setdiff1d(np.arange(pool.n_records), away)], minlength=k)
    if goal == 0:
        selection, quotas = _nothing(), np.zeros(k, np.int64)
    else:
        wanted = params.selection(number, goal)
        quotas = cluster_quotas(rest, wanted, goal) + np.bincount(pool.labels[pinned], minlength=k)
        selection = select_records(rest, wanted)
    if selection.shortfall:
        missing = selection.requested - len(selection)
        why = f"{len(taken):,} are taken already, {len(pool.dropped):,} dropped, or their cluster has weight 0"
        selection = dataclasses.replace(
            selection, shortfall=f"Round {number} is {counted(missing, 'record')} short: of {pool.n_records:,}, {why}."
        )
    effective = effective_weights(weights, pool.multipliers)
    left = held - np.bincount(pool.labels[selection.rows], minlength=k)
    return RoundSelection(selection, weights, effective, quotas, held, left)


def _nothing() -> Selection:
    return Selection(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int8), 0)
