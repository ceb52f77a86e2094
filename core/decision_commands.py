"""The verbs by which people decide: pin, drop, clear, weight, undo, redo."""

import argparse

import numpy as np

from core.commands import open_pipeline, say_current
from core.current import current_selection, follow_decisions
from core.errors import CurationError
from core.ledger import user_name
from core.overrides import Decision, next_redo, next_undo
from core.pipeline import Pipeline
from core.refinement import RoundsParams
from core.words import counted


def decide(arguments: argparse.Namespace) -> None:
    """Pin, drop or clear records or a cluster."""
    pipeline = open_pipeline(arguments)
    if arguments.cluster is not None:
        decision = _decide_cluster(pipeline, arguments.verb, arguments.cluster, arguments)
        print(f"{arguments.verb}: cluster {decision.cluster} (decision {decision.id})")
        _follow(pipeline)
        return
    if arguments.search is not None:
        rows = pipeline.workspace.records().search(arguments.search)
        if not len(rows):
            raise CurationError(f"No record holds {arguments.search!r}; search for other words.")
    else:
        rows = parse_rows(arguments.rows, pipeline.workspace.dataset().n_records)
    decision = pipeline.workspace.decide_records(arguments.verb, rows, user_name(), arguments.note)
    print(f"{arguments.verb}: {counted(len(decision.rows), 'record')} (decision {decision.id})")
    _follow(pipeline)


def weight(arguments: argparse.Namespace) -> None:
    """Set a cluster's multiplier."""
    pipeline = open_pipeline(arguments)
    decision = _decide_cluster(pipeline, "weight", arguments.cluster, arguments, arguments.by)
    print(f"weight: cluster {decision.cluster} x {decision.value:g} (decision {decision.id})")
    _follow(pipeline)


def undo(arguments: argparse.Namespace) -> None:
    """Take back the latest decision in force."""
    _revise(arguments, "undo", next_undo)


def redo(arguments: argparse.Namespace) -> None:
    """Restore the decision last taken back."""
    _revise(arguments, "redo", next_redo)


def parse_rows(text: str, n_records: int) -> np.ndarray:
    """Return the row ids of "3,17,40-59" as int64. Raises CurationError for anything else, or a record there is not."""
    ranges = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (dash and (not last.isdecimal() or int(last) < int(first))):
            raise CurationError(f"rows has {part!r}; write record numbers and ranges, as in 3,17,40-59.")
        if int(last or first) >= n_records:
            raise CurationError(f"rows has {part!r}; the records are 0 to {n_records - 1}.")
        ranges.append(np.arange(int(first), int(last or first) + 1, dtype=np.int64))
    return np.concatenate(ranges)


def _decide_cluster(
    pipeline: Pipeline, action: str, number: int, arguments: argparse.Namespace, value: float = 1.0
) -> Decision:
    return pipeline.decide_cluster(action, number, user_name(), arguments.note, value)


def _revise(arguments: argparse.Namespace, action: str, find) -> None:
    pipeline = open_pipeline(arguments)
    ledger = pipeline.workspace.ledger
    refers = find(ledger.decisions())
    if refers is None:
        raise CurationError(f"There is nothing to {action}.")
    ledger.add_decision(Decision(action=action, refers=refers, who=user_name()))
    print(f"{action}: decision {refers}")
    _follow(pipeline)


def _follow(pipeline: Pipeline) -> None:
    """Let the current selection of a run obey the decision, and say how it stands then."""
    now = Pipeline(pipeline.workspace)
    follow_decisions(now)
    if isinstance(now.params("select"), RoundsParams):
        say_current(current_selection(now))
