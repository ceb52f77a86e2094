"""Choosing records by any method: the pins first, then the method's picks, exactly the budget or a stated shortfall."""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.progress import Progress, no_progress
from ..base.text import counted
from .method import METHODS
from .params import REASONS, Selection, SelectionParams
from .pool import Pool


def select_records(pool: Pool, params: SelectionParams, progress: Progress = no_progress) -> Selection:
    """Choose records by `params.method`: pins first, then the method's picks; exactly the budget, or a stated shortfall.

    Without replacement every row comes once. Raises CurationError: pins over the budget, or the method lacks an input.
    """
    budget = params.n_records(pool.n_records)
    check_room(len(pool.pinned), budget)
    picks = METHODS[params.method].pick(dataclasses.replace(pool, progress=progress), params, budget)
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


def check_room(n_pinned: int, budget: int) -> None:
    """Raise CurationError where more records are pinned than the budget has room for."""
    if n_pinned > budget:
        raise CurationError(
            f"{counted(n_pinned, 'record is', 'records are')} pinned, but the budget is {budget:,}; raise the budget or unpin "
            f"{n_pinned - budget:,}."
        )


def _shortfall(pool: Pool, params: SelectionParams, missing: int) -> str:
    if missing <= 0:
        return ""
    silent = sum(factor == 0 for factor in pool.multipliers.values()) if "cluster" in params.needs else 0
    why = f"{len(pool.dropped):,} of {pool.n_records:,} records {'is' if len(pool.dropped) == 1 else 'are'} dropped"
    if silent:
        why += f" and {silent:,} cluster{'s have' if silent > 1 else ' has'} weight 0"
    return f"{counted(missing, 'record')} short of the budget: {why}."
