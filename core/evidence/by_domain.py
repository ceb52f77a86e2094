"""The centres of some records by domain, which global inter- and intra-diversity are taken from."""

import numpy as np

from ..measures.domain_means import DomainMeans
from ..vectors.clustering import cluster_means

_BLOCK = 65_536


def means_by_domain(x: np.ndarray, rows: np.ndarray, groups: np.ndarray, k: int) -> DomainMeans:
    """Return the centres of some records by domain. x: (n, d), rows: (m,) row ids, groups: (n,) int in 0..k-1. Reads in blocks."""
    sums, squares = np.zeros((k, x.shape[1])), np.zeros(k)
    counts = np.bincount(groups[rows], minlength=k)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        block, own = np.asarray(x[part], np.float64), groups[part]
        sums += cluster_means(block, own, k) * np.bincount(own, minlength=k)[:, None]
        squares += np.bincount(own, (block * block).sum(axis=1), minlength=k)
    held = np.maximum(counts, 1)
    return DomainMeans(sums / held[:, None], counts, squares / held)
