"""Clustering: k-means over unit vectors, and a readable name for every cluster. FAISS on a CPU, torch on CUDA.

Both run Lloyd's iterations from the same starting rows, so they agree up to rounding. No quality, no selection here.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from ..base.device import resolve_device
from ..base.errors import CurationError
from ..base.params import Params, option
from ..base.progress import Progress, no_progress, part_of

_BLOCK_ROWS = 65536
_BLOCK_MEANS = 8192
_SAMPLE_PER_CLUSTER = 256
_CALLS = 5
_FINER = 4
_PLUS_PLUS_UP_TO = 256
_START_FROM = 8192

# (n, d) rows, (k, d) centroids, progress -> (n,) int32 nearest ones, (n,) float32 squared distances to them.
Assign = Callable[[np.ndarray, np.ndarray, Progress], tuple[np.ndarray, np.ndarray]]


def count_or_auto(text: str) -> int:
    """Return a number of clusters, 0 for "auto". Raises CurationError for anything else."""
    if text != "auto" and (not text.isdecimal() or int(text) < 1):
        raise CurationError(f"clusters is {text!r}; it must be a count of at least 1, or auto.")
    return 0 if text == "auto" else int(text)


@dataclasses.dataclass(frozen=True)
class ClusterParams(Params):
    """n_clusters: how many; 0 takes `suggest_n_clusters`. iterations: Lloyd's iterations. seed: of the starting rows.

    hierarchical: k-means of the centroids of a finer k-means (arXiv 2405.15613): crowded subjects get fewer clusters and rare
    ones more than plain k-means gives them; for very uneven data.
    """

    n_clusters: int = option(
        0,
        "how many, or auto: the square root of the number of records",
        label="Clusters",
        more="0 takes the square root of the number of records.",
        least=0,
        flag="--clusters",
        parse=count_or_auto,
        usual="auto",
    )
    iterations: int = option(25, "k-means iterations", least=1)
    seed: int = option(
        0, "of everything random", label="Random seed", more="The same seed gives the same clusters.", least=0
    )
    hierarchical: bool = option(
        False,
        "k-means of k-means, evener on very uneven data",
        label="For very uneven data",
        more="k-means of k-means: crowded subjects get fewer clusters, rare ones more.",
    )

    def alike(self, n_records: int) -> "tuple[ClusterParams, ...]":
        """Return all params that give the same clusters of `n_records` records: these first, then "auto" and its number."""
        auto = suggest_n_clusters(n_records)
        if self.n_clusters not in (0, auto):
            return (self,)
        return (self, dataclasses.replace(self, n_clusters=0 if self.n_clusters else auto))


@dataclasses.dataclass(frozen=True)
class Clusters:
    """A clustering of n records: cluster 0 is the largest, none is empty.

    labels: (n,) int32. centroids: (k, d) float32, the means, not of unit length. distances: (n,) float32, squared
    Euclidean distance of each record to its centroid (for unit rows about 2 - 2 cosine).
    """

    labels: np.ndarray
    centroids: np.ndarray
    distances: np.ndarray

    @property
    def objective(self) -> float:
        """Sum of the squared distances: what k-means minimises."""
        return float(self.distances.sum(dtype=np.float64))

    @property
    def sizes(self) -> np.ndarray:
        """Return (k,) int64, the records of each cluster."""
        return np.bincount(self.labels, minlength=len(self.centroids))


def suggest_n_clusters(n_records: int) -> int:
    """Return the number of clusters "auto" takes: the square root of the number of records, between 2 and 2,048.

    2,048 is the best of the eight values that the paper tried on 196,000 records (D&C, its study of the number of clusters).
    """
    return max(1, min(n_records, max(2, min(2048, round(math.sqrt(n_records))))))


def cluster_embeddings(
    embeddings: np.ndarray,
    params: ClusterParams,
    device: str = "auto",
    progress: Progress = no_progress,
    assign: Assign | None = None,
) -> Clusters:
    """Cluster (n, d) float32 unit rows by k-means. Fewer clusters come back where fewer distinct vectors exist.

    Where n exceeds 256 a cluster, the centroids are trained on that many rows, drawn by the seed, as FAISS does.
    assign: finds the nearest centroids of all rows in place of this process, with what `nearest_table` gives of each block.
    """
    n = len(embeddings)
    k = params.n_clusters or suggest_n_clusters(n)
    if k > n:
        raise CurationError(f"{k:,} clusters of {n:,} records can't be; ask for {n:,} at most, or auto.")
    if params.hierarchical and _FINER * k <= n:
        return _hierarchical(embeddings, dataclasses.replace(params, n_clusters=k), device, progress, assign)
    rng = np.random.default_rng(params.seed)
    sample = embeddings
    if n > _SAMPLE_PER_CLUSTER * k:
        sample = embeddings[np.sort(rng.choice(n, _SAMPLE_PER_CLUSTER * k, replace=False))]
    sample = np.ascontiguousarray(sample, dtype=np.float32)
    start = sample[starting_rows(sample, k, rng)]
    train, here = (_torch_train, _torch_assign) if resolve_device(device) == "cuda" else (faiss_train, faiss_assign)
    centroids = train(sample, start, params, part_of(progress, 0, 0.9))
    labels, distances = (assign or here)(embeddings, centroids, part_of(progress, 0.9, 1))
    return _largest_first(labels, centroids, distances)


def assign_clusters(embeddings: np.ndarray, centroids: np.ndarray, progress: Progress = no_progress) -> np.ndarray:
    """Return (n,) int32: the nearest of (k, d) float32 centroids to each of (n, d) rows. On the CPU."""
    return faiss_assign(embeddings, centroids, progress)[0]


def nearest_table(rows: np.ndarray, device: str, centroids: np.ndarray) -> pa.Table:
    """Return label (int32) and distance (float32), squared, of the nearest of (k, d) centroids to each of (m, d) rows."""
    assign = _torch_assign if device == "cuda" else faiss_assign
    labels, distances = assign(rows, centroids, no_progress)
    return pa.table({"label": pa.array(labels), "distance": pa.array(distances)})


def _hierarchical(
    embeddings: np.ndarray, params: ClusterParams, device: str, progress: Progress, assign: Assign | None
) -> Clusters:
    """Cluster finely, then the fine centroids as points of equal weight; a record goes where its fine cluster goes."""
    plain = dataclasses.replace(params, hierarchical=False)
    finer = dataclasses.replace(plain, n_clusters=_FINER * params.n_clusters)
    fine = cluster_embeddings(embeddings, finer, device, part_of(progress, 0, 0.9), assign)
    k = min(params.n_clusters, len(fine.centroids))
    coarse = cluster_embeddings(fine.centroids, dataclasses.replace(plain, n_clusters=k), device)
    labels = coarse.labels[fine.labels]
    centroids = np.zeros_like(coarse.centroids)
    np.add.at(centroids, coarse.labels, fine.centroids * fine.sizes[:, None].astype(np.float32))
    centroids /= np.bincount(labels, minlength=len(centroids))[:, None]
    distances = np.empty(len(labels), np.float32)
    for start in range(0, len(labels), _BLOCK_ROWS):
        away = embeddings[start : start + _BLOCK_ROWS] - centroids[labels[start : start + _BLOCK_ROWS]]
        distances[start : start + len(away)] = np.einsum("ij,ij->i", away, away)
    progress(1, 1)
    return _largest_first(labels, centroids, distances)


def starting_rows(sample: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k different row numbers to start from: k-means++ (Arthur and Vassilvitskii 2007) on a part of the sample.

    Above 256 clusters a uniform draw does as well and k-means++ would take longer than an iteration.
    """
    rows = np.sort(rng.choice(len(sample), min(len(sample), max(_START_FROM, k)), replace=False))
    if k > _PLUS_PLUS_UP_TO or k == len(rows):
        return np.sort(rng.choice(len(sample), k, replace=False))
    part = sample[rows]
    lengths = np.einsum("ij,ij->i", part, part)
    chosen = [int(rng.integers(len(rows)))]
    gap = np.full(len(rows), np.inf)
    for _ in range(k - 1):
        last = part[chosen[-1]]
        gap = np.minimum(gap, np.maximum(lengths - 2 * part @ last + last @ last, 0))
        gap[chosen] = 0
        if gap.sum() <= 1e-9:  # fewer distinct vectors than clusters: any others will do
            gap = np.ones(len(rows))
            gap[chosen] = 0
        chosen.append(
            int(np.searchsorted(np.cumsum(gap), rng.random() * gap.sum(), side="right").clip(0, len(rows) - 1))
        )
    return rows[chosen]


