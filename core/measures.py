"""Measures of a selection: what it covers of the pool. Chooses nothing."""

import numpy as np


def cluster_coverage(labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the share of the pool's clusters that the selection touches, 0..1. labels: (n,) int, rows: (m,) row ids."""
    return len(np.unique(labels[rows])) / max(len(np.unique(labels)), 1)


def cluster_entropy(labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the entropy of the selection over the pool's clusters divided by log k: 1 is spread evenly, 0 in one."""
    k = len(np.unique(labels))
    share = np.bincount(labels[rows]) / max(len(rows), 1)
    share = share[share > 0]
    return float((share * np.log(1 / share)).sum() / np.log(k)) if k > 1 and len(rows) else 0.0


def measure_selection(rows: np.ndarray, labels: np.ndarray | None, quality: np.ndarray | None) -> dict[str, float]:
    """Return the measures that the inputs at hand allow, rounded to 6 places."""
    measures = {}
    if labels is not None:
        measures["cluster_coverage"] = cluster_coverage(labels, rows)
        measures["cluster_entropy"] = cluster_entropy(labels, rows)
    if quality is not None and len(rows):
        measures["mean_quality"] = float(quality[rows].mean(dtype=np.float64))
        measures["mean_quality_of_all"] = float(quality.mean(dtype=np.float64))
    return {name: round(value, 6) for name, value in measures.items()}
