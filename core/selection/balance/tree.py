"""Groups by halving: 2-means splits a group in two again and again, and each split divides what the group is to give."""

import numpy as np

from ...vectors.coarse import SAMPLE, best_of_starts, nearest_two

_STARTS = 3
_LEAST = 0.01  # of the records: a group that holds less is not split


def split_by_two_means(vectors: np.ndarray, depth: int, alpha: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n,) int32 groups, (K,) float64 shares) of (n, d) vectors split `depth` times. See `divided` for the shares."""
    groups, shares = np.zeros(len(vectors), np.int32), np.ones(1)
    for level in range(depth):
        for group in range(len(shares)):
            rows = np.flatnonzero(groups == group)
            if len(rows) < max(2, _LEAST * len(vectors)):
                continue
            second = _second_half(vectors, rows, int(np.random.SeedSequence([seed, level, group]).generate_state(1)[0]))
            if not 0 < second.sum() < len(rows):
                continue
            groups[rows[second]] = len(shares)
            both = divided(shares[group], np.array([len(rows) - second.sum(), second.sum()]), alpha)
            shares[group] = both[0]
            shares = np.append(shares, both[1])
    return groups, shares


def divided(share: float, sizes: np.ndarray, alpha: float) -> np.ndarray:
    """Return what each part of a group gives of the group's share: by its size to the power `alpha`; 0 gives each the same."""
    weights = sizes.astype(np.float64) ** alpha
    return share * weights / weights.sum()


def _second_half(vectors: np.ndarray, rows: np.ndarray, seed: int) -> np.ndarray:
    """Return (m,) bool: which of `rows` 2-means puts into the smaller half."""
    some = np.sort(np.random.default_rng(seed).choice(rows, min(len(rows), SAMPLE), replace=False))
    centroids = best_of_starts(np.ascontiguousarray(vectors[some], np.float32), 2, seed, _STARTS)
    parts = np.array_split(rows, -(-len(rows) // SAMPLE))
    labels = np.concatenate([nearest_two(vectors[part], centroids)[0] for part in parts])
    smaller = int(np.argmin(np.bincount(labels, minlength=2)))
    return labels == smaller
