"""How far domains lie apart and how wide each is spread: global inter- and intra-diversity of DaaR (arXiv 2502.04380, eqs. 2-3)."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class DomainMeans:
    """K domains of some records. means: (K, d) float64, zeros where a domain has none. counts: (K,) int. squares: (K,) float64, the
    mean squared length of a domain's rows, 1 for unit rows.
    """

    means: np.ndarray
    counts: np.ndarray
    squares: np.ndarray


def global_inter(found: DomainMeans) -> float | None:
    """Return the global inter-diversity: the mean distance |C_k - C_l| over pairs of domains that have records (equation 2).

    None for fewer than two. More is farther apart. The paper calls it the expected pairwise centroid distance.
    """
    means = found.means[found.counts > 0]
    if len(means) < 2:
        return None
    lengths = (means * means).sum(axis=1)
    squared = np.maximum(lengths[:, None] - 2 * means @ means.T + lengths, 0)
    return float(np.sqrt(squared)[np.triu_indices(len(means), 1)].mean())


def domain_variances(found: DomainMeans) -> np.ndarray:
    """Return (K,) float64, a domain's mean squared distance |x - C_k|^2 to its centre (equation 3); NaN where it has no record."""
    variances = np.maximum(found.squares - (found.means * found.means).sum(axis=1), 0)
    return np.where(found.counts > 0, variances, np.nan)
