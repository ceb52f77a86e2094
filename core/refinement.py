"""Refinement: selection in rounds, in which feedback moves weight between clusters (D&C, arXiv 2409.11378, algorithm 1).

Pure functions of arrays; `rounds.py` runs them on a workspace, `feedback.py` says where the scores come from.
"""

import dataclasses

import numpy as np

from core.errors import CurationError
from core.params import Params, check_at_least, check_choice, check_count
from core.selection import Pool, Selection, SelectionParams, cluster_quotas, select_records, shares_within
from core.words import counted

FEEDBACKS = {
    "proxy": "Winnow's own stand-in for a model, not the paper's: how badly a small regression predicts the response "
    "from the prompt. Seconds, needs nothing.",
    "lm": "A language model tuned here on what is taken so far; what it answers worse than the data says so.",
    "import": "You train elsewhere, with anything, and bring back a score for every record.",
}
UPDATES = {
    "multiply": "a softmax of the scores, multiplied into the weights",
    "replace": "a softmax of the scores, in place of the weights (the released code)",
    "paper": "equation 6 as printed: a cluster's share of the scores, multiplied into its weight",
}
SCALES = {
    "standardised": "as standard deviations from the mean over clusters, whatever scorer they come from",
    "raw": "as they are (the released code)",
}
DIRECTIONS = {
    "harder": "more weight to clusters that the model does badly on (equation 7)",
    "easier": "more weight to clusters that it does well on: the other reading of the paper's section 2.2",
}
INSIDE = ("kmq", "kmeans-random", "kmeans-closest", "kmeans-median")
SCORED = ("all", "round")
_TEMPERATURE = 2.0
_RAW_TEMPERATURES = {"proxy": 0.25, "lm": 1.0, "import": 1.0}


@dataclasses.dataclass(frozen=True)
class RefineParams(Params):
    """What a run of rounds is, as methods.md 1.2 names it.

    budget: a count or a percentage, spread over `rounds` exactly. feedback: one of FEEDBACKS. update: one of UPDATES; the
    default multiplies as the paper does, by a softmax, because scores can be negative and equation 6's share then has no
    meaning. scale: one of SCALES, of the scores that the softmax is taken of; standardised, so that a judge's points and
    differences of losses move weights alike. temperature: of the softmax, smaller moves more; 0 takes 2, with which a
    cluster two deviations above the mean gets e times the factor of one at the mean, about what equation 6 gives where
    scores spread by half their mean; for raw scores 0 takes 1 (released code), for proxy 0.25, whose scores lie close
    together. direction: one of DIRECTIONS.
    floor: the least weight of a cluster, as a share of the mean weight, 0..1. inside: the method inside a cluster.
    probability: see SelectionParams. scored: feedback on "all" taken so far (paper) or this "round" (released code).
    """

    budget: str = "10%"
    rounds: int = 3
    feedback: str = "proxy"
    update: str = "multiply"
    temperature: float = 0.0
    floor: float = 0.0
    inside: str = "kmq"
    probability: str = "proportional"
    scored: str = "all"
    seed: int = 0
    scale: str = "standardised"
    direction: str = "harder"

    def __post_init__(self) -> None:
        check_count("rounds", self.rounds, 1)
        check_choice("feedback", self.feedback, tuple(FEEDBACKS))
        check_choice("update", self.update, tuple(UPDATES))
        check_choice("scale", self.scale, tuple(SCALES))
        check_choice("direction", self.direction, tuple(DIRECTIONS))
        if self.update == "paper" and self.direction != "harder":
            raise CurationError(
                "update paper goes by each cluster's share of the scores, which can't be turned round; take multiply or "
                "replace with direction easier."
            )
        check_at_least("temperature", self.temperature, 0)
        check_at_least("floor", self.floor, 0)
        if self.floor > 1:
            raise CurationError(f"floor is {self.floor!r}; it is a share of the mean weight and must be 1 at most.")
        check_choice("inside", self.inside, INSIDE)
        check_choice("scored", self.scored, SCORED)
        asked = SelectionParams(self.budget, self.inside, probability=self.probability, seed=self.seed)
        object.__setattr__(self, "budget", asked.budget)

    def selection(self, number: int, budget: int) -> SelectionParams:
        """Return the params of round `number`, which is to take `budget` records."""
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        return SelectionParams(str(budget), self.inside, probability=self.probability, seed=seed)

    def n_records(self, n_pool: int) -> int:
        """Return the budget as a number of records out of `n_pool`. Raises CurationError: fewer records than rounds."""
        count = SelectionParams(self.budget).n_records(n_pool)
        if count < self.rounds:
            raise CurationError(
                f"A budget of {count:,} can't be spread over {counted(self.rounds, 'round')}; ask for more records."
            )
        return count

    @property
    def softmax_temperature(self) -> float:
        """Return the temperature that applies."""
        return self.temperature or (_RAW_TEMPERATURES[self.feedback] if self.scale == "raw" else _TEMPERATURE)

    @property
    def update_words(self) -> str:
        """Return how scores move weights, in a few words."""
        if self.update == "paper":
            return "equation 6 as printed"
        told = f"{self.update}, temperature {self.softmax_temperature:g}"
        told += " of raw scores" if self.scale == "raw" else ""
        return told + (", the other way round" if self.direction == "easier" else "")


