"""DaaR, diversity as a reward (arXiv 2502.04380): seeds to centroids to pseudo-labels; entropy; inter- and intra-diversity.

Pure functions of arrays. Probes are in `probes.py`, the whole on a workspace in `stage.py`.
"""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.params import check_choice
from .params import ASSIGNMENTS

THRESHOLD = 0.85
_CANDIDATES = 3  # of a description's best-fitting records, so many times the wanted, a draw takes its seeds from
_FINE = 50
_ITERATIONS = 50
_LEFT = 0.5


def pick_by_description(
    records: np.ndarray, descriptions: np.ndarray, n_seeds: int, rng: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Return for each of K descriptions the positions of up to `n_seeds` records that are most its own.

    records: (m, d), descriptions: (K, d) unit rows. A record's fit is its cosine to the description, standardised over the
    records (descriptions differ in how near they are to everything), less its best fit to another one. Of two
    records at cosine 0.85 or nearer only the better is taken. With `rng` they are drawn from three times as many.
    """
    cosines = records @ descriptions.T
    fit = (cosines - cosines.mean(axis=0)) / np.maximum(cosines.std(axis=0), 1e-9)
    picks = []
    for domain in range(len(descriptions)):
        margin = fit[:, domain] - np.delete(fit, domain, axis=1).max(axis=1)
        order = np.argsort(-margin, kind="stable")
        own = order[: max(1, int((margin > 0).sum()))]  # what fits another description better is no seed of this one
        best = first_unlike(records, own, n_seeds if rng is None else _CANDIDATES * n_seeds)
        picks.append(best if rng is None else best[np.sort(rng.permutation(len(best))[:n_seeds])])
    return picks


def first_unlike(vectors: np.ndarray, order: np.ndarray, n: int, threshold: float = THRESHOLD) -> np.ndarray:
    """Return the first n positions of `order` whose vectors ((m, d) unit rows) stay below the cosine to those taken before."""
    taken: list[int] = []
    for position in order.tolist():
        if not taken or (vectors[taken] @ vectors[position]).max() < threshold:
            taken.append(position)
        if len(taken) == n:
            break
    return np.array(taken, np.int64)


@dataclasses.dataclass(frozen=True)
class Assignment:
    """Pseudo-labels of m records. labels: (m,) int32. start, end: (K, d) centroids before and after.

    kept: (K,) float64, the share of a domain's seeds that lie nearest to its own final centroid.
    """

    labels: np.ndarray
    start: np.ndarray
    end: np.ndarray
    kept: np.ndarray

    @property
    def drift(self) -> np.ndarray:
        """Return (K,) float64: how far each centroid moved, as a share of its distance to the nearest other one at the start."""
        moved = np.linalg.norm(self.end - self.start, axis=1)
        apart = np.sqrt(np.maximum(_squared(self.start, self.start), 0))
        np.fill_diagonal(apart, np.inf)
        return moved / np.maximum(apart.min(axis=1), 1e-12)


def assign_domains(records: np.ndarray, seeds: list[np.ndarray], assignment: str, seed: int = 0) -> Assignment:
    """Give (m, d) records pseudo-labels. seeds: K arrays (s_k, d). A centroid is the mean of its seeds, not normalised."""
    check_choice("assignment", assignment, tuple(ASSIGNMENTS))
    if any(not len(some) for some in seeds):
        raise CurationError("A domain has no seed; give every domain one at least.")
    start = np.stack([some.mean(axis=0, dtype=np.float64) for some in seeds])
    if assignment == "clusters":
        labels, end = _by_clusters(records, start, seed)
    elif assignment == "kmeans":
        labels, end = _by_kmeans(records, start)
    else:
        labels, end = _squared(records, start).argmin(axis=1), start
    kept = np.array([(_squared(some, end).argmin(axis=1) == k).mean() for k, some in enumerate(seeds)])
    return Assignment(labels.astype(np.int32), start, end, kept)


def _squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (m, k) squared Euclidean distances."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return (x * x).sum(axis=1)[:, None] - 2 * x @ y.T + (y * y).sum(axis=1)


def _by_kmeans(records: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd's iterations from the seeds' centroids, one start."""
    centres, labels = start, np.full(len(records), -1)
    for _ in range(_ITERATIONS):
        nearest = _squared(records, centres).argmin(axis=1)
        if (nearest == labels).all():
            break
        labels = nearest
        centres = _means(records, labels, centres)
    return labels, centres


def _means(records: np.ndarray, labels: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.stack(
        [
            records[labels == k].mean(axis=0, dtype=np.float64) if (labels == k).any() else otherwise[k]
            for k in range(len(otherwise))
        ]
    )


def _by_clusters(records: np.ndarray, start: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster finely, give every cluster to the nearest centroid, move the centroids once, and give again.

    A mean of many is nearer to its subject's centre than one record is, so a whole cluster goes astray less easily; and
    k-means proper, which would move on into the largest family, is stopped after one step.
    """
    from ..vectors.clustering import ClusterParams, cluster_embeddings

    few = max(len(start), min(4 * len(start), len(records) // 2))
    n_fine = int(np.clip(len(records) // 20, few, max(_FINE, few)))
    fine = cluster_embeddings(
        np.ascontiguousarray(records, np.float32), ClusterParams(min(n_fine, len(records)), seed=seed), "cpu"
    )
    owner = _squared(fine.centroids, start).argmin(axis=1)
    moved = _means(records, owner[fine.labels], start)
    labels = _squared(fine.centroids, moved).argmin(axis=1)[fine.labels]
    return labels, _means(records, labels, moved)


def drift_warnings(names: list[str], found: Assignment) -> list[str]:
    """Return what a curator should know of domains that have left their seeds, or hold nothing."""
    warnings = []
    shares = np.bincount(found.labels, minlength=len(names)) / max(len(found.labels), 1)
    for name, kept, share in zip(names, found.kept, shares, strict=True):
        if not share:
            warnings.append(f"No record went to {name}; give it other seeds, or take it out.")
        elif kept < _LEFT:
            warnings.append(
                f"The centre of {name} has left its seeds: only {kept:.0%} of them are still nearest to it. "
                "Take another assignment, or give it more seeds."
            )
    return warnings
