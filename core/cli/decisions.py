"""The verbs by which people decide: pin, drop, clear, weight, undo, redo."""

import argparse

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from ..evidence.current import current_selection, follow_decisions
from ..run.pipeline import Pipeline
from ..selection.params import RoundsParams
from ..workspace.deciding import decide_cluster, decide_records, revise
from ..workspace.decisions import Decision, next_redo, next_undo
from ..workspace.ledger import user_name
from .stages import open_pipeline, say_current


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
    decision = decide_records(pipeline.workspace, arguments.verb, rows, user_name(), arguments.note)
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
    return decide_cluster(pipeline, action, number, user_name(), arguments.note, value)


def _revise(arguments: argparse.Namespace, action: str, find) -> None:
    pipeline = open_pipeline(arguments)
    print(f"{action}: decision {revise(pipeline.workspace, action, find, user_name()).refers}")
    _follow(pipeline)


def _follow(pipeline: Pipeline) -> None:
    """Let the current selection of a run obey the decision, and say how it stands then."""
    now = Pipeline(pipeline.workspace)
    follow_decisions(now)
    if isinstance(now.params("select"), RoundsParams):
        say_current(current_selection(now))
