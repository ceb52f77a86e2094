"""Pairs alike in meaning: each record and its nearest ones, where their cosine is high enough; copies always."""

import numpy as np

from ...base.progress import Progress, no_progress
from ..neighbours import nearest_neighbours
from .forest import Pairs, spanning_forest, unique_pairs


def pairs_by_cosine(
    embeddings: np.ndarray, least: float, n_neighbors: int, copies: np.ndarray, progress: Progress = no_progress
) -> Pairs:
    """Return a spanning forest of the pairs whose cosine is at least `least`, the nearest first.

    embeddings: (n, d) float32 unit rows. copies: (c, 2) pairs of the same text, which count whether or not neighbours are found.
    """
    n = len(embeddings)
    indices, distances = nearest_neighbours(embeddings, min(n_neighbors + 1, n), progress)
    near, place = np.nonzero(distances <= 1 - least)
    found = np.column_stack([near, indices[near, place]]).astype(np.int64)
    pairs, first = unique_pairs(np.concatenate([found, copies]), n)
    values = np.concatenate([1 - distances[near, place], np.full(len(copies), 2, np.float32)])[first]
    values[values > 1] = [embeddings[a] @ embeddings[b] for a, b in pairs[values > 1]]
    kept = values >= least
    return spanning_forest(pairs[kept], np.minimum(values[kept], 1), n)


def copies_of(hashes: np.ndarray) -> np.ndarray:
    """Return (c, 2) int64: every record whose hash an earlier one has, with the earlier one before it. hashes: (n,) V16."""
    words = np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, 2)
    order = np.lexsort((np.arange(len(words)), words[:, 0], words[:, 1]))
    same = (words[order[1:]] == words[order[:-1]]).all(axis=1)
    return np.column_stack([order[:-1][same], order[1:][same]]).astype(np.int64)
