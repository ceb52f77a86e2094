"""Choosing records by any method: the pins first, then the method's picks, exactly the budget or a stated shortfall."""

import dataclasses

import numpy as np

from ..base.budget import tokens_of
from ..base.errors import CurationError, lacking
from ..base.progress import Progress, no_progress
from ..base.text import counted
from .balance.within_groups import picks_of
from .expected import check_time
from .method import METHODS
from .params import REASONS, Selection, SelectionParams
from .pool import Pool
from .within import check_rules, choose_within


def select_records(pool: Pool, params: SelectionParams, progress: Progress = no_progress) -> Selection:
    """Choose records by `params.method`: pins first, then the method's picks; exactly the budget, or a stated shortfall.

    A budget in tokens, for which the pool needs `costs`, is never exceeded, and met to within one record; the pool's rules hold
    exactly: see `within.py`. Without replacement every row comes once. Raises CurationError: pins over the budget, rules that
    can't hold together, the method lacks an input, or it would take too long (`expected.check_time`).
    """
    limit = limit_of(pool, params)
    if tokens_of(params.budget) is None:
        pool = dataclasses.replace(pool, costs=None)
    pool = _closed(pool, params)
    check_room(pool, limit)
    check_time(pool, params)
    chosen = _choose(pool, params, limit, progress) if pool.costs is None else None
    is_met = chosen is not None and len(chosen) == limit
    if pool.rules or chosen is None:
        chosen, is_met = choose_within(pool, params, limit, chosen, progress)
    assert params.replacement or len(np.unique(chosen.rows)) == len(chosen)
    tokens = None if pool.costs is None else int(pool.costs[chosen.rows].sum(dtype=np.int64))
    missing = 0 if is_met else limit - (len(chosen) if tokens is None else tokens)
    return dataclasses.replace(
        chosen,
        requested=limit if tokens is None else len(chosen),
        shortfall=_shortfall(pool, params, missing),
        tokens=tokens,
    )


def check_limits(pool: Pool, params: SelectionParams) -> None:
    """Raise CurationError where nothing can be chosen: more asked than there is, pins over it, rules that can't hold, no time."""
    limit = limit_of(pool, params)
    pool = pool if tokens_of(params.budget) else dataclasses.replace(pool, costs=None)
    pool = _closed(pool, params)
    check_room(pool, limit)
    check_time(pool, params)
    if pool.rules:
        check_rules(pool, params, limit)


def _closed(pool: Pool, params: SelectionParams) -> Pool:
    """Return the pool with what the method never takes closed."""
    closes = METHODS[params.method].closes
    return pool if closes is None else dataclasses.replace(pool, closed=np.union1d(pool.closed, closes(pool)))


def limit_of(pool: Pool, params: SelectionParams) -> int:
    """Return the budget in the unit that it is in, records or tokens. Raises CurationError: more than there is."""
    limit = tokens_of(params.budget)
    if limit is None:
        return params.n_records(pool.n_records)
    if pool.costs is None:
        raise lacking("The budget is in tokens, and they are not counted", "tokens")
    if (held := int(pool.costs.sum(dtype=np.int64))) < limit and not params.replacement:
        raise CurationError(
            f"The budget is {counted(limit, 'token')}, but all records together have only {held:,}; ask for that many at most."
        )
    return limit


def _choose(pool: Pool, params: SelectionParams, budget: int, progress: Progress) -> Selection:
    """Choose without rules, of records: the method's own picks, just as it gives them."""
    picks = picks_of(dataclasses.replace(pool, progress=progress), params, budget)
    rows = np.concatenate([pool.pinned, picks.rows]).astype(np.int64)
    assert len(rows) <= budget
    pinned_scores = np.zeros(len(pool.pinned)) if pool.quality is None else pool.quality[pool.pinned]
    reasons = [REASONS.index(reason) for reason in ("pinned", "drawn", "filled")]
    counts = [len(pool.pinned), len(picks.rows) - picks.n_filled, picks.n_filled]
    return Selection(
        rows=rows,
        clusters=pool.clusters_of(rows),
        scores=np.concatenate([pinned_scores, picks.scores]).astype(np.float32),
        reasons=np.repeat(np.array(reasons, np.int8), counts),
        requested=budget,
    )


def check_room(pool: Pool, limit: int) -> None:
    """Raise CurationError where more is pinned than the budget has room for, of records or by the pool's costs of tokens."""
    n_pinned = len(pool.pinned)
    taken = n_pinned if pool.costs is None else int(pool.costs[pool.pinned].sum(dtype=np.int64))
    if taken > limit:
        hold = "" if pool.costs is None else f" and hold {counted(taken, 'token')}"
        raise CurationError(
            f"{counted(n_pinned, 'record is', 'records are')} pinned{hold}, but the budget is {limit:,}; raise the budget or unpin "
            f"{taken - limit:,}{'' if pool.costs is None else ' tokens'}."
        )


def _shortfall(pool: Pool, params: SelectionParams, missing: int) -> str:
    if missing <= 0:
        return ""
    silent = sum(factor == 0 for factor in pool.multipliers.values()) if "cluster" in params.needs else 0
    why = f"{len(pool.dropped):,} of {pool.n_records:,} records {'is' if len(pool.dropped) == 1 else 'are'} dropped"
    if silent:
        why += f" and {silent:,} cluster{'s have' if silent > 1 else ' has'} weight 0"
    if len(pool.closed):
        why += f", {params.method} leaves {len(pool.closed):,} out"
    if pool.rules:
        why += ", and the rules hold"
    unit = "record" if pool.costs is None else "token"
    return f"{counted(missing, unit)} short of the budget: {why}."
