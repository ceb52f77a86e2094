"""Measures of how a selection spreads over the pool's clusters."""

import numpy as np

from ..measure import MEASURES, Measure


def cluster_coverage(labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the share of the pool's clusters that the selection touches, 0..1. labels: (n,) int, rows: (m,) row ids."""
    return len(np.unique(labels[rows])) / max(len(np.unique(labels)), 1)


def normalised_cluster_entropy(labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the entropy of the selection over the pool's clusters divided by log k: 1 is spread evenly, 0 in one."""
    k = len(np.unique(labels))
    share = np.bincount(labels[rows]) / max(len(rows), 1)
    share = share[share > 0]
    return float((share * np.log(1 / share)).sum() / np.log(k)) if k > 1 and len(rows) else 0.0


MEASURES.add(
    Measure(
        "cluster_coverage",
        "Cluster coverage",
        "The share of clusters from which something was taken.",
        "more",
        5,
        lambda seen: None if seen.labels is None else cluster_coverage(seen.labels, seen.rows),
        needs="clusters",
    )
)
MEASURES.add(
    Measure(
        "cluster_entropy",
        "Normalised cluster entropy",
        "How evenly the selection is spread over clusters: 1 is evenly over all, 0 is all in one.",
        "more",
        6,
        lambda seen: None if seen.labels is None else normalised_cluster_entropy(seen.labels, seen.rows),
        tells_diversity=True,
        needs="clusters",
    )
)
