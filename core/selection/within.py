"""Choosing by any method within a budget in tokens, and within rules: the one way that every method's picks go through both.

A method returns its picks in order. They are taken one after the other while they fit; where the next one's group (the records that
the same rules are about) has no room left, the group is closed, and the method is asked anew with what was taken so far as pins, so
that it goes on from there without that group. In tokens, the first record in this order that the budget has no room for ends the
selection: the sum never exceeds the budget, and is less than one record below it.

Rules that the method's own selection obeys change nothing. Else every group first gets its quota, as near to what the method itself
took as the rules allow (`allotment.py`), and the picks are taken as above until all quotas are full: of records exactly. In tokens
a group's next record may not fit its quota; what is left then goes to the next records in the method's order that the rules allow.
"""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.progress import Progress
from ..base.text import counted
from .allotment import Cells, allot, can_hold, cells_of, hold, with_margins
from .balance.within_groups import takeable
from .params import REASONS, Selection, SelectionParams
from .pool import Picks, Pool
from .walking import Walk


def choose_within(
    pool: Pool, params: SelectionParams, limit: int, plain: Selection | None, progress: Progress
) -> tuple[Selection, bool]:
    """Choose by `params.method` within `limit` units: tokens where the pool has costs, else records; and within its rules.

    Return the selection and whether the budget is met, of tokens to within one record. plain: what the method chooses without
    rules, of records. Raises CurationError: rules that can't hold together, or pins over the budget.
    """
    pool = dataclasses.replace(pool, progress=progress)
    by_token = pool.costs is not None
    cells = _cells(pool, params, limit)
    first, is_met = None, plain is not None and len(plain) == limit
    if by_token:
        alone = Walk(pool, params, cells.of, limit)
        first = alone.go([], np.ones(len(cells.held), bool))
        plain, is_met = alone.selection(), alone.is_met
    own = _units(pool, cells.of, plain.rows, len(cells.held))
    if hold(cells, own):
        return plain, is_met
    total = min(limit, int(cells.held.sum()))
    raised = with_margins(cells, _margins(pool, cells)) if by_token else cells
    is_tight = by_token and not can_hold(raised, total)
    quotas = allot(cells if is_tight else raised, own, total)
    if not by_token and params.replacement:
        pool = dataclasses.replace(pool, costs=np.ones(pool.n_records, np.int32))
    elif not by_token:
        first = Picks(plain.rows, plain.scores, filled=plain.reasons == REASONS.index("filled"))
        first = _from(first, len(pool.pinned))
    walk = Walk(pool, params, cells.of, limit)
    if is_tight:
        first = None
        _take_floors(walk, cells)
    _take_by_quotas(walk, cells, quotas, first, by_token)
    return walk.selection(), walk.is_met


def check_rules(pool: Pool, params: SelectionParams, limit: int) -> None:
    """Raise CurationError, saying which and by how much, where the pool's rules can't hold together."""
    cells = _cells(pool, params, limit)
    allot(cells, cells.held, min(limit, int(cells.held.sum())))


def _take_floors(walk: Walk, cells: Cells) -> None:
    """Take what the floors ask for before anything else: of tokens there is too little room to leave it to the quotas."""
    caps = [(row, int(most)) for row, most in zip(cells.inside, cells.most, strict=True)]
    for row, least in zip(cells.inside, cells.least, strict=True):
        if int(walk.by_cell[row].sum()) < least:
            walk.go(caps, row, enough=(row, int(least)))


def _take_by_quotas(walk: Walk, cells: Cells, quotas: np.ndarray, first: Picks | None, by_token: bool) -> None:
    everything = np.ones(len(quotas), bool)
    caps = [(row, int(most)) for row, most in zip(cells.inside, cells.most, strict=True)]
    each = [(np.arange(len(quotas)) == i, int(quota)) for i, quota in enumerate(quotas)]
    walk.go([*each, *caps], everything, first)
    if by_token:
        walk.go(caps, everything)
    if not hold(cells, walk.by_cell):
        given = cells.inside @ walk.by_cell
        missed = np.flatnonzero(given < cells.least)[0]
        raise CurationError(
            f"{cells.rules[missed].words} is {counted(int(cells.least[missed]), cells.unit)}, and no more than {given[missed]:,} "
            "were found: the rules leave less room than a record takes. Ask for a little less."
        )


def _cells(pool: Pool, params: SelectionParams, limit: int) -> Cells:
    costs = np.ones(pool.n_records, np.int32) if pool.costs is None else pool.costs
    of, inside = cells_of([bound.held for bound in pool.rules], pool.n_records)
    rows, c = takeable(pool, params), inside.shape[1] or 1
    pinned = np.bincount(of[pool.pinned], costs[pool.pinned], minlength=c).astype(np.int64)
    held = np.bincount(of[rows], costs[rows], minlength=c).astype(np.int64)
    rules = tuple(bound.rule for bound in pool.rules)
    floors = np.array([rule.kind == "least" for rule in rules], bool)
    asked = np.array([rule.of(limit) for rule in rules], np.int64)
    return Cells(
        of=of,
        rules=rules,
        inside=inside.reshape(len(rules), c),
        least=np.where(floors, asked, 0),
        most=np.where(floors, limit, np.minimum(asked, limit)),
        pinned=pinned,
        held=pinned + (np.where(held > 0, limit, 0) if params.replacement else held),
        unit="record" if pool.costs is None else "token",
    )


def _margins(pool: Pool, cells: Cells) -> np.ndarray:
    """Return (r,) int64: by how much the quotas of a rule's cells may be missed, each by less than its longest record."""
    free, longest = pool.free_rows(), np.zeros(len(cells.held), np.int64)
    np.maximum.at(longest, cells.of[free], pool.costs[free])
    return cells.inside @ longest


def _units(pool: Pool, of: np.ndarray, rows: np.ndarray, c: int) -> np.ndarray:
    costs = None if pool.costs is None else pool.costs[rows]
    return np.bincount(of[rows], costs, minlength=c).astype(np.int64)


def _from(picks: Picks, start: int) -> Picks:
    return Picks(picks.rows[start:], picks.scores[start:], filled=picks.only_fills[start:])
