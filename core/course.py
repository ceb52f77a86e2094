"""The course of a run of rounds as arrays and tables: what a page, a report or a notebook shows. Changes nothing."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from core.overrides import ACTIONS, Decision
from core.refinement import effective_weights, explain
from core.rounds import RefineRun, Round, Rounds

if TYPE_CHECKING:
    import pandas as pd

LEAST = 1e-3  # the least relative weight that a logarithm is taken of


@dataclasses.dataclass(frozen=True)
class Course:
    """How the weights of k clusters went over the rounds of a run.

    names: k cluster names. titles: one a column of weights: "Round 1" …, and "next" where the last round is scored.
    weights: (k, r) float64, sum 1 each, before multipliers. effective: (k, r), after them; "next" has today's.
    decisions: what people decided before each of them.
    """

    names: list[str]
    titles: list[str]
    weights: np.ndarray
    effective: np.ndarray
    decisions: list[list[Decision]]

    @property
    def relative(self) -> np.ndarray:
        """Return (k, r): effective weights as multiples of an equal share."""
        return self.effective * len(self.names)

    def most_changed(self, n: int, always: tuple[int, ...] = ()) -> list[int]:
        """Return the ids of n clusters, fewer where there are no more, by what speaks for showing them.

        First those of `always` and those that people decided on, all of them; then in turn the one whose weight rose most and
        the one whose weight fell most.
        """
        logs = np.log(np.maximum(self.relative, LEAST))
        moved = logs[:, -1] - logs[:, 0]
        decided = {d.cluster for made in self.decisions for d in made if d.target == "cluster"}
        wanted = [c for c in dict.fromkeys((*always, *sorted(decided))) if 0 <= c < len(moved)]
        rising = np.argsort(-moved, kind="stable")
        in_turn = np.stack([rising, rising[::-1]], axis=1).ravel()
        return list(dict.fromkeys([*wanted, *in_turn.tolist()]))[: max(n, len(wanted))]


def course_of(rounds: Rounds, run: RefineRun) -> Course:
    """Return the course of a run so far; before its first round only "next" is in it."""
    standing = rounds.rounds(run.id)
    arrays = [rounds.arrays(made) for made in standing]
    titles = [f"Round {made.number}" for made in standing]
    weights, effective = [each["weights"] for each in arrays], [each["effective"] for each in arrays]
    made_so_far = rounds.workspace.ledger.decisions()
    decisions = [_between(made_so_far, standing, made) for made in standing]
    if not standing or (standing[-1].feedback and len(standing) < run.params.rounds):
        coming = rounds.next_weights(run)
        weights.append(coming)
        effective.append(effective_weights(coming, rounds.multipliers(run)))
        titles.append("next")
        decisions.append(_between(made_so_far, standing, None))
    names = rounds.workspace.info("cluster", run.inputs["cluster"])["names"]
    return Course(names, titles, np.stack(weights, 1), np.stack(effective, 1), decisions)


def decisions_before(rounds: Rounds, run: RefineRun, made: Round | None) -> list[Decision]:
    """Return what people decided between the round before `made` and `made`, or since the last round where None.

    Before the first round everything decided so far counts.
    """
    return _between(rounds.workspace.ledger.decisions(), rounds.rounds(run.id), made)


def _between(decisions: list[Decision], standing: list[Round], made: Round | None) -> list[Decision]:
    before = [each for each in standing if made is None or each.number < made.number]
    since = before[-1].last_decision if before else 0
    return [d for d in decisions if since < d.id and (made is None or d.id <= made.last_decision)]


def round_table(rounds: Rounds, run: RefineRun, made: Round) -> "pd.DataFrame":
    """Return one row a cluster: weight before, multiplier, score, factor, weight after, what held it, quota, taken, left.

    Weights are multiples of an equal share. Without feedback there is no score, factor or weight after.
    """
    import pandas as pd  # here, for it would double what a bare command takes to start

    arrays, update = rounds.arrays(made), rounds.update(run, made)
    k = len(arrays["weights"])
    factors = {int(cluster): factor for cluster, factor in rounds.info(made)["multipliers"].items()}
    taken = np.bincount(rounds.labels(run)[rounds.rows(made)], minlength=k)
    decided = decisions_before(rounds, run, made)
    columns = {
        "cluster": np.arange(k),
        "name": rounds.workspace.info("cluster", run.inputs["cluster"])["names"],
        "weight": arrays["weights"] * k,
        "multiplier": [factors.get(cluster, 1.0) for cluster in range(k)],
    }
    if update is not None:
        columns |= {"score": update.scores, "factor": update.factors, "after": update.weights * k}
    columns |= {
        "held by": _held_by(arrays, factors, None if update is None else update.floored, decided),
        "quota": arrays["quotas"],
        "taken": taken,
        "left": arrays["left"],
    }
    return pd.DataFrame(columns)


def _held_by(
    arrays: dict[str, np.ndarray], factors: dict[int, float], floored: np.ndarray | None, decided: list[Decision]
) -> list[str]:
    people = {d.cluster: d.action for d in decided if d.target == "cluster" and d.action in ACTIONS}
    wanted = arrays["effective"] * arrays["quotas"].sum()
    words = []
    for cluster, left in enumerate(arrays["left"]):
        held = []
        if floored is not None and floored[cluster]:
            held.append("floor")
        if left == 0 and wanted[cluster] > arrays["quotas"][cluster]:
            held.append("cap")
        if cluster in factors or cluster in people:
            held.append("override")
        words.append(", ".join(held))
    return words


def why(rounds: Rounds, run: RefineRun, made: Round, cluster: int) -> str:
    """Return in one sentence why a cluster's weight moved after a round, or what is known before the round is scored."""
    arrays, update = rounds.arrays(made), rounds.update(run, made)
    multiplier = float(rounds.info(made)["multipliers"].get(str(cluster), 1.0))
    left = int(arrays["left"][cluster])
    if update is not None:
        return explain(cluster, float(arrays["weights"][cluster]), update, multiplier, left)
    times = f", multiplied by {multiplier:g} by a curator" if multiplier != 1 else ""
    ends = "; it has no record left to give" if left == 0 else ""
    times_equal = arrays["weights"][cluster] * len(arrays["weights"])
    return f"It drew with {times_equal:.2f} times an equal share{times}; this round has no scores{ends}."
