"""What clusters are like: how alike their records are, how long, from where; which clusters are near; a cluster's telling records.

Pure functions of a clustering's arrays, at most a cluster's records against the centroids; never records against records.
"""

import collections
import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..base.arrays import unit_rows
from ..base.params import digest
from ..workspace.artifacts import Result
from ..workspace.results import Results
from ..workspace.shape import shape_now
from .naming.sample import sample_for_names
from .naming.stage import REGIONS
from .naming.tokens import terms_of

_MOST_COMPARED = 20_000  # of one cluster's records with all centroids


def redundancy(centroids: np.ndarray, labels: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return (k,) float64: the mean cosine of a cluster's records to its centroid, 1 where all are copies; NaN where it is empty.

    distances: (n,) squared Euclidean, of unit rows x to their centroid c: 1 - 2 x.c + |c|^2, so that no vector is read again.
    """
    k = len(centroids)
    sizes = np.bincount(labels, minlength=k)
    squares = np.einsum("ij,ij->i", centroids, centroids, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(labels, distances, minlength=k) / sizes
        return np.clip((1 + squares - mean) / (2 * np.sqrt(squares)), -1, 1)


def typical_words(texts: pa.ChunkedArray, labels: np.ndarray, k: int) -> np.ndarray:
    """Return (k,) float64: the median number of words of each cluster's texts; NaN where it has none. labels: (len(texts),)."""
    words = pc.count_substring_regex(texts, r"[\p{L}\p{N}_]+").to_numpy()
    order = np.lexsort((words, labels))
    ordered, mine = words[order], labels[order]
    first, behind = np.searchsorted(mine, np.arange(k)), np.searchsorted(mine, np.arange(k), side="right")
    last = len(ordered) - 1
    middle = ordered[np.clip((first + behind - 1) // 2, 0, last)] + ordered[np.clip((first + behind) // 2, 0, last)]
    return np.where(behind > first, middle / 2, np.nan)


def words_of_clusters(results: Results) -> np.ndarray:
    """Return `typical_words` of up to 24 records of each current cluster: as the clustering wrote it down, or made once."""
    key, info = results.current("cluster"), results.info("cluster")
    if "words" in info and "shaped" not in info:  # of merged and split clusters it tells what they were
        return np.array(info["words"], np.float64)
    labels, distances = results.array("cluster"), results.array("cluster", ".distances.npy")

    def made() -> Result:
        rows = sample_for_names(labels, distances)
        texts = results.workspace.records().take(rows, ["text"])["text"]
        return {}, {"value": typical_words(texts, labels[rows], len(info["sizes"]))}

    results.keep("words-of-clusters", key, made)
    return np.asarray(results.workspace.array("words-of-clusters", key))


def main_sources(labels: np.ndarray, codes: np.ndarray, k: int, n_sources: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (codes (k,) int, shares (k,) float64): the commonest source of each cluster, and its share of the cluster.

    codes: (n,) int of the records' sources, -1 for none; so is a cluster's where none of its records has one.
    """
    counts = np.zeros((k, n_sources), np.int64)
    known = codes >= 0
    flat = np.bincount(labels[known].astype(np.int64) * n_sources + codes[known], minlength=k * n_sources)
    counts += flat.reshape(k, n_sources)
    best, most = counts.argmax(axis=1), counts.max(axis=1)
    return np.where(most > 0, best, -1), most / np.maximum(np.bincount(labels, minlength=k), 1)


def region_of_clusters(results: Results) -> np.ndarray:
    """Return (k,) int32: the region of the map that each current cluster is in, -1 for none; empty where there are no regions.

    Regions are of the clusters as they were found; one that was merged or split since is where most of its records are.
    """
    if not (regions := results.current(REGIONS.name)):
        return np.zeros(0, np.int32)
    current, shape = results.current("cluster"), shape_now(results)
    as_found = results.array(REGIONS.name)
    if current == shape.base:
        return np.asarray(as_found)

    def made() -> Result:
        of_records = np.asarray(as_found)[results.workspace.array("cluster", shape.base)]
        n_regions = int(as_found.max(initial=-1)) + 1
        k = len(results.info("cluster")["sizes"])
        best, _ = main_sources(results.array("cluster"), of_records, k, max(n_regions, 1))
        return {}, {"value": best.astype(np.int32)}

    key = digest(regions, current)
    results.keep("regions-of-clusters", key, made)
    return np.asarray(results.workspace.array("regions-of-clusters", key))


def nearest_clusters(centroids: np.ndarray, sizes: np.ndarray, cluster: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (clusters, cosines) of the m clusters whose centroids are nearest to one's, nearest first; empty ones are left out."""
    units = unit_rows(centroids)
    cosines = units @ units[cluster]
    others = np.flatnonzero((sizes > 0) & (np.arange(len(sizes)) != cluster))
    order = others[np.lexsort((others, -cosines[others]))][:m]
    return order, cosines[order]


@dataclasses.dataclass(frozen=True)
class Telling:
    """Records that tell what a cluster is. All arrays are row ids, the most telling first.

    typical: nearest to its centre. extreme: farthest from it. contested: whose distances to their own and to the next
    centroid differ least; rivals: (len(contested),) that next cluster of each.
    """

    typical: np.ndarray
    extreme: np.ndarray
    contested: np.ndarray
    rivals: np.ndarray


def telling_records(
    embeddings: np.ndarray, labels: np.ndarray, centroids: np.ndarray, distances: np.ndarray, cluster: int, m: int
) -> Telling:
    """Return up to m records of each kind. Of a cluster of more than 20,000 records the outermost are looked at for rivals."""
    members = np.flatnonzero(labels == cluster)
    order = members[np.argsort(distances[members], kind="stable")]
    outer = np.sort(order[-_MOST_COMPARED:])
    contested, rivals = _contested(embeddings, centroids, labels, distances, outer, cluster)
    return Telling(order[:m], order[::-1][:m], contested[:m], rivals[:m])


def _contested(
    embeddings: np.ndarray,
    centroids: np.ndarray,
    labels: np.ndarray,
    distances: np.ndarray,
    rows: np.ndarray,
    cluster: int,
) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.bincount(labels, minlength=len(centroids))
    squares = np.where(sizes > 0, np.einsum("ij,ij->i", centroids, centroids), np.inf)
    squares[cluster] = np.inf
    if not np.isfinite(squares).any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    gaps, rivals = np.empty(len(rows)), np.empty(len(rows), np.int64)
    for start in range(0, len(rows), 4096):
        part = slice(start, start + 4096)
        away = squares - 2 * (embeddings[rows[part]] @ centroids.T)  # less |x|^2, which is 1
        rivals[part] = away.argmin(axis=1)
        gaps[part] = away.min(axis=1) + 1 - distances[rows[part]]
    order = np.argsort(gaps, kind="stable")
    return rows[order], rivals[order]


@dataclasses.dataclass(frozen=True)
class Term:
    """A term that sets a cluster apart. count: the texts of it that hold the term, of those read. score: c-TF-IDF."""

    term: str
    count: int
    score: float


def distinctive_terms(inside: Sequence[str], outside: Sequence[str], m: int = 12) -> list[Term]:
    """Return the terms that set the texts `inside` apart from those `outside`, a sample of all records, the most telling first.

    By class-based TF-IDF of two classes of equal size (see `name_groups`): the share of texts inside that hold a term, times
    log(1 + 1 / its mean share). A term in fewer than a sixth of the texts inside is left out: it is some record's own subject.
    """
    held, common = _counts(inside), _counts(outside)
    found = []
    for term, count in held.items():
        share, overall = count / len(inside), common[term] / max(len(outside), 1)
        if count >= max(2, len(inside) / 6) or len(inside) < 3:
            found.append(Term(term, count, share * math.log1p(1 / ((share + overall) / 2))))
    return sorted(found, key=lambda each: (-each.score, each.term))[:m]


def _counts(texts: Sequence[str]) -> collections.Counter[str]:
    counts: collections.Counter[str] = collections.Counter()
    for text in texts:
        counts.update(set(terms_of(text)))
    return counts
