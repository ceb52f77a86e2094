"""Refinement: selection in rounds, in which feedback moves weight between clusters (D&C, arXiv 2409.11378, algorithm 1).

Pure functions of arrays; `rounds.py` runs them on a workspace, `feedback.py` says where the scores come from.
"""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from ..selection.quotas import shares_within
from .params import RefineParams

FEW = 5  # records, below which a cluster's score is mostly chance: the error of their mean is nearly half their spread


def effective_weights(weights: np.ndarray, multipliers: dict[int, float]) -> np.ndarray:
    """Return (k,) float64: the weights times the curators' multipliers, sum 1."""
    weights = np.array(weights, dtype=np.float64)
    for cluster, factor in multipliers.items():
        weights[cluster] *= factor
    return weights / max(weights.sum(), 1e-300)


def first_weights(n_clusters: int) -> np.ndarray:
    """Return w^0: (k,) float64, 1/k each."""
    return np.full(n_clusters, 1 / n_clusters)


@dataclasses.dataclass(frozen=True)
class Update:
    """How feedback moved the weights; all arrays are (k,) float64. scores: s_j of eq. 5, NaN without a scored record.

    factors: what each weight is multiplied by or replaced with, mean 1 over the scored. weights: w^t, sum 1. floored: bool,
    raised to the floor. direction: of the run. counts: int64, the records that each score is the mean of; None if not told.
    """

    scores: np.ndarray
    factors: np.ndarray
    weights: np.ndarray
    floored: np.ndarray
    direction: str = "harder"
    counts: np.ndarray | None = None


def cluster_scores(scores: np.ndarray, labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return s_j, the mean score of each cluster's records (eq. 5): (k,) float64, NaN where it has none.

    scores: (m,) S_i of eq. 4. labels: (m,) their clusters. Raises CurationError for a score that is not finite.
    """
    if not np.isfinite(scores).all():
        raise CurationError("a score is not a finite number; score the round again.")
    counts = np.bincount(labels, minlength=n_clusters)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.bincount(labels, scores, minlength=n_clusters) / np.where(counts, counts, np.nan)


def update_by_records(weights: np.ndarray, scores: np.ndarray, labels: np.ndarray, params: RefineParams) -> Update:
    """Return the update by the scores of m records. weights: (k,) float64. scores, labels: (m,) scores S_i, their clusters."""
    update = update_weights(weights, cluster_scores(scores.astype(np.float64), labels, len(weights)), params)
    return dataclasses.replace(update, counts=np.bincount(labels, minlength=len(weights)))


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
        if update.counts is not None and update.counts[cluster] < FEW:
            text += f", by {counted(int(update.counts[cluster]), 'record')} only"
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
