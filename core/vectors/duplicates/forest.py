"""Pairs as a spanning forest, nearest first: at any threshold its edges make the same groups as all pairs would.

So counting is a search in a sorted list: as many records can be dropped as the forest has edges above the threshold.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Pairs:
    """rows: (m, 2) int32, each pair once and in no circle. values: (m,) float32, descending."""

    rows: np.ndarray
    values: np.ndarray

    def above(self, threshold: float) -> np.ndarray:
        """Return the (k, 2) pairs whose value is at least `threshold`."""
        return self.rows[: np.searchsorted(-self.values, -(threshold - 1e-6), side="right")]


def unique_pairs(pairs: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (pairs, first): each pair of two different rows once, the lower row before; and where it first was.

    pairs: (m, 2) int64 rows of n.
    """
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    keys = low * n + high
    keys[low == high] = -1
    keys, first = np.unique(keys, return_index=True)
    kept = keys >= 0
    return np.column_stack([keys[kept] // n, keys[kept] % n]), first[kept]


def spanning_forest(pairs: np.ndarray, values: np.ndarray, n: int) -> Pairs:
    """Return the pairs of a forest that joins, at any threshold, what all of them join. pairs: (m, 2), each once."""
    import scipy.sparse
    from scipy.sparse.csgraph import minimum_spanning_tree

    if not len(pairs):
        return Pairs(np.zeros((0, 2), np.int32), np.zeros(0, np.float32))
    weights = 2 - values.astype(np.float64)  # never zero, which would be no edge
    tree = minimum_spanning_tree(scipy.sparse.coo_matrix((weights, (pairs[:, 0], pairs[:, 1])), (n, n)).tocsr()).tocoo()
    rows, found = np.column_stack([tree.row, tree.col]), (2 - tree.data).astype(np.float32)
    order = np.lexsort((rows[:, 1], rows[:, 0], -found))
    return Pairs(rows[order].astype(np.int32), found[order])
