"""What a run of rounds leaves in its workspace: its rounds' records as the selection; rounds taken back."""

import numpy as np

from core.errors import CurationError
from core.params import digest
from core.refinement import RoundsParams, rounds_target
from core.rounds import RefineRun, Round, Rounds
from core.selection import Selection
from core.words import counted


def take_back(rounds: Rounds, run_id: int, number: int, who: str = "") -> int:
    """Take back round `number` and those after it; they stay on record. Return how many were taken back."""
    run = rounds.run(run_id)
    count = rounds.workspace.ledger.take_back_rounds(run.id, number, who) if number >= 1 else 0
    if not count:
        raise CurationError(f"Run {run.id} has no round {number} to take back.")
    if rounds.state(run.id) != "stale":
        publish(rounds, run)
    return count


def publish(rounds: Rounds, run: RefineRun) -> None:
    """Make all that the run has taken so far the workspace's selection, in the order of the rounds.

    Without a round left the selection that the run had made is out of date.
    """
    standing = rounds.rounds(run.id)
    if not standing:
        rounds.workspace.ledger.set_settings("select", RoundsParams(run.id, 0, "", run.params.budget).as_dict())
        return
    rows, table = rounds.in_order(run, None)
    labels = rounds.labels(run)
    wanted = rounds_target(run.params.n_records(len(labels)), run.params.rounds, len(standing))
    selection = Selection(
        rows=rows,
        clusters=labels[rows].astype(np.int32),
        scores=table["score"].to_numpy(),
        reasons=table["reason"].to_numpy(),
        requested=wanted,
        shortfall=_shortfall(rounds, run, standing[-1], rows, wanted),
    )
    course = digest([[made.key, made.feedback] for made in standing[:-1]], standing[-1].key)
    rounds.pipeline.publish(RoundsParams(run.id, len(standing), course, run.params.budget), selection)


def _shortfall(rounds: Rounds, run: RefineRun, last: Round, rows: np.ndarray, wanted: int) -> str:
    """Return what the rounds so far lack, in words, or ""."""
    told = [text] if (text := rounds.info(last)["shortfall"]) else []
    anew = "the next round" if last.number < run.params.rounds else f"round {last.number}, selected anew,"
    if not told and (missing := wanted - len(rows)) > 0:
        told.append(f"{counted(missing, 'record')} short since some were dropped; {anew} fills their places.")
    if missing := len(np.setdiff1d(rounds.pipeline.overrides().pinned, rows)):
        told.append(f"{missing:,} pinned records are not in yet; {anew} takes them.")
    return " ".join(told)