@dataclasses.dataclass(frozen=True)
class RoundsParams(Params):
    """What a selection by rounds is known by, where other selections have SelectionParams.

    run: of the workspace. rounds: how many are in it. course: a hash of those rounds. budget: of the whole run.
    """

    run: int
    rounds: int
    course: str
    budget: str = "10%"
    method: str = "rounds"

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that such a selection cannot do without."""
        return ("cluster",)

    def n_records(self, n_pool: int) -> int:
        """Return the whole run's budget as a number of records."""
        return SelectionParams(self.budget).n_records(n_pool)


@dataclasses.dataclass(frozen=True)
class RoundSelection:
    """What a round took. selection: of this round only. All arrays are (k,), one entry a cluster.

    weights: float64, before the curator's multipliers, sum 1. effective: after them, sum 1. quotas: int64, pins included.
    held: int64, what each could give. left: int64, what each still holds.
    """

    selection: Selection
    weights: np.ndarray
    effective: np.ndarray
    quotas: np.ndarray
    held: np.ndarray
    left: np.ndarray


def rounds_target(budget: int, rounds: int, number: int) -> int:
    """Return how many records rounds 1 to `number` take together: budget / rounds each, the remainder in the first ones."""
    return budget // rounds * number + min(number, budget % rounds)


def effective_weights(weights: np.ndarray, multipliers: dict[int, float]) -> np.ndarray:
    """Return (k,) float64: the weights times the curators' multipliers, sum 1."""
    weights = np.array(weights, dtype=np.float64)
    for cluster, factor in multipliers.items():
        weights[cluster] *= factor
    return weights / max(weights.sum(), 1e-300)


def first_weights(n_clusters: int) -> np.ndarray:
    """Return w^0: (k,) float64, 1/k each."""
    return np.full(n_clusters, 1 / n_clusters)


def select_round(
    pool: Pool, params: RefineParams, number: int, weights: np.ndarray, taken: np.ndarray
) -> RoundSelection:
    """Take round `number`'s records from the pool without `taken`, by `weights` ((k,) float64) over the clusters.

    taken: row ids of the earlier rounds that are still wanted; where a curator has since dropped some, this round fills
    their places. Pins not yet taken come first. Raises CurationError: more pins than the round has room for.
    """
    goal = rounds_target(params.n_records(pool.n_records), params.rounds, number) - len(taken)
    pinned = np.setdiff1d(pool.pinned, taken)
    assert goal >= 0  # what is taken never exceeds the rounds' part of the budget
    if len(pinned) > goal:
        raise CurationError(
            f"{len(pinned):,} pinned records are not taken yet, but round {number} takes {goal:,}; "
            "raise the budget, take fewer rounds, or unpin some."
        )
    k = len(weights)
    away = np.union1d(pool.dropped, taken)
    rest = dataclasses.replace(pool, pinned=pinned, dropped=away, weights=weights)
    held = np.bincount(pool.labels[np.setdiff1d(np.arange(pool.n_records), away)], minlength=k)
    if goal == 0:
        selection, quotas = _nothing(), np.zeros(k, np.int64)
    else:
        wanted = params.selection(number, goal)
        quotas = cluster_quotas(rest, wanted, goal) + np.bincount(pool.labels[pinned], minlength=k)
        selection = select_records(rest, wanted)
    if selection.shortfall:
        missing = selection.requested - len(selection)
        why = f"{len(taken):,} are taken already, {len(pool.dropped):,} dropped, or their cluster has weight 0"
        selection = dataclasses.replace(
            selection, shortfall=f"Round {number} is {counted(missing, 'record')} short: of {pool.n_records:,}, {why}."
        )
    effective = effective_weights(weights, pool.multipliers)
    left = held - np.bincount(pool.labels[selection.rows], minlength=k)
    return RoundSelection(selection, weights, effective, quotas, held, left)


