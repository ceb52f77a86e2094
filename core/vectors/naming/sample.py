"""The records that clusters and regions are named by: their numbers, then the beginnings of their texts."""

import numpy as np
import pyarrow.compute as pc

from ...base.arrays import unit_rows
from ...workspace.results import Results

_MOST, _FEWEST, _IN_ALL = 32, 24, 65_536
_BESIDE = 8
_TEXT = 600  # characters of a text that are read


def sample_for_names(labels: np.ndarray, distances: np.ndarray, per_cluster: int = 24) -> np.ndarray:
    """Return the rows, ascending, of up to `per_cluster` records of each cluster, spread evenly from its middle to its rim.

    Those nearest the middle alone are too often copies of one another. labels: (n,) int, distances: (n,) float.
    """
    order = np.lexsort((distances, labels))
    ordered = labels[order]
    first = np.searchsorted(ordered, ordered, side="left")
    size = np.searchsorted(ordered, ordered, side="right") - first
    rank = np.arange(len(order)) - first
    return np.sort(order[(-rank * per_cluster) % size < per_cluster])


def records_a_cluster(n_clusters: int) -> int:
    """Return how many records of each cluster are read for its name: 32, of more than 2,048 clusters fewer, at least 24."""
    return max(_FEWEST, min(_MOST, _IN_ALL // max(n_clusters, 1)))


def groups_beside(centroids: np.ndarray, m: int = _BESIDE) -> np.ndarray:
    """Return (k, up to m) int64: the groups whose centroids are nearest by cosine to each one's, in blocks. centroids: (k, d)."""
    units = unit_rows(np.asarray(centroids, np.float32))
    m = min(m, len(units) - 1)
    found = np.zeros((len(units), m), np.int64)
    for start in range(0, len(units), 1024):
        cosines = units[start : start + 1024] @ units.T
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -np.inf
        found[start : start + 1024] = np.argsort(-cosines, axis=1, kind="stable")[:, :m]
    return found


def beginnings(results: Results, rows: np.ndarray) -> list[str]:
    """Return the first 600 characters of the texts of records."""
    texts = results.workspace.records().take(rows, ["text"])["text"]
    return pc.utf8_slice_codeunits(texts, 0, _TEXT).to_pylist()
