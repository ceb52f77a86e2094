"""Nearest neighbours by cosine, from FAISS: for the map's layout and for densities. Chooses nothing."""

import numpy as np

from ..base.progress import Progress, no_progress
from .cells import Cells, Within, nearest_within

EXACT_UP_TO = 50_000
DENSITY_EXACT_UP_TO = 200_000
DENSITY_NEAREST, DENSITY_LEAST = 10, 0.01
_BLOCK_ROWS = 8192


def nearest_neighbours(
    embeddings: np.ndarray, n_neighbors: int, progress: Progress = no_progress, exact_up_to: int = EXACT_UP_TO
) -> tuple[np.ndarray, np.ndarray]:
    """Return (indices (n, n_neighbors) int32, cosine distances (n, n_neighbors) float32), each record its own first.

    embeddings: (n, d) float32 unit rows. Exact up to `exact_up_to` records, by an HNSW graph above.
    """
    import faiss

    n, d = embeddings.shape
    exact = n <= exact_up_to
    index = faiss.IndexFlatIP(d) if exact else faiss.IndexHNSWFlat(d, 32, faiss.METRIC_INNER_PRODUCT)
    for start in range(0, n, _BLOCK_ROWS):
        index.add(np.ascontiguousarray(embeddings[start : start + _BLOCK_ROWS]))
        progress(start * (0.1 if exact else 0.7), n)
    indices, cosines = np.empty((n, n_neighbors), np.int32), np.empty((n, n_neighbors), np.float32)
    for start in range(0, n, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, n)
        cosines[start:stop], indices[start:stop] = index.search(
            np.ascontiguousarray(embeddings[start:stop]), n_neighbors
        )
        progress(n * 0.7 + stop * 0.3, n)
    return self_first(indices), np.clip(1 - cosines, 0, 2)


def self_first(indices: np.ndarray) -> np.ndarray:
    """UMAP takes the first neighbour for the record itself; among duplicates FAISS may list another one first."""
    own = np.arange(len(indices), dtype=indices.dtype)
    place = (indices == own[:, None]).argmax(1)
    indices = np.where(indices < 0, own[:, None], indices)  # HNSW pads with -1 where it finds too few
    indices[np.arange(len(indices)), place] = indices[:, 0]
    indices[:, 0] = own
    return indices


def density(
    embeddings: np.ndarray,
    n_neighbors: int = DENSITY_NEAREST,
    least: float = DENSITY_LEAST,
    cells: Cells | None = None,
    progress: Progress = no_progress,
    within: Within = nearest_within,
) -> np.ndarray:
    """Return (n,) float64: 1 / mean cosine distance to the nearest other records (NovelSum's density, arXiv 2502.17184).

    cells: those of the records, where the nearest are to be sought in near cells only, for very many records; within: by what.
    least: the smallest mean distance counted, so that a heap of copies is dense and not infinitely so.
    """
    n_neighbors = min(n_neighbors, len(embeddings) - 1)
    if n_neighbors < 1:
        return np.ones(len(embeddings))
    if cells is None:
        _, distances = nearest_neighbours(
            embeddings, n_neighbors + 1, progress=progress, exact_up_to=DENSITY_EXACT_UP_TO
        )
    else:
        distances = np.clip(1 - within(embeddings, cells, n_neighbors + 1, progress)[1], 0, 2)
    return 1 / np.maximum(distances[:, 1:].mean(axis=1, dtype=np.float64), least)
