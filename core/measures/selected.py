"""The few measures that are written down with every selection."""

import numpy as np

from .kinds.clusters import cluster_coverage, normalised_cluster_entropy


def measure_selection(rows: np.ndarray, labels: np.ndarray | None, quality: np.ndarray | None) -> dict[str, float]:
    """Return the measures that the inputs at hand allow, rounded to 6 places."""
    measures = {}
    if labels is not None:
        measures["cluster_coverage"] = cluster_coverage(labels, rows)
        measures["cluster_entropy"] = normalised_cluster_entropy(labels, rows)
    if quality is not None and len(rows):
        measures["mean_quality"] = float(quality[rows].mean(dtype=np.float64))
        measures["mean_quality_of_all"] = float(quality.mean(dtype=np.float64))
    return {name: round(value, 6) for name, value in measures.items()}
