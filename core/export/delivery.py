"""Delivery: a workspace's current selection, with everything that led to it, written as JSONL and manifest."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import COMMAND, CurationError, lacking
from ..base.files import together
from ..data.manifest import export_lines, write_jsonl, write_manifest
from ..evidence.current import current_selection, follow_decisions
from ..refine.runs import Rounds
from ..selection.params import EarlierParams, RoundsParams, SelectionParams, VersionParams
from ..selection.stage import select_again
from ..workspace.deciding import overrides_of
from ..workspace.decisions import Decision, decision_states
from ..workspace.edits import as_edits, edit_facts, edited_raws, edits_among
from ..workspace.results import Results
from ..workspace.snapshot import snapshot
from .decontamination import checked_facts
from .parts import check_parts, split_facts, write_parts
from .splitting import WHOLE, SplitParams, split_rows


def selected_rows(results: Results) -> np.ndarray:
    """Return the row ids of the current selection in pool order; one drawn twice comes twice.

    Raises CurationError where there is no selection, or what it rests on has changed since.
    """
    table = results.table("select")
    if table is None:
        state = results.state("select")
        why = (
            "Nothing is selected yet"
            if state == "missing"
            else "The selection is out of date (decisions or inputs changed)"
        )
        raise lacking(why, "select", results.workspace.folder)
    return np.sort(table["row_id"].combine_chunks().to_numpy())


def as_it_stands(results: Results, update: bool = False) -> Results:
    """Return the results as the ledger stands now, whatever others decide meanwhile; what is exported is of this one moment.

    update: select anew by the params of the current selection where decisions changed since it was made. Where somebody makes
    another one current meanwhile, that stays so, and what is exported is of the moment that this began at.
    """
    results = snapshot(results)
    follow_decisions(results)
    params = results.params("select")
    if update and isinstance(params, SelectionParams) and results.state("select") == "stale":
        select_again(results, params)
    return results


def begin(
    results: Results, check_places: Callable[[], Any], unfinished: bool = False, update: bool = False
) -> tuple[Results, np.ndarray]:
    """Begin to deliver the current selection: return the results as they stand, and the rows, in pool order.

    In the one order that all that delivers has: the places first, so that one that can't be written is said before anything is
    selected anew; then see `as_it_stands`; then whether there is a whole selection, and whether the records are what was
    imported. Raises CurationError where one of these is not so.
    """
    check_places()
    results = as_it_stands(results, update)
    rows = selected_rows(results)
    check_finished(results, rows, unfinished)
    results.workspace.check_records()
    return results, rows


def export_selection(
    results: Results, out: Path, unfinished: bool = False, split: SplitParams = WHOLE, update: bool = False
) -> Path:
    """Write the current selection to `out` and its manifest beside it; return the manifest's path.

    unfinished: also where rounds of its run are to come. split: into which parts, each a file of its own in place of `out`.
    update: see `as_it_stands`. Raises CurationError where that, or no selection up to date, is so.
    """
    results, rows = begin(results, lambda: check_parts(out, split, results.workspace.sources()), unfinished, update)
    made = edits_among(results.workspace, rows.tolist())
    edited = edited_raws(results.workspace, as_edits(made))
    lines, facts = export_lines(results.workspace.records(), rows, edited), manifest_facts(results) | edit_facts(made)
    with together() as replace:
        if split.split:
            sha256, parts = write_parts(lines, split_rows(results, rows, split), Path(out), replace)
            facts |= split_facts(split, parts)
        else:
            sha256 = write_jsonl(lines, Path(out), replace)
        return write_manifest(Path(out), sha256, rows, facts, replace)


def check_finished(results: Results, rows: np.ndarray, unfinished: bool) -> None:
    """Raise CurationError where rounds of the selection's run are to come, unless that is meant so, or nothing is selected."""
    current = current_selection(results)
    if not (current.is_finished or unfinished):
        raise CurationError(
            f"The current selection is {current.title}: {current.size}",
            command=f"go on with its rounds, make another selection current ({COMMAND} use), or export it as it is with "
            "--unfinished.",
            page="go on with its rounds on the Refine page, make another selection current, or say that it is to be written as "
            "it is",
        )
    if not len(rows):
        raise CurationError("Nothing is selected: every record is dropped or without weight; clear some decisions.")


