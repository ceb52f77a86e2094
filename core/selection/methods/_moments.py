"""Upper bounds of facility-location gains from first and second moments, without comparing candidates with records.

max(0, t) = (t + |t|) / 2, and over a group of g records sum |t| <= sqrt(g * sum t^2). With t = cosine - cover, both sums
follow from the group's moments: sum c.v = c.m, sum (c.v)^2 = c' Q c. Groups of alike records make the bound close.
"""

import numpy as np

_GROUPS = 16
_BLOCK = 8192


class MomentBounds:
    """Bounds for m candidates over an audience of a records. candidates: (m, d), audience: (a, d) float32 unit rows."""

    def __init__(self, candidates: np.ndarray, audience: np.ndarray) -> None:
        self._candidates, self._audience = candidates, audience
        groups = _group(audience)
        self._order = [np.flatnonzero(groups == group) for group in np.unique(groups)]
        self._sums = np.empty((len(candidates), len(self._order)))
        self._squares = np.empty_like(self._sums)
        for i, rows in enumerate(self._order):
            members = audience[rows]
            total, square = members.sum(axis=0, dtype=np.float64), members.T @ members
            for start in range(0, len(candidates), _BLOCK):
                block = candidates[start : start + _BLOCK]
                self._sums[start : start + len(block), i] = block @ total
                self._squares[start : start + len(block), i] = np.einsum("ij,ij->i", block @ square, block)

    def bounds(self, cover: np.ndarray) -> np.ndarray:
        """Return (m,) float64, at least sum over v of max(0, cosine - cover[v]). cover: (a,) float32."""
        total = np.zeros(len(self._candidates))
        weighted = np.stack([cover[rows] @ self._audience[rows] for rows in self._order], axis=1)
        products = self._candidates @ weighted
        for i, rows in enumerate(self._order):
            held = cover[rows].astype(np.float64)
            sums = self._sums[:, i] - held.sum()
            squares = self._squares[:, i] - 2 * products[:, i] + held @ held
            total += (sums + np.sqrt(len(rows) * np.maximum(squares, 0))) / 2
        # float32 sums may fall short of the true ones by a little.
        return total + 1e-5 * len(self._audience) + 1e-3


def _group(audience: np.ndarray) -> np.ndarray:
    """Return (a,) int groups of alike records, by a short k-means; any grouping gives valid bounds."""
    import faiss

    if len(audience) < 64 * _GROUPS:
        return np.zeros(len(audience), np.int64)
    kmeans = faiss.Kmeans(audience.shape[1], _GROUPS, niter=8, seed=1, max_points_per_centroid=256)
    kmeans.train(np.ascontiguousarray(audience[:: max(1, len(audience) // (256 * _GROUPS))]))
    groups = np.empty(len(audience), np.int64)
    for start in range(0, len(audience), _BLOCK):
        groups[start : start + _BLOCK] = kmeans.index.search(audience[start : start + _BLOCK], 1)[1][:, 0]
    return groups
