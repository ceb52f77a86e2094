"""Why a run of rounds took a record or left it: the round, its place there, and the weight that its cluster drew with."""

import numpy as np

from ..base.arrays import is_among
from ..base.text import counted, ordinal
from ..selection.params import REASONS
from .run import RefineRun, Round
from .runs import Rounds


def why_in_rounds(rounds: Rounds, run: RefineRun, upto: int, rows: np.ndarray) -> list[str]:
    """Return a sentence for each of `rows` on the first `upto` rounds of a run. A draw's rank is kept of what was taken only."""
    standing, labels = rounds.rounds(run.id)[:upto], rounds.labels(run)
    stays = is_among(rows, rounds.taken(run, upto))
    said: dict[int, str] = {}
    for made in standing:
        mine = rows[stays & is_among(rows, rounds.rows(made))].tolist()
        said |= {row: _taken(rounds, run, made, labels, row) for row in mine}
    for row in rows.tolist():
        if row not in said:
            said[row] = _left(rounds, run, standing, labels, row)
    return [said[row] for row in rows.tolist()]


def _taken(rounds: Rounds, run: RefineRun, made: Round, labels: np.ndarray, row: int) -> str:
    held, cluster = rounds.rows(made), int(labels[row])
    reasons = rounds.workspace.table("round", made.key)["reason"].to_numpy()
    at = f"Selected in round {made.number} of run {run.id}"
    if reasons[np.flatnonzero(held == row)[0]] == REASONS.index("pinned"):
        return f"{at}, since it was pinned then."
    own = held[(labels[held] == cluster) & (reasons != REASONS.index("pinned"))]
    place = ordinal(int(np.flatnonzero(own == row)[0]) + 1)
    drew = _relative(rounds, made, cluster)
    return (
        f"{at} ({run.params.inside}): {place} of the {len(own):,} taken from cluster {cluster}, which drew with {drew}."
    )


def _left(rounds: Rounds, run: RefineRun, standing: list[Round], labels: np.ndarray, row: int) -> str:
    cluster = int(labels[row])
    if not standing:
        return f"Not selected: no round of run {run.id} stands."
    if any((rounds.rows(made) == row).any() for made in standing):
        return f"Not selected: a round of run {run.id} took it, and its place was needed for others since."
    gave = sum(int((labels[rounds.rows(made)] == cluster).sum()) for made in standing)
    return (
        f"Not selected in {counted(len(standing), 'round')} of run {run.id} ({run.params.inside}): cluster {cluster} gave "
        f"{gave:,} of its {int((labels == cluster).sum()):,} records, at last with {_relative(rounds, standing[-1], cluster)}; "
        "of what a round leaves, it keeps no rank."
    )


def _relative(rounds: Rounds, made: Round, cluster: int) -> str:
    effective = rounds.arrays(made)["effective"]
    return f"{effective[cluster] * len(effective):.2f} times an equal share"
