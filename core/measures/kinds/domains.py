"""Inter- and intra-domain similarity of DaaR (arXiv 2502.04380), of each record and of a whole selection (equations 2 and 3)."""

import numpy as np

from ...base.arrays import unit_rows
from ..domain_means import domain_variances, global_inter
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


def _global_inter(seen: Seen) -> float | None:
    return None if seen.domain_means is None else global_inter(seen.domain_means)


def _mean_variance(seen: Seen) -> float | None:
    return None if seen.domain_means is None else float(np.nanmean(domain_variances(seen.domain_means)))


MEASURES.add(
    Measure(
        "global_inter",
        "Global inter-diversity",
        "Mean distance between the centres of its domains; more is farther apart.",
        "more",
        18,
        _global_inter,
        tells_diversity=True,
        needs="groups",
    )
)
MEASURES.add(
    Measure(
        "global_intra",
        "Global intra-diversity",
        "Mean squared distance to the own domain's centre, each domain counted alike; more is wider spread.",
        "more",
        19,
        _mean_variance,
        tells_diversity=True,
        needs="groups",
    )
)
