"""Steps of `tests/kill.py`: what people decide, and rounds that follow it.

Each decision is one call of a person's, and the ledger says how many of its lines were there when it was done.
"""

import numpy as np

from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.vectors.duplicates.params import Threshold
from core.vectors.duplicates.stage import groups_at, keep_best, note_of
from core.vectors.reshaping import merge_clusters, rename_cluster
from core.workspace.deciding import decide_cluster, decide_clusters, decide_records
from core.workspace.edits import edit_record
from core.workspace.picks import keep_pick
from core.workspace.revising import revise_own
from tests.conftest import TinyEncoder
from tests.kill_case import Case, Do


def _drop_duplicates(case: Case) -> None:
    pipeline, at = case.pipeline, Threshold("words", 0.95, 0.9)
    found = keep_best(pipeline, groups_at(pipeline, at), "quality")
    decide_records(case.workspace, "drop", found.drop, "ann", note_of(at, "quality"))


def _records(action: str, row: int) -> Do:
    return lambda case: decide_records(case.workspace, action, np.array([row, row + 1]), "ann", f"{row}")


_BEFORE_ROUNDS: tuple[tuple[Do, int], ...] = (
    (_records("pin", 1), 1),
    (_records("drop", 8), 1),
    (lambda case: rename_cluster(case.pipeline, 1, "Ours", "ann"), 1),
    (lambda case: edit_record(case.workspace, 1, "output", "A better answer.", "ann"), 1),
    (lambda case: decide_clusters(case.pipeline, "weight", (0, 2, 3), "ben", value=2.0), 3),
    (_drop_duplicates, 1),
    (_records("pin", 15), 1),
    (lambda case: revise_own(case.workspace, "undo", "ann"), 1),
    (lambda case: revise_own(case.workspace, "redo", "ann"), 1),
)
_AFTER_ROUNDS: tuple[tuple[Do, int], ...] = (
    (_records("drop", 22), 1),
    (_records("pin", 29), 1),
    (lambda case: decide_cluster(case.pipeline, "weight", 1, "ben", value=0.5), 1),
)
_MERGED: tuple[tuple[Do, int], ...] = ((lambda case: merge_clusters(case.pipeline, (4, 5), "ann"), 1),)


def _decide(decisions: tuple[tuple[Do, int], ...], n_before: int) -> Do:
    """Return what makes those of the decisions that are not there yet, and writes down each that was told to be made."""

    def decide(case: Case) -> None:
        end = n_before
        for make, n_lines in decisions:
            there, end = len(case.workspace.ledger.decisions()), end + n_lines
            if there < end:
                if there != end - n_lines:
                    raise SystemExit(f"a decision of {n_lines} lines has {there - end + n_lines} in the ledger")
                make(case)
            with (case.folder / "decided").open("w") as file:
                file.write(f"{end}")

    return decide


def _n_lines(decisions: tuple[tuple[Do, int], ...]) -> int:
    return sum(n for _, n in decisions)


def rounds(until: int) -> Do:
    """Return what goes on to a round."""

    def go_on(case: Case) -> None:
        run = Rounds(case.pipeline)
        if not run.workspace.ledger.runs():
            run.start(RefineParams("40", 2), who="ann")
        advance(run, Advance(1, until=until), encoder=TinyEncoder())

    return go_on


def pick(case: Case) -> None:
    """Keep a pick under a name."""
    keep_pick(case.workspace, "area", "here", np.arange(5), name="Mine", who="ann")


_N_FIRST = _n_lines(_BEFORE_ROUNDS)
before_rounds = _decide(_BEFORE_ROUNDS, 0)
after_rounds = _decide(_AFTER_ROUNDS, _N_FIRST)
merge = _decide(_MERGED, _N_FIRST + _n_lines(_AFTER_ROUNDS))