def faiss_train(
    sample: np.ndarray, centroids: np.ndarray, params: ClusterParams, progress: Progress = no_progress
) -> np.ndarray:
    """Return the (k, d) centroids that Lloyd's iterations over (m, d) float32 rows come to from the given ones. On the CPU."""
    import faiss

    done = 0
    for call in range(min(_CALLS, params.iterations)):
        until = params.iterations * (call + 1) // min(_CALLS, params.iterations)
        kmeans = faiss.Kmeans(
            sample.shape[1],
            len(centroids),
            niter=until - done,
            seed=params.seed + 1,
            min_points_per_centroid=1,
            max_points_per_centroid=len(sample),
        )
        kmeans.train(sample, init_centroids=centroids)
        centroids, done = kmeans.centroids, until
        progress(done, params.iterations)
    return centroids


def faiss_assign(
    embeddings: np.ndarray, centroids: np.ndarray, progress: Progress = no_progress
) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n,) int32 nearest of (k, d) float32 centroids, (n,) float32 squared distances to them), in blocks. On the CPU."""
    import faiss

    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(centroids)
    labels, distances = np.empty(len(embeddings), np.int32), np.empty(len(embeddings), np.float32)
    for start in range(0, len(embeddings), _BLOCK_ROWS):
        block = np.ascontiguousarray(embeddings[start : start + _BLOCK_ROWS], dtype=np.float32)
        found = index.search(block, 1)
        distances[start : start + len(block)] = np.maximum(found[0][:, 0], 0)
        labels[start : start + len(block)] = found[1][:, 0]
        progress(start + len(block), len(embeddings))
    return labels, distances


def _torch_train(
    sample: np.ndarray, centroids: np.ndarray, params: ClusterParams, progress: Progress, device: str = "cuda"
) -> np.ndarray:
    """Lloyd's iterations on `device`. Sums are products with one-hot rows: CUDA's scatter adds in no fixed order."""
    import torch

    rows = torch.from_numpy(sample).to(device)
    centres = torch.from_numpy(centroids).to(device)
    for iteration in range(params.iterations):
        sums = torch.zeros_like(centres)
        sizes = torch.zeros(len(centres), device=device)
        for block in rows.split(max(1, (1 << 27) // len(centres))):
            nearest = _torch_nearest(block, centres)[0]
            members = (nearest[:, None] == torch.arange(len(centres), device=device)).to(block.dtype)
            sums += members.T @ block
            sizes += members.sum(0)
        centres = sums / sizes.clamp(min=1)[:, None]
        _split_largest(centres, sizes)
        progress(iteration + 1, params.iterations)
    return centres.cpu().numpy()


def _torch_nearest(block, centres):
    """Return (index of the nearest centre, squared distance to it) for each row of `block`."""
    nearest = ((centres * centres).sum(1) - 2 * block @ centres.T).min(1)
    return nearest.indices, (nearest.values + (block * block).sum(1)).clamp(min=0)


def _split_largest(centres, sizes) -> None:
    """Give each empty cluster half of the largest one: both move a little apart, as in FAISS."""
    for empty in (sizes == 0).nonzero()[:, 0].tolist():
        largest = int(sizes.argmax())
        centres[empty] = centres[largest]
        centres[empty, ::2] *= 1 + 1 / 1024
        centres[largest, 1::2] *= 1 + 1 / 1024
        sizes[empty] = sizes[largest] / 2
        sizes[largest] /= 2


def _torch_assign(
    embeddings: np.ndarray, centroids: np.ndarray, progress: Progress, device: str = "cuda"
) -> tuple[np.ndarray, np.ndarray]:
    import torch

    centres = torch.from_numpy(centroids).to(device)
    labels, distances = np.empty(len(embeddings), np.int32), np.empty(len(embeddings), np.float32)
    step = min(_BLOCK_ROWS, 1 << max(0, int(math.log2((1 << 27) / len(centres)))))  # cuts a shard's rows as it cuts all
    for start in range(0, len(embeddings), step):
        block = torch.from_numpy(np.array(embeddings[start : start + step], dtype=np.float32)).to(device)
        nearest, squared = _torch_nearest(block, centres)
        labels[start : start + len(block)] = nearest.cpu().numpy()
        distances[start : start + len(block)] = squared.cpu().numpy()
        progress(start + len(block), len(embeddings))
    return labels, distances


def cluster_means(embeddings: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Return (k, d) float64: the mean of each cluster's rows, zeros where it has none. Reads (n, d) in blocks."""
    sums = np.zeros((k, embeddings.shape[1]))
    for start in range(0, len(embeddings), _BLOCK_MEANS):
        own = labels[start : start + _BLOCK_MEANS]
        order = np.argsort(own, kind="stable")
        names, first = np.unique(own[order], return_index=True)
        sums[names] += np.add.reduceat(embeddings[start : start + _BLOCK_MEANS][order].astype(np.float64), first)
    return sums / np.maximum(np.bincount(labels, minlength=k), 1)[:, None]


def _largest_first(labels: np.ndarray, centroids: np.ndarray, distances: np.ndarray) -> Clusters:
    labels, order = largest_first(labels, len(centroids))
    return Clusters(labels, np.ascontiguousarray(centroids[order]), distances)


def largest_first(labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n,) int32 labels numbered anew, the largest of k clusters first and no empty one, (j,) their old numbers)."""
    sizes = np.bincount(labels, minlength=k)
    order = np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())]
    new_id = np.zeros(k, np.int32)
    new_id[order] = np.arange(len(order), dtype=np.int32)
    return new_id[labels], order
