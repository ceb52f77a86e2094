"""How many clusters: what several numbers would give, side by side, with advice in plain words. Decides nothing."""

import dataclasses
from typing import Any

import numpy as np

from ..base.budget import checked_budget, records_of
from ..base.errors import CurationError
from ..base.params import Params, check_count, option
from ..base.progress import Progress, no_progress, part_of
from .clustering import ClusterParams, Clusters, cluster_embeddings, cluster_means, suggest_n_clusters

_SAMPLE = 4096
_ITERATIONS = 10
_FEW = 0.05
WEAK = (
    "Silhouette is weak evidence: over the eight numbers of clusters that the paper tried, it went along with the tuned model's "
    "result only loosely (correlation about 0.47)."
)


def parse_counts(text: str) -> tuple[int, ...]:
    """Return the numbers of "64,128,256", ascending. Raises CurationError for anything else."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) >= 2 for part in parts):
        raise CurationError(f"counts is {text!r}; it must be whole numbers of at least 2, as in 64,128,256.")
    return tuple(sorted({int(part) for part in parts}))


@dataclasses.dataclass(frozen=True)
class SuggestParams(Params):
    """budget: what the clusters are to fill. counts: the numbers to try; () takes a range around "auto"."""

    budget: str = option("10%", "the budget that clusters are to fill", label="For a budget of")
    counts: tuple[int, ...] = option(
        (),
        "the numbers to try, as in 64,128,256",
        label="Numbers to try",
        parse=parse_counts,
        usual="a range around auto",
    )
    seed: int = option(0, "of everything random", least=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", tuple(self.counts))
        for count in self.counts:
            check_count("a number of clusters", count, 2)
        object.__setattr__(self, "budget", checked_budget(self.budget))
        super().__post_init__()


def counts_to_try(n_records: int) -> tuple[int, ...]:
    """Return up to six numbers of clusters from an eighth of "auto" to four times it."""
    auto = suggest_n_clusters(n_records)
    tried = {int(np.clip(round(auto * factor), 2, max(2, n_records // 2))) for factor in (0.125, 0.25, 0.5, 1, 2, 4)}
    return tuple(sorted(tried))


def compare_counts(
    embeddings: np.ndarray, params: SuggestParams, device: str = "auto", progress: Progress = no_progress
) -> dict[str, Any]:
    """Cluster (n, d) float32 unit rows with every number and return {"choices": a dict each, "advice": sentences}.

    A choice has n_clusters; silhouette (of up to 4,096 records, cosine distance, -1..1, higher is better); objective (mean
    squared distance to the centroid); too_small (the share of clusters that hold less than an equal share of the budget);
    singletons (the share that hold one record).
    """
    n = len(embeddings)
    counts = params.counts or counts_to_try(n)
    if counts[-1] > n:
        raise CurationError(f"{counts[-1]:,} clusters of {n:,} records can't be; try {n:,} at most.")
    budget = records_of(params.budget, n)
    sample = np.sort(np.random.default_rng(params.seed).choice(n, min(n, _SAMPLE), replace=False))
    work = np.cumsum([0, *counts]) / sum(counts)
    choices = []
    for i, count in enumerate(counts):
        within = part_of(progress, work[i], work[i + 1])
        clusters = cluster_embeddings(embeddings, ClusterParams(count, _ITERATIONS, params.seed), device, within)
        sizes = clusters.sizes
        choices.append(
            {
                "n_clusters": len(sizes),
                "silhouette": round(float(silhouettes(embeddings, clusters, sample).mean()), 6),
                "objective": round(clusters.objective / n, 6),
                "too_small": round(float((sizes < budget / len(sizes)).mean()), 6),
                "singletons": round(float((sizes == 1).mean()), 6),
            }
        )
    return {"choices": choices, "advice": advise(choices), "budget": budget}


def silhouettes(embeddings: np.ndarray, clusters: Clusters, rows: np.ndarray) -> np.ndarray:
    """Return the silhouette of each of `rows` ((m,) row ids) against all records, by cosine distance: (m,) float64.

    The mean cosine distance of x to a cluster is 1 - x.(mean of its members), so no pair is ever compared.
    A record alone in its cluster has 0 (Rousseeuw 1987).
    """
    k, sizes = len(clusters.centroids), clusters.sizes
    if k == 1:
        return np.zeros(len(rows))
    means = cluster_means(embeddings, clusters.labels, k)
    away = 1 - embeddings[rows].astype(np.float64) @ means.T
    own, at = clusters.labels[rows], np.arange(len(rows))
    size = sizes[own]
    within = away[at, own] * size / np.maximum(size - 1, 1)  # the record itself is no neighbour of its own
    away[at, own] = np.inf
    other = away.min(axis=1)
    return np.where(size > 1, (other - within) / np.maximum(np.maximum(within, other), 1e-12), 0)


def elbow(counts: np.ndarray, objectives: np.ndarray) -> int:
    """Return the position of the bend: farthest below the straight line from first to last, over the logarithm of counts."""
    x, y = np.log(counts.astype(np.float64)), np.asarray(objectives, np.float64)
    if len(x) < 3 or y[0] <= y[-1]:
        return 0
    x, y = (x - x[0]) / (x[-1] - x[0]), (y - y[-1]) / (y[0] - y[-1])
    return int(np.argmax(1 - x - y))


def advise(choices: list[dict[str, Any]]) -> list[str]:
    """Return the advice that follows from the choices, a sentence each."""
    counts = np.array([choice["n_clusters"] for choice in choices])
    filled = [choice["n_clusters"] for choice in choices if choice["too_small"] <= _FEW]
    advice = []
    if filled:
        advice.append(
            f"Up to {max(filled):,} clusters nearly all can give an equal share of the budget; more clusters reach finer "
            "differences, and in the paper more did better, up to 2,048."
        )
    else:
        advice.append(
            "With every number tried many clusters are too small for an equal share of the budget; try fewer."
        )
    bend = elbow(counts, np.array([choice["objective"] for choice in choices]))
    if 0 < bend < len(counts) - 1:
        advice.append(f"The gain in closeness slows down at {counts[bend]:,} clusters (the elbow).")
    best = max(choices, key=lambda choice: choice["silhouette"])
    advice.append(f"The silhouette is highest at {best['n_clusters']:,} clusters ({best['silhouette']:.3f}). {WEAK}")
    if (most := max(choices, key=lambda choice: choice["singletons"]))["singletons"] > _FEW:
        advice.append(f"At {most['n_clusters']:,} clusters {most['singletons']:.0%} hold one record only.")
    return advice
