"""The history of a run of rounds as arrays and tables: what a page, a report or a notebook shows. Changes nothing."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ..workspace.decisions import ACTIONS, CONSTRAINTS, REVISIONS, Decision, in_force
from ..workspace.shape import base_of, cluster_names
from .run import RefineRun, Round
from .runs import Rounds
from .weights import effective_weights, explain

if TYPE_CHECKING:
    import pandas as pd
LEAST = 1e-3  # the least relative weight that a logarithm is taken of


@dataclasses.dataclass(frozen=True)
class History:
    """How the weights of k clusters went over the rounds of a run.

    names: k cluster names. titles: one a column of weights: "Round 1" …, and "next" where the last round is scored.
    weights: (k, r) float64, sum 1 each, before multipliers. effective: (k, r), after them; "next" has today's.
    decisions: what people decided before each of them, on records and on the run's own clusters: those that stood when it was
    drawn, and taking back or restoring earlier ones. taken_back: the ids of those that do not stand today.
    counts: (k, r) int64, the records that each cluster's score after that round is the mean of, 0 without a score.
    """

    names: list[str]
    titles: list[str]
    weights: np.ndarray
    effective: np.ndarray
    decisions: list[list[Decision]]
    taken_back: frozenset[int] = frozenset()
    counts: np.ndarray | None = None

    @property
    def relative(self) -> np.ndarray:
        """Return (k, r): effective weights as multiples of an equal share."""
        return self.effective * len(self.names)

    @property
    def marks(self) -> list[list[Decision]]:
        """Return, for each column, the decisions on clusters before it that stand today."""
        return [
            [d for d in made if d.target == "cluster" and d.action in CONSTRAINTS and d.id not in self.taken_back]
            for made in self.decisions
        ]

    def most_changed(self, n: int, always: tuple[int, ...] = ()) -> list[int]:
        """Return the ids of n clusters, fewer where there are no more, by what speaks for showing them.

        First those of `always` and those that people decided on, all of them; then in turn the one whose weight rose most and
        the one whose weight fell most.
        """
        logs = np.log(np.maximum(self.relative, LEAST))
        moved = logs[:, -1] - logs[:, 0]
        decided = {d.cluster for made in self.marks for d in made}
        wanted = [c for c in dict.fromkeys((*always, *sorted(decided))) if 0 <= c < len(moved)]
        rising = np.argsort(-moved, kind="stable")
        in_turn = np.stack([rising, rising[::-1]], axis=1).ravel()
        return list(dict.fromkeys([*wanted, *in_turn.tolist()]))[: max(n, len(wanted))]


def history_of(rounds: Rounds, run: RefineRun, upto: int | None = None) -> History:
    """Return the history of a run so far, or of its first `upto` rounds; before its first round only "next" is in it."""
    standing = rounds.rounds(run.id)[:upto]
    arrays = [rounds.arrays(made) for made in standing]
    titles = [f"Round {made.number}" for made in standing]
    weights, effective = [each["weights"] for each in arrays], [each["effective"] for each in arrays]
    counts = [_counts(rounds, run, made, len(weights[0])) for made in standing]
    made_so_far = rounds.workspace.ledger.decisions()
    base = base_of(rounds.results, run.inputs["cluster"])
    decisions = [_between(base, made_so_far, standing, made) for made in standing]
    if not standing or (standing[-1].feedback and len(standing) < run.params.rounds):
        coming = rounds.next_weights(run, upto)
        weights.append(coming)
        effective.append(effective_weights(coming, rounds.multipliers(run)))
        counts.append(np.zeros(len(coming), np.int64))
        titles.append("next")
        decisions.append(_between(base, made_so_far, standing, None))
    names = cluster_names(rounds.results, run.inputs["cluster"])
    taken_back = {d.id for d in made_so_far if d.action in ACTIONS} - {d.id for d in in_force(made_so_far)}
    return History(
        names,
        titles,
        np.stack(weights, 1),
        np.stack(effective, 1),
        decisions,
        frozenset(taken_back),
        np.stack(counts, 1),
    )


def _counts(rounds: Rounds, run: RefineRun, made: Round, k: int) -> np.ndarray:
    update = rounds.update(run, made)
    return np.zeros(k, np.int64) if update is None else update.counts


def decisions_before(rounds: Rounds, run: RefineRun, made: Round | None) -> list[Decision]:
    """Return what people decided between the round before `made` and `made`, or since the last round where None.

    Before the first round everything decided so far counts. See `History.decisions` for what is left out.
    """
    base = base_of(rounds.results, run.inputs["cluster"])
    return _between(base, rounds.workspace.ledger.decisions(), rounds.rounds(run.id), made)


def _between(base: str, decisions: list[Decision], standing: list[Round], made: Round | None) -> list[Decision]:
    """See `decisions_before`. base: the key of the clustering that the run's was shaped from."""
    before = [each for each in standing if made is None or each.number < made.number]
    since = before[-1].last_decision if before else 0
    then = [d for d in decisions if made is None or d.id <= made.last_decision]
    stood, about = {d.id for d in in_force(then)}, {d.id: d for d in decisions}

    def counts(d: Decision) -> bool:
        what = about.get(d.refers, d) if d.action in REVISIONS else d
        if what.target == "cluster" and what.clustering != base:
            return False  # of another clustering: set aside
        return d.id in stood if d.action in ACTIONS else d.refers <= since

    return [d for d in then if d.id > since and counts(d)]


