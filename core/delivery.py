"""Delivery: a workspace's current selection, with everything that led to it, written as JSONL and manifest."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from core.current import current_selection
from core.errors import CurationError, lacking
from core.export import export_lines, write_jsonl, write_manifest
from core.overrides import Decision, decision_states
from core.pipeline import LEADING, Pipeline
from core.refinement import RoundsParams
from core.rounds import Rounds
from core.selection import EarlierParams, VersionParams
from core.targets import check_out


def selected_rows(pipeline: Pipeline) -> np.ndarray:
    """Return the row ids of the current selection in pool order; one drawn twice comes twice.

    Raises CurationError where there is no selection, or what it rests on has changed since.
    """
    table = pipeline.selection()
    if table is None:
        state = pipeline.state("select")
        why = (
            "Nothing is selected yet"
            if state == "missing"
            else "The selection is out of date (decisions or inputs changed)"
        )
        raise lacking(why, "select", pipeline.workspace.folder)
    return np.sort(table["row_id"].combine_chunks().to_numpy())


def export_selection(pipeline: Pipeline, out: Path, unfinished: bool = False) -> Path:
    """Write the current selection to `out` and its manifest beside it; return the manifest's path.

    unfinished: also where rounds of its run are to come. Raises CurationError where that, or no selection up to date, is so.
    """
    check_out(out, pipeline.workspace.sources())
    rows = selected_rows(pipeline)
    current = current_selection(pipeline)
    if not (current.is_finished or unfinished):
        raise CurationError(
            f"The current selection is {current.title}: {current.size}",
            command="go on with its rounds, make another selection current (python -m core use), or export it as it is with "
            "--unfinished.",
            page="go on with its rounds on the Refine page, make another selection current, or say that it is to be written as "
            "it is",
        )
    if not len(rows):
        raise CurationError("Nothing is selected: every record is dropped or without weight; clear some decisions.")
    pipeline.workspace.check_records()
    sha256 = write_jsonl(export_lines(pipeline.workspace.records(), rows), Path(out))
    return write_manifest(Path(out), sha256, rows, manifest_facts(pipeline))


def manifest_facts(pipeline: Pipeline) -> dict[str, Any]:
    """Return what a manifest says of how the current selection came about."""
    workspace = pipeline.workspace
    selection = workspace.info("select", pipeline.current("select"))
    decisions = workspace.ledger.decisions()
    states = decision_states(decisions, pipeline.overrides())
    stages = [*LEADING, *(need for need in pipeline.params("select").needs if need not in LEADING)]
    facts = {
        "input": workspace.dataset().as_input(),
        "selection": current_selection(pipeline).as_facts(),
        "stages": {stage: _stage_facts(pipeline, stage) for stage in stages if pipeline.current(stage)},
        **_round_facts(pipeline),
        **_version_facts(pipeline),
        **_earlier_facts(pipeline),
        "shortfall": selection["shortfall"],
        "measures": selection["measures"],
        "warnings": selection["warnings"],
        "decisions": [_decision_facts(decision, states) for decision in decisions],
    }
    return facts


def _round_facts(pipeline: Pipeline) -> dict[str, Any]:
    """Return {"rounds": …} of a selection that rounds have made, else nothing."""
    params = pipeline.params("select")
    if not isinstance(params, RoundsParams):
        return {}
    rounds = Rounds(pipeline)
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


def _version_facts(pipeline: Pipeline) -> dict[str, Any]:
    """Return {"version": …} of a selection that was restored, else nothing."""
    params = pipeline.params("select")
    if not isinstance(params, VersionParams):
        return {}
    return {"version": {"name": params.name, "made_by": pipeline.workspace.info("version", params.key)["facts"]}}


def _earlier_facts(pipeline: Pipeline) -> dict[str, Any]:
    """Return {"earlier": …} of an earlier selection that stands as it was, else nothing."""
    params = pipeline.params("select")
    if not isinstance(params, EarlierParams):
        return {}
    info = pipeline.workspace.info("select", params.key)
    told = {name: info[name] for name in ("inputs", "last_decision", "shortfall", "warnings")}
    return {"earlier": {"id": f"#{params.number}", "key": params.key, "made_by": params.made_by, **told}}


def _stage_facts(pipeline: Pipeline, stage: str) -> dict[str, Any]:
    key = pipeline.current(stage)
    info = pipeline.workspace.info(stage, key)
    return {"key": key} | {name: info[name] for name in ("params", "device", "format") if info.get(name)}


def _decision_facts(decision: Decision, states: dict[int, str]) -> dict[str, Any]:
    facts = dataclasses.asdict(decision) | {"rows": decision.rows.tolist()}
    if decision.id in states:
        facts["state"] = states[decision.id]
    unused = {"hashes", "fingerprint"} | ({"rows"} if decision.target == "cluster" else {"cluster", "clustering"})
    if decision.action != "weight":
        unused |= {"value"}
    if not decision.refers:
        unused |= {"refers"}
    return {name: value for name, value in facts.items() if name not in unused}
