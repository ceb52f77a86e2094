"""Pairs alike in meaning: each record and its nearest ones, where their cosine is high enough; copies always."""

import numpy as np

from ...base.progress import Progress, no_progress, part_of
from ..cells import Within, find_cells, nearest_within
from ..neighbours import nearest_neighbours
from .forest import Pairs, spanning_forest, unique_pairs

CELLS_ABOVE = 100_000


def pairs_by_cosine(
    embeddings: np.ndarray,
    least: float,
    n_neighbors: int,
    copies: np.ndarray,
    progress: Progress = no_progress,
    within: Within = nearest_within,
) -> Pairs:
    """Return a spanning forest of the pairs whose cosine is at least `least`, the nearest first.

    embeddings: (n, d) float32 unit rows. copies: (c, 2) pairs of the same text, which count whether or not neighbours are found.
    within: seeks neighbours in cells, in this process or elsewhere.
    """
    n = len(embeddings)
    indices, cosines = _nearest(embeddings, min(n_neighbors + 1, n), progress, within)
    near, place = np.nonzero(cosines >= least)
    found = np.column_stack([near, indices[near, place]]).astype(np.int64)
    pairs, first = unique_pairs(np.concatenate([found, copies]), n)
    values = np.concatenate([cosines[near, place], np.full(len(copies), 2, np.float32)])[first]
    values[values > 1] = [embeddings[a] @ embeddings[b] for a, b in pairs[values > 1]]
    kept = values >= least
    return spanning_forest(pairs[kept], np.minimum(values[kept], 1), n)


def _nearest(embeddings: np.ndarray, k: int, progress: Progress, within: Within) -> tuple[np.ndarray, np.ndarray]:
    """Return (indices, cosines), (n, k) each: of many records sought in the cells near each, where near-duplicates lie."""
    if len(embeddings) > CELLS_ABOVE:
        cells = find_cells(embeddings, progress=part_of(progress, 0, 0.4))
        return within(embeddings, cells, k, part_of(progress, 0.4, 1))
    indices, distances = nearest_neighbours(embeddings, k, progress)
    return indices, 1 - distances


def copies_of(hashes: np.ndarray) -> np.ndarray:
    """Return (c, 2) int64: every record whose hash an earlier one has, with the earlier one before it. hashes: (n,) V16."""
    words = np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, 2)
    order = np.lexsort((np.arange(len(words)), words[:, 0], words[:, 1]))
    same = (words[order[1:]] == words[order[:-1]]).all(axis=1)
    return np.column_stack([order[:-1][same], order[1:][same]]).astype(np.int64)