def drawn_by(rounds: Rounds, run: RefineRun, made: Round) -> tuple[np.ndarray, np.ndarray | None]:
    """Return (before, after): the weights that round `made` drew by and those that the next one drew by, or would, (k,) each.

    Multiples of an equal share, curators' multipliers counted in, as `History.relative`. after: None without feedback.
    """
    before, update = rounds.arrays(made)["effective"], rounds.update(run, made)
    later = [each for each in rounds.rounds(run.id) if each.number == made.number + 1]
    if update is None:
        after = None
    elif later:
        after = rounds.arrays(later[0])["effective"] * len(before)
    else:
        after = effective_weights(update.weights, rounds.multipliers(run)) * len(before)
    return before * len(before), after


def round_table(rounds: Rounds, run: RefineRun, made: Round) -> "pd.DataFrame":
    """Return one row a cluster: weight before, multiplier, score, records scored, factor, weight after, what held it, quota, taken,
    left.

    Weights are those of `drawn_by`. Without feedback there is no score, count of scored, factor or weight after.
    """
    import pandas as pd  # here, for it would double what a bare command takes to start

    arrays, update, (before, after) = rounds.arrays(made), rounds.update(run, made), drawn_by(rounds, run, made)
    k = len(before)
    factors = {int(cluster): factor for cluster, factor in rounds.info(made)["multipliers"].items()}
    taken = np.bincount(rounds.labels(run)[rounds.rows(made)], minlength=k)
    decided = decisions_before(rounds, run, made)
    columns = {
        "cluster": np.arange(k),
        "name": cluster_names(rounds.results, run.inputs["cluster"]),
        "weight": before,
        "multiplier": [factors.get(cluster, 1.0) for cluster in range(k)],
    }
    if update is not None:
        columns |= {"score": update.scores, "scored": update.counts, "factor": update.factors, "after": after}
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
    people = {d.cluster: d.action for d in decided if d.target == "cluster" and d.action in CONSTRAINTS}
    wanted = arrays["effective"] * arrays["quotas"].sum()
    words = []
    for cluster, left in enumerate(arrays["left"]):
        held = []
        if floored is not None and floored[cluster]:
            held.append("floor")
        if left == 0 and wanted[cluster] > arrays["quotas"][cluster]:
            held.append("cap")
        if cluster in factors or cluster in people:
            held.append("decision")
        words.append(", ".join(held))
    return words


def why(rounds: Rounds, run: RefineRun, made: Round, cluster: int) -> str:
    """Return in one sentence why a cluster's weight moved after a round, or what is known before the round is scored."""
    update, (before, after) = rounds.update(run, made), drawn_by(rounds, run, made)
    multiplier = float(rounds.info(made)["multipliers"].get(str(cluster), 1.0))
    left = int(rounds.arrays(made)["left"][cluster])
    if update is not None:
        drawn = dataclasses.replace(update, weights=after / len(after))
        text = explain(cluster, float(before[cluster]) / len(before), drawn, multiplier, left)
        then = _multiplier_after(rounds, run, made, cluster)
        return text + (f" Since then a curator multiplies it by {then:g}." if then != multiplier else "")
    times = f", multiplied by {multiplier:g} by a curator" if multiplier != 1 else ""
    ends = "; it has no record left to give" if left == 0 else ""
    return f"It drew with {before[cluster]:.2f} times an equal share{times}; this round has no scores{ends}."


def _multiplier_after(rounds: Rounds, run: RefineRun, made: Round, cluster: int) -> float:
    """Return a cluster's multiplier in the round after `made`, or today's."""
    later = [each for each in rounds.rounds(run.id) if each.number == made.number + 1]
    if not later:
        return rounds.multipliers(run).get(cluster, 1.0)
    return float(rounds.info(later[0])["multipliers"].get(str(cluster), 1.0))
