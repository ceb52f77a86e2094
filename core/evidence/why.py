"""Why each of some records is in the current selection or not, in a sentence, whatever made the selection."""

import numpy as np

from ..base.budget import tokens_of
from ..refine.drawing import rounds_target
from ..refine.runs import Rounds
from ..refine.why_taken import why_in_rounds
from ..selection.over_draws import told_of_draws
from ..selection.params import EarlierParams, RoundsParams, SelectionParams, VersionParams
from ..selection.stage import last_selection_key, pool_of
from ..selection.why import limits_told, overrides_at, saved_selection, why_by_method, why_decided
from ..workspace.deciding import overrides_of
from ..workspace.decisions import Overrides
from ..workspace.results import Results
from .candidates import describe, run_lengths


def why(results: Results, rows: np.ndarray) -> list[str]:
    """Return a sentence for each of `rows` ((m,) row ids), "" where nothing was ever selected and nobody has decided on it."""
    rows = np.asarray(rows, np.int64)
    decided, key, params = why_decided(results, rows), last_selection_key(results), results.params("select")
    if not key or params is None:
        return [decided.get(int(row), "") for row in rows]
    chosen = saved_selection(results, key)
    others = np.array([row for row in rows.tolist() if row not in decided], np.int64)
    if not len(others):
        said: dict[int, str] = {}
    elif isinstance(params, SelectionParams) and (overrides := _overrides_then(results, key)) is not None:
        pool = pool_of(results, overrides, params.groups, params)
        sentences, drawn = why_by_method(pool, params, chosen, others), told_of_draws(results, key, others)
        said = dict(zip(others.tolist(), map(str.__add__, sentences, drawn), strict=True))
    elif not results.current("select"):
        said = _out_of_date(chosen.rows, others)
    elif isinstance(params, RoundsParams):
        rounds = Rounds(results)
        run = rounds.run(params.run)
        sentences = why_in_rounds(rounds, run, params.rounds, others)
        if run.params.rules or tokens_of(run.params.budget):
            whole = rounds_target(run.params.units(results.n_records()), run.params.rounds, params.rounds)
            limits = limits_told(pool_of(results, limits=run.params), whole, chosen.rows, others)
            sentences = [sentence + limit for sentence, limit in zip(sentences, limits, strict=True)]
        said = dict(zip(others.tolist(), sentences, strict=True))
    else:
        said = _as_it_stood(results, params, chosen.rows, others)
    return [_with_decision(decided[row], row, chosen.rows) if row in decided else said[row] for row in rows.tolist()]


def _overrides_then(results: Results, key: str) -> Overrides | None:
    """Return the decisions that a selection obeyed; None where it rests on other records, clusters or scores than today's."""
    if results.current("select") == key:
        return overrides_of(results)
    info = results.workspace.info("select", key)
    made_by, asked = info.get("params"), results.params("select").as_dict()
    if made_by != asked or any(results.current(stage) != held for stage, held in info["inputs"].items()):
        return None
    return overrides_at(results, info["last_decision"])


def _with_decision(told: str, row: int, chosen: np.ndarray) -> str:
    if told.startswith("Pinned") and not (chosen == row).any():
        return f"{told} The selection, made before, takes it up when it is made anew."
    if told.startswith("Dropped") and (chosen == row).any():
        return f"{told} It is still in the selection, which was made before."
    return told


def _out_of_date(chosen: np.ndarray, rows: np.ndarray) -> dict[int, str]:
    changed = "decisions, clusters or scores have changed since"
    return {
        row: f"It is {'in' if (chosen == row).any() else 'not in'} the selection, which is out of date: {changed}."
        for row in rows.tolist()
    }


def _as_it_stood(
    results: Results, params: VersionParams | EarlierParams, chosen: np.ndarray, rows: np.ndarray
) -> dict[int, str]:
    name = describe(params.as_dict(), run_lengths(results))
    return {
        row: f"{'In' if (chosen == row).any() else 'Not in'} {name}, which stands as it was saved."
        for row in rows.tolist()
    }
