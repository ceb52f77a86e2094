"""The verbs by which people decide: pin, drop, clear, weight, undo, redo."""

import argparse
from pathlib import Path

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted, one_line
from ..evidence.current import current_selection, follow_decisions
from ..export.decision_lines import write_log
from ..export.decision_replay import replay_log
from ..run.pipeline import Pipeline
from ..selection.finding.find import find
from ..selection.finding.query import Query
from ..selection.params import RoundsParams
from ..workspace.contested import told_at_once
from ..workspace.deciding import contested_in, decide_cluster, decide_records
from ..workspace.decisions import ACTIONS, REVISIONS, Decision
from ..workspace.ledger import user_name
from ..workspace.revising import revise_own
from ..workspace.told import matching, told, told_of
from .opening import open_pipeline, say_current, warn
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    for name, summary in (
        ("pin", "Records or a cluster that must be chosen."),
        ("drop", "Records or a cluster that must not be chosen."),
        ("clear", "Take pins, drops and weights off records or a cluster."),
    ):
        sub = verbs.add(name, summary, decide)
        target = sub.add_mutually_exclusive_group(required=True)
        target.add_argument("--rows", help="record numbers, as in 3,17,40-59")
        target.add_argument("--cluster", type=int, help="a cluster's number")
        target.add_argument("--search", help="every record that holds these words, as `find` reads them")
        add_note(sub)
    sub = verbs.add("weight", "Multiply a cluster's share of the budget.", weight)
    sub.add_argument("--cluster", type=int, required=True, help="the cluster's number")
    sub.add_argument("--by", type=float, required=True, help="the weight, 0 or more; 1 takes it off")
    add_note(sub)
    sub = verbs.add("decisions", "Show the log of decisions, write it to a file, or replay one of another import.", log)
    sub.add_argument("--who", help="only this person's")
    sub.add_argument("--action", choices=(*ACTIONS, *REVISIONS), help="only of this kind")
    sub.add_argument("--words", default="", help="only those whose words or note hold these")
    sub.add_argument("--out", help="write all of them to this file, as JSONL")
    sub.add_argument("--replay", help="decide here what such a file tells, as far as its records and clusters are here")
    sub = verbs.add("undo", "Take back your latest decision.", undo)
    sub.add_argument("--decision", type=int, help="this one instead, by its number: anybody's")
    sub = verbs.add("redo", "Restore the decision that you took back last.", redo)
    sub.add_argument("--decision", type=int, help="this one instead, by its number: anybody's")


def add_note(sub: argparse.ArgumentParser) -> None:
    """Declare why somebody decides."""
    sub.add_argument("--note", default="", help="why, for those who read it later")


def decide(arguments: argparse.Namespace) -> None:
    """Pin, drop or clear records or a cluster."""
    pipeline = open_pipeline(arguments)
    if arguments.cluster is not None:
        decision = _decide_cluster(pipeline, arguments.verb, arguments.cluster, arguments)
        print(f"{arguments.verb}: cluster {decision.cluster} (decision {decision.id})")
        follow(pipeline)
        return
    if arguments.search is not None:
        rows = np.sort(find(pipeline, Query(words=arguments.search, in_order=True)).rows)
        if not len(rows):
            raise CurationError(f"No record holds {arguments.search!r}; search for other words.")
    else:
        rows = parse_rows(arguments.rows, pipeline.workspace.dataset().n_records)
    decision = decide_records(pipeline.workspace, arguments.verb, rows, user_name(), arguments.note)
    print(f"{arguments.verb}: {counted(len(decision.rows), 'record')} (decision {decision.id})")
    if against := told_at_once(contested_in(pipeline), decision):
        warn(against)
    follow(pipeline)


def weight(arguments: argparse.Namespace) -> None:
    """Set a cluster's multiplier."""
    pipeline = open_pipeline(arguments)
    decision = _decide_cluster(pipeline, "weight", arguments.cluster, arguments, arguments.by)
    print(f"weight: cluster {decision.cluster} x {decision.value:g} (decision {decision.id})")
    follow(pipeline)


def log(arguments: argparse.Namespace) -> None:
    """Show, write or replay the log."""
    pipeline = open_pipeline(arguments)
    if arguments.out:
        n = write_log(pipeline, Path(arguments.out))
        print(f"{counted(n, 'decision')} written to {Path(arguments.out).resolve()}")
    if arguments.replay:
        found = replay_log(pipeline, Path(arguments.replay), user_name())
        print(f"{counted(found.n_made, 'decision')} replayed, {found.n_here_before:,} here before")
        for number, said, why in found.missing:
            warn(f"decision {number}, {one_line(said)}: {one_line(why)}")
        follow(pipeline)
    if arguments.out or arguments.replay:
        return
    for made in matching(pipeline.workspace.ledger.decisions(), arguments.who, arguments.action, arguments.words):
        note = f": {one_line(made.note)}" if made.note else ""
        print(f"{made.id:>6}  {made.at}  {made.who or '-'} {told(made)}{note}")


def undo(arguments: argparse.Namespace) -> None:
    """Take back the latest decision in force of who asks, or the one that is named."""
    _revise(arguments, "undo")


def redo(arguments: argparse.Namespace) -> None:
    """Restore the decision that who asks took back last, or the one that is named."""
    _revise(arguments, "redo")


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


def _revise(arguments: argparse.Namespace, action: str) -> None:
    pipeline, who = open_pipeline(arguments), user_name()
    made = revise_own(pipeline.workspace, action, who, arguments.decision or 0)
    print(f"{action}: {told_of(pipeline.workspace.ledger.decisions(), made[-1].refers, who)}")
    follow(pipeline)


def follow(pipeline: Pipeline) -> None:
    """Let the current selection of a run obey the decision, and say how it stands then."""
    now = pipeline.fresh()
    follow_decisions(now)
    if isinstance(now.params("select"), RoundsParams):
        say_current(current_selection(now))
