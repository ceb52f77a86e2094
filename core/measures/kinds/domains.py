"""Inter- and intra-domain similarity of DaaR (arXiv 2502.04380): cosines of records to the centres of domains."""

import numpy as np

from ...base.arrays import unit_rows
from ..measure import MEASURES, Measure, Seen


def inter_intra_similarity(
    vectors: np.ndarray, labels: np.ndarray, centroids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (inter, intra), each (n,) float64. vectors: (n, d), labels: (n,) int in 0..K-1, centroids: (K, d).

    inter = sum over the other domains of cos(x, C_j): low is far from the others. intra = cos(x, C_k): low is far from the own.
    """
    centres = unit_rows(centroids).astype(np.float64)
    inter, intra = np.empty(len(vectors)), np.empty(len(vectors))
    for start in range(0, len(vectors), 8192):
        rows = slice(start, min(start + 8192, len(vectors)))
        cosines = unit_rows(vectors[rows]).astype(np.float64) @ centres.T
        intra[rows] = cosines[np.arange(len(cosines)), labels[rows]]
        inter[rows] = cosines.sum(axis=1) - intra[rows]
    return inter, intra


def _mean(seen: Seen, which: int) -> float | None:
    return None if seen.similarity is None else float(seen.similarity[which][seen.rows].mean(dtype=np.float64))


MEASURES.add(
    Measure(
        "inter",
        "Inter-domain similarity",
        "Summed cosine to the other domains' centres; low is diverse.",
        "less",
        9,
        lambda seen: _mean(seen, 0),
        tells_diversity=True,
        needs="groups",
    )
)
MEASURES.add(
    Measure(
        "intra",
        "Intra-domain similarity",
        "Cosine to the own domain's centre; low is diverse.",
        "less",
        10,
        lambda seen: _mean(seen, 1),
        tells_diversity=True,
        needs="groups",
    )
)
