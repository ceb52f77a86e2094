"""UMAP's own layout and optimisation, with what it is started from and told handed over. Knows no params of ours.

umap-learn's own neighbour search and spectral start are slow and unsteady on pools with many near-duplicates, so the
neighbours come from FAISS and the start from the two main axes (PCA).
"""

import warnings
from typing import Any

import numpy as np

from ..base.progress import Progress, no_progress

_BLOCK_ROWS = 8192


def main_axes(embeddings: np.ndarray) -> np.ndarray:
    """Return (n, 2) float32: the records along their two main axes, the wider one spread over -10..10."""
    n, d = embeddings.shape
    mean, square = np.zeros(d), np.zeros((d, d))
    for start in range(0, n, _BLOCK_ROWS):
        block = embeddings[start : start + _BLOCK_ROWS].astype(np.float64)
        mean += block.sum(0) / n
        square += block.T @ block / n
    _, axes = np.linalg.eigh(square - np.outer(mean, mean))
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), range(axes.shape[1])])  # eigenvectors come with either sign
    flat = np.zeros((n, 2), np.float32)
    for start in range(0, n, _BLOCK_ROWS):
        flat[start : start + _BLOCK_ROWS, : axes.shape[1]] = (embeddings[start : start + _BLOCK_ROWS] - mean) @ axes
    spread = np.abs(flat).max() if n else 0
    return flat * np.float32(10 / spread) if spread > 0 else flat


def fit_layout(
    neighbours: tuple[np.ndarray, np.ndarray],
    start: np.ndarray,
    min_dist: float,
    seed: int,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Return (n, 2) float32 positions by UMAP. neighbours: as of `neighbours.nearest_neighbours`. start: (n, 2) float32."""
    import umap

    # Duplicates must not start on the same spot, and the noise comes from the seed.
    start = start + np.random.default_rng(seed).normal(scale=1e-3, size=start.shape).astype(np.float32)
    reducer = umap.UMAP(
        n_neighbors=neighbours[0].shape[1],
        min_dist=min_dist,
        init=start,
        precomputed_knn=neighbours,
        random_state=seed,
        n_jobs=1,
        tqdm_kwds=_epochs_to(progress),
    )
    # With the neighbours known, UMAP reads no vectors: `start` only tells it how many records there are.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(search index|knn_search_index|n_jobs value).*")
        return reducer.fit_transform(start).astype(np.float32)


def refine_layout(
    neighbours: tuple[np.ndarray, np.ndarray],
    xy: np.ndarray,
    min_dist: float,
    seed: int,
    n_epochs: int,
    rate: float,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Return (n, 2) float32: positions `xy` after a few more epochs of UMAP's optimisation, which begins at `rate` (its own: 1).

    Every record moves, by the fuzzy graph of all neighbours, on one thread, so that a seed gives the same bytes.
    """
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample

    indices, distances = neighbours
    graph = fuzzy_simplicial_set(
        xy, indices.shape[1], None, "cosine", knn_indices=indices, knn_dists=distances.astype(np.float32)
    )[0].tocoo()
    strong = graph.data >= graph.data.max() / n_epochs  # a weaker edge would not be drawn once, as in UMAP
    head, tail, strength = graph.row[strong], graph.col[strong], graph.data[strong]
    del graph, strong
    state = np.random.default_rng(seed).integers(-(2**31), 2**31, 3)
    moved = xy.astype(np.float32, order="C")
    return optimize_layout_euclidean(
        moved,
        moved,
        head,
        tail,
        n_epochs,
        len(moved),
        make_epochs_per_sample(strength, n_epochs),
        *find_ab_params(1.0, min_dist),
        state,
        initial_alpha=rate,
        move_other=True,
        tqdm_kwds=_epochs_to(progress),
    )


def _epochs_to(progress: Progress) -> dict[str, Any]:
    return {"disable": False, "file": _EpochReader(progress), "mininterval": 0.5, "bar_format": "{n}/{total}\n"}


class _EpochReader:
    """The file that UMAP's epoch bar is written to: it turns "120/500" into progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> None:
        done, slash, total = text.strip().partition("/")
        if slash and done.isdecimal() and total.isdecimal():
            self._progress(int(done), int(total))

    def flush(self) -> None:
        """Nothing is held back."""
