"""Why a record is selected or not, in a sentence: by its method's own account, or by what people decided. Chooses nothing."""

import datetime

import numpy as np

from ..base.arrays import is_among
from ..workspace.deciding import members_then, overrides_of
from ..workspace.decisions import CONSTRAINTS, Decision, Overrides, in_force, resolve_overrides
from ..workspace.found_again import rows_today
from ..workspace.results import RECORDS, Results
from ..workspace.shape import CLUSTERING, shape_now
from .balance.within_groups import why_in_group
from .choosing import limit_of
from .method import METHODS
from .params import REASONS, Selection, SelectionParams
from .pool import Pool, RuleHeld, rules_held

_DONE = {"pin": "Pinned", "drop": "Dropped"}


def why_by_method(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    """Return a sentence for each of `rows` ((m,) row ids that are neither pinned nor dropped).

    pool: what the method chose from. chosen: what it chose. Where a method keeps no account of what it left out, that is said.
    """
    rows = np.asarray(rows, np.int64)
    taken, method = set(rows[is_among(rows, chosen.rows)].tolist()), METHODS[params.method]
    if not (chosen.reasons != REASONS.index("pinned")).any():
        return [f"Not selected by {params.method}: what is pinned takes the whole budget."] * len(rows)
    if method.why is None:
        ends = [_account(chosen, row) if row in taken else "it keeps no account of what it leaves out." for row in rows]
    else:
        ends = why_in_group(pool, params, chosen, rows)
    limits = [""] * len(rows)
    if pool.is_limited:
        limits = limits_told(pool, limit_of(pool, params), chosen.rows, rows)
    return [
        f"{'Selected' if row in taken else 'Not selected'} by {params.method}: {end}{limit}"
        for row, end, limit in zip(rows.tolist(), ends, limits, strict=True)
    ]


def limits_told(pool: Pool, limit: int, chosen: np.ndarray, rows: np.ndarray) -> list[str]:
    """Return for each of `rows` which rules it is under and how far they are, and for one left out what a token budget had left.

    limit: the budget, in its unit. chosen: row ids of the selection. Each begins with a blank, "" where nothing is to say.
    """
    rules, taken = list(zip(pool.rules, rules_held(pool, chosen, limit), strict=True)), set(chosen.tolist())
    spent = 0 if pool.costs is None else int(pool.costs[chosen].sum(dtype=np.int64))
    said = []
    for row in rows.tolist():
        cost = 1 if pool.costs is None else int(pool.costs[row])
        told = [_of_rule(held, row in taken, cost) for bound, held in rules if bound.held[row]]
        if pool.costs is not None and row not in taken:
            told.append(f"It takes {cost:,} tokens; of the budget of {limit:,}, {spent:,} are taken")
        said.append("".join(f" {text}." for text in told))
    return said


def _of_rule(held: RuleHeld, is_taken: bool, cost: int) -> str:
    what = f"{held.rule.words}: {held.taken:,} {held.unit} taken, {held.asked:,} "
    if held.rule.kind == "least":
        return f"It counts for the rule {what}asked for" if is_taken else f"It is under the rule {what}asked for"
    is_full = held.asked - held.taken < cost and not is_taken
    return f"{'No room was left under' if is_full else 'It is under'} the rule {what}allowed"


def _account(chosen: Selection, row: int) -> str:
    at = int(np.flatnonzero(chosen.rows == row)[0])
    n_pinned = int((chosen.reasons == REASONS.index("pinned")).sum())
    return f"pick {at - n_pinned + 1:,} of {len(chosen) - n_pinned:,}, by {chosen.scores[at]:.3g}."


def why_decided(results: Results, rows: np.ndarray) -> dict[int, str]:
    """Return {row: a sentence} of those of `rows` that people have pinned or dropped: who, when, and by what."""
    overrides = overrides_of(results)
    rows = np.asarray(rows, np.int64)
    open_rows = set(rows[is_among(rows, overrides.pinned) | is_among(rows, overrides.dropped)].tolist())
    said: dict[int, str] = {}
    if not open_rows:
        return said
    labels, shape = results.array(CLUSTERING), shape_now(results)
    standing = [
        d for d in in_force(results.workspace.ledger.decisions()) if d.action in CONSTRAINTS and d.action != "weight"
    ]
    for decision in sorted(standing, key=lambda d: d.refers or d.id, reverse=True):  # the last word counts
        if not open_rows:
            break
        if decision.target == "cluster":
            if labels is None or decision.clustering != shape.base:
                continue
            if decision.sign == shape.sign(decision.cluster):
                touched = {row for row in open_rows if labels[row] == decision.cluster}
            else:  # merged or split since: it is about the records that the cluster had
                touched = _touched(open_rows, members_then(results, decision))
        else:
            touched = _touched(open_rows, _rows_of(results, decision))
        said |= {row: _told(decision) for row in touched if decision.action in _DONE}
        open_rows -= touched
    return said


def _touched(rows: set[int], held: np.ndarray | None) -> set[int]:
    wanted = np.array(sorted(rows), np.int64)
    return set() if held is None else set(wanted[is_among(wanted, held)].tolist())


def overrides_at(results: Results, last: int) -> Overrides:
    """Return the constraints as they were after the decision of the id `last`, on today's records and clusters."""
    made = [decision for decision in results.workspace.ledger.decisions() if decision.id <= last]
    shape = shape_now(results)
    return resolve_overrides(
        made,
        results.n_records(),
        results.array(CLUSTERING),
        shape.base if results.current(CLUSTERING) else "",
        rows_of=lambda decision: _rows_of(results, decision),
        sign_of=shape.sign,
        members_then=lambda decision: members_then(results, decision),
    )


def _rows_of(results: Results, decision: Decision) -> np.ndarray | None:
    today = results.key(RECORDS)
    return rows_today(results.workspace, decision.fingerprint, decision.rows, decision.hashes, today)


def _told(decision: Decision) -> str:
    """Return "Pinned by ann on 24 Nov 2026, with cluster 7: her note."."""
    by = f" by {decision.who}" if decision.who else ""
    day = datetime.datetime.fromisoformat(decision.at)
    others = len(decision.rows) - 1 if decision.target == "records" else 0
    along = f", with cluster {decision.cluster}" if decision.target == "cluster" else ""
    along = f", with {others:,} more" if others else along
    note = f": {decision.note}" if decision.note else ""
    return f"{_DONE[decision.action]}{by} on {day.day} {day:%b %Y}{along}{note}."


def saved_selection(results: Results, key: str) -> Selection:
    """Return a selection as it was written down."""
    table = results.workspace.table("select", key)
    names = ("row_id", "cluster", "score", "reason")
    columns = [table[name].combine_chunks().to_numpy() for name in names]
    info = results.workspace.info("select", key)
    tokens = info.get("tokens", {}).get("selected")
    return Selection(*columns, requested=info["requested"], shortfall=info["shortfall"], tokens=tokens)