def _nothing() -> Selection:
    return Selection(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int8), 0)


@dataclasses.dataclass(frozen=True)
class Update:
    """How feedback moved the weights; all arrays are (k,) float64. scores: s_j of eq. 5, NaN without a scored record.

    factors: what each weight is multiplied by or replaced with, mean 1 over the scored. weights: w^t, sum 1. floored: bool,
    raised to the floor. direction: of the run.
    """

    scores: np.ndarray
    factors: np.ndarray
    weights: np.ndarray
    floored: np.ndarray
    direction: str = "harder"


def cluster_scores(scores: np.ndarray, labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return s_j, the mean score of each cluster's records (eq. 5): (k,) float64, NaN where it has none.

    scores: (m,) S_i of eq. 4. labels: (m,) their clusters. Raises CurationError for a score that is not finite.
    """
    if not np.isfinite(scores).all():
        raise CurationError("a score is not a finite number; score the round again.")
    counts = np.bincount(labels, minlength=n_clusters)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.bincount(labels, scores, minlength=n_clusters) / np.where(counts, counts, np.nan)


def update_weights(weights: np.ndarray, scores: np.ndarray, params: RefineParams) -> Update:
    """Return w^t from w^(t-1) and s (eq. 6). weights, scores: (k,) float64. A cluster without a score gets the mean factor."""
    scored = np.isfinite(scores)
    factors = np.ones(len(weights))
    if scored.any():
        factors[scored] = _factors(scores[scored], params)
    raised = factors * (1.0 if params.update == "replace" else weights)
    new = raised / raised.sum() if raised.sum() > 0 else np.array(weights)
    floored = np.zeros(len(new), bool)
    if params.floor:
        least = params.floor / len(new)
        floored = new < least
        new = shares_within(np.maximum(new, 1e-300), 1.0, np.ones(len(new)), np.full(len(new), least))
    return Update(scores, factors, new, floored, params.direction)


def _factors(scores: np.ndarray, params: RefineParams) -> np.ndarray:
    """Return (m,) factors of mean 1 of m finite scores: of eq. 6 as printed, or a softmax, since scores can be negative."""
    if params.update == "paper":
        shares = np.maximum(scores, 0)  # where the model's own answers are worse, there is nothing to learn
        return shares / shares.mean() if shares.any() else np.ones(len(scores))
    if params.scale == "standardised":
        spread = scores.std()
        # Equal scores differ by what rounding left of them.
        flat = spread <= 1e-9 * max(np.abs(scores).max(), 1e-300)
        scores = np.zeros(len(scores)) if flat else (scores - scores.mean()) / spread
    if params.direction == "easier":
        scores = -scores
    logits = (scores - scores.max()) / params.softmax_temperature
    return np.exp(logits) / np.exp(logits).mean()


def explain(cluster: int, before: float, update: Update, multiplier: float, left: int | None) -> str:
    """Return in one sentence why a cluster's weight moved. before: its weight. left: the records it still holds, or None."""
    after, mean = update.weights[cluster], np.nanmean(update.scores) if np.isfinite(update.scores).any() else 0.0
    score, factor = update.scores[cluster], update.factors[cluster]
    k = len(update.weights)
    moved = (
        f"its weight stayed at {after * k:.2f} times an equal share"
        if abs(after - before) <= 0.005 * before
        else f"its weight went from {before * k:.2f} to {after * k:.2f} times an equal share"
    )
    if not np.isfinite(score):
        text = f"No record of it was scored, so it took the mean factor, and {moved}"
    else:
        worse = "worse" if score > mean else "better"
        text = f"The model does {worse} on its records than on most clusters' (score {score:.3f}, mean {mean:.3f})"
        if update.direction == "easier":
            text += ", and this run gives weight to what it does well on"
        if (factor > 1) != ((score > mean) == (update.direction == "harder")):
            text += f", but a few clusters are far from the mean and set the scale: factor {factor:.2f}"
        if factor == 0 and score <= 0:
            text += "; a score of 0 or less has no share in equation 6"
        joint = ", so" if (after > before) == (factor > 1) else "; with the others' moves"
        text += f"{joint} {moved}"
    extras = []
    if update.floored[cluster]:
        extras.append("held up by the floor")
    if multiplier != 1:
        extras.append(f"a curator multiplies it by {multiplier:g}")
    if left == 0:
        extras.append("it has no record left to give")
    return text + (f"; {'; '.join(extras)}." if extras else ".")
