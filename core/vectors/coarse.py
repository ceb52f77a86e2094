"""Few clusters of many vectors: the best of several starts on a sample, and how far each stands alone."""

import dataclasses

import numpy as np

from .clustering import ClusterParams, faiss_assign, faiss_train, largest_first, starting_rows

SAMPLE = 20_000
_ITERATIONS = 25


@dataclasses.dataclass(frozen=True)
class Coarse:
    """k clusters of n vectors, the largest first. labels: (n,) int32. centroids: (k, d) float32.

    isolation: (k,) float64, a cluster's mean of 1 - d(own centre) / d(next centre), 0..1: how far it stands alone.
    """

    labels: np.ndarray
    centroids: np.ndarray
    isolation: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Return (k,) int64 records of each cluster."""
        return np.bincount(self.labels, minlength=len(self.centroids))


def coarse_clusters(vectors: np.ndarray, k: int, seed: int, starts: int) -> Coarse:
    """Cluster (n, d) vectors into k, or fewer where fewer differ: k-means on a sample drawn by the seed, the best of `starts`."""
    sample = sample_of(vectors, seed)
    return assigned(vectors, best_of_starts(sample, min(k, len(sample)), seed, starts))


def sample_of(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return up to SAMPLE rows, drawn by the seed, as float32."""
    n = len(vectors)
    rows = np.sort(np.random.default_rng([seed, 1]).choice(n, min(n, SAMPLE), replace=False))
    return np.ascontiguousarray(vectors[rows], np.float32)


def best_of_starts(sample: np.ndarray, k: int, seed: int, starts: int) -> np.ndarray:
    """Return the (k, d) centroids of the k-means with the least sum of squared distances among `starts`."""
    best, least = np.zeros((0, sample.shape[1]), np.float32), np.inf
    for start in range(starts):
        begin = sample[starting_rows(sample, k, np.random.default_rng([seed, 2, start]))]
        centroids = faiss_train(sample, begin, ClusterParams(k, _ITERATIONS))
        total = float(faiss_assign(sample, centroids)[1].sum(dtype=np.float64))
        if total < least:
            best, least = centroids, total
    return best


def nearest_two(vectors: np.ndarray, centroids: np.ndarray, block: int = 65_536) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n,) int32 nearest of (k, d) centroids, (n,) float32 1 - d(nearest) / d(next)), of (n, d) vectors in blocks."""
    labels, alone = np.empty(len(vectors), np.int32), np.ones(len(vectors), np.float32)
    squares = (centroids.astype(np.float64) ** 2).sum(axis=1)
    for start in range(0, len(vectors), block):
        part = np.asarray(vectors[start : start + block], np.float64)
        away = np.sqrt(np.maximum((part * part).sum(axis=1)[:, None] - 2 * part @ centroids.T + squares, 0))
        labels[start : start + len(part)] = away.argmin(axis=1)
        if len(centroids) > 1:
            two = np.partition(away, 1, axis=1)[:, :2]
            alone[start : start + len(part)] = 1 - two[:, 0] / np.maximum(two[:, 1], 1e-12)
    return labels, alone


def assigned(vectors: np.ndarray, centroids: np.ndarray) -> Coarse:
    """Give (n, d) vectors to the nearest of (k, d) centroids and measure how far each cluster stands alone."""
    labels, alone = nearest_two(vectors, centroids)
    sizes = np.bincount(labels, minlength=len(centroids))
    isolation = np.bincount(labels, alone, minlength=len(centroids)) / np.maximum(sizes, 1)
    labels, order = largest_first(labels, len(centroids))
    return Coarse(labels, np.ascontiguousarray(centroids[order], np.float32), isolation[order])
