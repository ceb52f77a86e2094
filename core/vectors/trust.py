"""Trustworthiness: whether neighbours on a map are neighbours among the embeddings (Venna and Kaski 2001)."""

import numpy as np

QUERIES, AGAINST = 2000, 100_000
_BLOCK = 64
N_NEIGHBORS = 15


def trustworthiness(
    embeddings: np.ndarray,
    xy: np.ndarray,
    rows: np.ndarray,
    seed: int = 0,
    n_neighbors: int = N_NEIGHBORS,
    queries: int = QUERIES,
    against: int = AGAINST,
) -> float:
    """Return the trustworthiness of a map, 0..1, of `queries` records among `against`, both drawn from `rows` by the seed.

    1 where the `n_neighbors` nearest on the map are the nearest by cosine; the less, the further down the order by cosine they
    are. embeddings: (n, d) float32 unit rows. xy: (n, 2). Exact, as scikit-learn's, where all of `rows` are taken.
    Raises ValueError for too few records for so many neighbours.
    """
    rng = np.random.default_rng(seed)
    there = rows if len(rows) <= against else np.sort(rng.choice(rows, against, replace=False))
    m = len(there)
    if n_neighbors >= m / 2:
        raise ValueError(f"{n_neighbors} neighbours of {m} records: there must be more than twice as many records")
    asked = np.arange(m) if m <= queries else np.sort(rng.choice(m, queries, replace=False))
    vectors = np.asarray(embeddings[there], np.float32)
    shown = _nearest_on_map(xy[there], asked, n_neighbors)
    beyond = 0
    for start in range(0, len(asked), _BLOCK):
        part = asked[start : start + _BLOCK]
        cosines = vectors[part] @ vectors.T
        cosines[np.arange(len(part)), part] = np.inf  # first in its own order
        own = np.take_along_axis(cosines, shown[start : start + _BLOCK], axis=1)
        for place in range(n_neighbors):
            before = (cosines > own[:, place, None]).sum(axis=1)  # as many are nearer; the record itself is one of them
            beyond += int(np.maximum(before - n_neighbors, 0).sum())
    return float(1 - beyond * 2 / (len(asked) * n_neighbors * (2 * m - 3 * n_neighbors - 1)))


def _nearest_on_map(xy: np.ndarray, asked: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Return (q, n_neighbors) positions of the nearest others on the map."""
    from scipy.spatial import cKDTree

    found = cKDTree(xy).query(xy[asked], n_neighbors + 1)[1]
    is_self = found == asked[:, None]
    is_self[~is_self.any(axis=1), -1] = True  # among many on one spot it may not be listed
    return found[~is_self].reshape(len(asked), n_neighbors)