def first_lines(results: Results, rows: np.ndarray) -> list[bytes]:
    """Return the lines that an export would have for these few rows."""
    made = edits_among(results.workspace, rows.tolist())
    return list(export_lines(results.workspace.records(), rows, edited_raws(results.workspace, as_edits(made))))


def manifest_facts(results: Results) -> dict[str, Any]:
    """Return what a manifest says of how the current selection came about."""
    workspace = results.workspace
    selection = workspace.info("select", results.current("select"))
    decisions = workspace.ledger.decisions()
    states = decision_states(decisions, overrides_of(results))
    leading = [name for name, stage in results.stages.items() if stage.leads]
    stages = [*leading, *(need for need in results.params("select").needs if need not in leading)]
    facts = {
        "input": workspace.dataset().as_input(),
        "selection": current_selection(results).as_facts(),
        "stages": {stage: _stage_facts(results, stage) for stage in stages if results.current(stage)},
        **_round_facts(results),
        **_version_facts(results),
        **_earlier_facts(results),
        "shortfall": selection["shortfall"],
        **{name: selection[name] for name in ("tokens", "rules", "target") if name in selection},
        "measures": selection["measures"],
        "warnings": selection["warnings"],
        "last_decision": decisions[-1].id if decisions else 0,
        "decisions": [_decision_facts(decision, states) for decision in decisions],
        **checked_facts(results),
    }
    return facts


def _round_facts(results: Results) -> dict[str, Any]:
    """Return {"rounds": …} of a selection that rounds have made, else nothing."""
    params = results.params("select")
    if not isinstance(params, RoundsParams):
        return {}
    rounds = Rounds(results)
    run = rounds.run(params.run)
    facts = [
        {
            "number": made.number,
            "key": made.key,
            "feedback": made.feedback,
            "n_selected": rounds.info(made)["n_selected"],
            "multipliers": rounds.info(made)["multipliers"],
            "weights": [round(weight, 8) for weight in rounds.arrays(made)["weights"].tolist()],
        }
        for made in rounds.rounds(run.id)[: params.rounds]
    ]
    lm = {"lm": run.lm.as_dict()} if run.params.feedback == "lm" else {}
    lm |= {"warning": run.warning} if run.warning else {}
    return {"rounds": {"run": run.id, "params": run.params.as_dict(), **lm, "inputs": run.inputs, "rounds": facts}}


def _version_facts(results: Results) -> dict[str, Any]:
    """Return {"version": …} of a selection that was restored, else nothing."""
    params = results.params("select")
    if not isinstance(params, VersionParams):
        return {}
    return {"version": {"name": params.name, "made_by": results.workspace.info("version", params.key)["facts"]}}


def _earlier_facts(results: Results) -> dict[str, Any]:
    """Return {"earlier": …} of an earlier selection that stands as it was, else nothing."""
    params = results.params("select")
    if not isinstance(params, EarlierParams):
        return {}
    info = results.workspace.info("select", params.key)
    reported = {name: info[name] for name in ("inputs", "last_decision", "shortfall", "warnings")}
    return {"earlier": {"id": f"#{params.number}", "key": params.key, "made_by": params.made_by, **reported}}


def _stage_facts(results: Results, stage: str) -> dict[str, Any]:
    key = results.current(stage)
    info = results.workspace.info(stage, key)
    return {"key": key} | {name: info[name] for name in ("params", "device", "format") if info.get(name)}


def _decision_facts(decision: Decision, states: dict[int, str]) -> dict[str, Any]:
    facts = dataclasses.asdict(decision) | {"rows": decision.rows.tolist()}
    if decision.id in states:
        facts["state"] = states[decision.id]
    unused = {"hashes", "fingerprint"} | ({"rows"} if decision.target == "cluster" else {"cluster", "clustering"})
    if decision.action != "weight":
        unused |= {"value"}
    unused |= {name for name in ("refers", "field", "text", "numbers", "sign", "origin") if not getattr(decision, name)}
    return {name: value for name, value in facts.items() if name not in unused}
