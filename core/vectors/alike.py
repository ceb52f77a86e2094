"""The records most like one record, by cosine: exact, a block of the vectors at a time. Keeps nothing, chooses nothing."""

import numpy as np

from ..workspace.results import Results

NEAR_DUPLICATE = 0.95  # the cosine from which two records count as near-duplicates, as in the near-duplicate rate
_BLOCK_ROWS = 65536


def nearest_to(embeddings: np.ndarray, row: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, cosines) of the m records nearest to `row`, itself left out: (m,) int64, (m,) float32, nearest first.

    embeddings: (n, d) float32 unit rows, memory-mapped or not; fewer come back where there are fewer. Ties go to the lower row.
    """
    n = len(embeddings)
    vector = np.array(embeddings[row], np.float32)
    cosines = np.empty(n, np.float32)
    for start in range(0, n, _BLOCK_ROWS):
        np.dot(embeddings[start : start + _BLOCK_ROWS], vector, out=cosines[start : start + _BLOCK_ROWS])
    cosines[row] = -np.inf
    m = min(m, n - 1)
    if m < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    top = np.flatnonzero(cosines >= np.partition(cosines, n - m)[n - m])
    top = top[np.lexsort((top, -cosines[top]))][:m]
    return top, np.clip(cosines[top], -1, 1)


def neighbours_of(results: Results, row: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `nearest_to` of the workspace's current embeddings; nothing where there are none."""
    embeddings = results.array("embed")
    if embeddings is None:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    return nearest_to(embeddings, row, m)
