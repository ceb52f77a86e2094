"""Arrays of vectors: rows of unit length, safe at any scale. Knows nothing of records."""

import numpy as np


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return a new float32 array with every row of length 1; an all-zero row stays zero."""
    vectors = np.asarray(vectors)
    norms = row_lengths(vectors)[:, None]
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


def row_lengths(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) float64. Squares of very small or large numbers need the wider format; few rows have them."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors.astype(np.float32, copy=False), axis=1).astype(np.float64)
    odd = ~((lengths > 1e-15) & (lengths < 1e15))
    if odd.any():
        lengths[odd] = np.linalg.norm(vectors[odd].astype(np.float64), axis=1)
    return lengths


def ascending(rows: np.ndarray) -> np.ndarray:
    """Return (m,) int64, ascending and each once, such as row ids.

    np.unique hashes, which is far slower where most numbers are different.
    """
    rows = np.asarray(rows, np.int64)
    if (np.diff(rows) > 0).all():
        return rows
    rows = np.sort(rows)
    return rows[np.append(True, np.diff(rows) > 0)]


def is_among(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return (m,) bool: which of `rows` are among `others`, row ids both, in any order; fast where few are asked of many."""
    if not len(rows) or not len(others):
        return np.zeros(len(rows), bool)
    return np.isin(rows, others, kind="table")
