"""Cells: a pool cut up by k-means, so that neighbours are sought among near cells only. For pools too large for all pairs.

The curator's clusters are another thing: cells are as many as make the search quick, and nobody sees them.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..base.progress import Progress, no_progress, part_of
from .clustering import ClusterParams, assign_clusters, cluster_embeddings, suggest_n_clusters

_ITERATIONS, _TRAIN_ON = 8, 64  # rows a cell
_HEAP = 4  # times the mean: a larger cell is chopped, or copies by the thousand would be compared with each other
_NEAR, _REACH = 4, 64  # cells searched for each, and how many more where those hold too few
_QUERY_ROWS = 8192


@dataclasses.dataclass(frozen=True)
class Cells:
    """Row ids by cell. rows: cell after cell. starts: (c + 1,), where each begins. near: (c, r) nearest cells, itself first."""

    rows: np.ndarray
    starts: np.ndarray
    near: np.ndarray

    def __len__(self) -> int:
        return len(self.near)

    def members(self, cell: int) -> np.ndarray:
        """Return the row ids of a cell."""
        return self.rows[self.starts[cell] : self.starts[cell + 1]]

    def only(self, kept: np.ndarray) -> "Cells":
        """Return the same cells with those rows alone that are True in `kept`, (n,) bool."""
        inside = kept[self.rows]
        before = np.concatenate([[0], np.cumsum(inside)])
        return Cells(self.rows[inside], before[self.starts], self.near)

    def around(self, cell: int, least: int) -> np.ndarray:
        """Return the row ids in the cells nearest to one, of more of them where they would be fewer than `least`."""
        near = self.near[cell]
        held = np.cumsum(self.starts[near + 1] - self.starts[near])
        enough = max(_NEAR, int(np.searchsorted(held, least)) + 1)
        return np.concatenate([self.members(each) for each in near[:enough]])


def find_cells(embeddings: np.ndarray, seed: int = 0, progress: Progress = no_progress) -> Cells:
    """Cut (n, d) float32 unit rows up into about sqrt(n) cells."""
    n, k = len(embeddings), suggest_n_clusters(len(embeddings))
    drawn = np.sort(np.random.default_rng(seed).choice(n, min(n, _TRAIN_ON * k), replace=False))
    params = ClusterParams(k, _ITERATIONS, seed)
    centroids = cluster_embeddings(embeddings[drawn], params, "cpu", part_of(progress, 0, 0.5)).centroids
    labels = assign_clusters(embeddings, centroids, part_of(progress, 0.5, 1))
    rows, counts = np.argsort(labels, kind="stable"), np.bincount(labels, minlength=len(centroids))
    pieces = np.maximum(-(-counts // max(1, _HEAP * n // len(centroids))), 1)
    sizes = [part for size, n_parts in zip(counts, pieces, strict=True) for part in _split(size, n_parts)]
    return Cells(rows, np.concatenate([[0], np.cumsum(sizes)]), _nearest(np.repeat(centroids, pieces, axis=0)))


def _split(size: int, n_parts: int) -> list[int]:
    return [int(size) * (i + 1) // int(n_parts) - int(size) * i // int(n_parts) for i in range(int(n_parts))]


def _nearest(centroids: np.ndarray) -> np.ndarray:
    """Return (c, r) int64 nearest centroids, each its own first."""
    squares = np.einsum("ij,ij->i", centroids, centroids)
    apart = squares[:, None] + squares - 2 * centroids @ centroids.T
    np.fill_diagonal(apart, -1)
    return np.argsort(apart, axis=1, kind="stable")[:, :_REACH]


def nearest_in_cells(
    embeddings: np.ndarray,
    of: Cells,
    among: Cells,
    n_neighbors: int,
    progress: Progress = no_progress,
    least: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (indices (n, n_neighbors) int32, cosines (n, n_neighbors) float32) of the rows in `of`, the nearest first.

    Sought among the rows in `among` that lie in the nearest cells: approximate. Where there are too few, and for all other
    rows, indices are -1 and cosines -1. least: how many are looked at for each at least, in more cells where need be.
    embeddings: (n, d) float32 unit rows.
    """
    shape = (len(embeddings), n_neighbors)
    indices, cosines = np.full(shape, -1, np.int32), np.full(shape, -1, np.float32)
    for at, found, alike in cell_by_cell(embeddings, of, among, range(len(of)), n_neighbors, least):
        rows = of.rows[at : at + len(found)]
        indices[rows, : found.shape[1]], cosines[rows, : found.shape[1]] = found, alike
        progress(at + len(rows), len(of.rows))
    return indices, cosines


Within = Callable[[np.ndarray, Cells, int, Progress], tuple[np.ndarray, np.ndarray]]  # as `nearest_within`


def nearest_within(
    embeddings: np.ndarray, cells: Cells, n_neighbors: int, progress: Progress = no_progress
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `nearest_in_cells` does of the rows in `cells`, sought among themselves."""
    return nearest_in_cells(embeddings, cells, cells, n_neighbors, progress)


def cell_by_cell(
    embeddings: np.ndarray, of: Cells, among: Cells, cells: Iterable[int], n_neighbors: int, least: int = 0
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield (first position in `of.rows`, indices (r, w), cosines (r, w)) of some cells: w is what there is, up to n_neighbors."""
    for cell in cells:
        members = of.members(cell)
        if not len(members):
            continue
        there = among.around(cell, max(n_neighbors, least))
        wanted, vectors = min(n_neighbors, len(there)), embeddings[there]
        for start in range(0, len(members), _QUERY_ROWS):
            found, places = _best(embeddings[members[start : start + _QUERY_ROWS]], vectors, wanted)
            yield int(of.starts[cell]) + start, there[places], found


def _best(rows: np.ndarray, vectors: np.ndarray, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (cosines, places), (r, wanted) each, the highest first. For one alone, FAISS would cost more than the product."""
    if wanted == 1:
        cosines = rows @ vectors.T
        places = cosines.argmax(axis=1)[:, None]
        return np.take_along_axis(cosines, places, axis=1), places
    import faiss

    return faiss.knn(rows, vectors, wanted, metric=faiss.METRIC_INNER_PRODUCT)
