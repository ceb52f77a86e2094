"""Projection: embeddings to two dimensions by UMAP, for the eye only. No method reads it.

umap-learn's own neighbour search and spectral start are slow and unsteady on pools with many near-duplicates, so the
neighbours come from FAISS and the start from the two main axes (PCA).
"""

import dataclasses
import warnings

import numpy as np

from ..base.params import Params, option
from ..base.progress import Progress, no_progress, part_of
from .neighbours import nearest_neighbours

_BLOCK_ROWS = 8192


@dataclasses.dataclass(frozen=True)
class ProjectParams(Params):
    """n_neighbors: more shows the large shape, fewer the detail. min_dist: how tight points may lie. seed: of the layout."""

    n_neighbors: int = option(
        15,
        "neighbours of a record that the map keeps near",
        label="Neighbours on the map",
        more="More shows the large shape, fewer the detail.",
        least=2,
        flag="--neighbors",
    )
    min_dist: float = option(0.1, "how tight points may lie", least=0)
    seed: int = option(0, "of everything random", least=0)


def project_2d(embeddings: np.ndarray, params: ProjectParams, progress: Progress = no_progress) -> np.ndarray:
    """Return (n, 2) float32 positions of (n, d) float32 unit rows. Up to 5 records lie on their main axes."""
    start = _main_axes(embeddings)
    if len(embeddings) <= 5:
        return start
    n_neighbors = min(params.n_neighbors, len(embeddings) - 1)
    neighbours = nearest_neighbours(embeddings, n_neighbors, part_of(progress, 0, 0.35))
    return _layout(neighbours, start, params, part_of(progress, 0.35, 1))


def _main_axes(embeddings: np.ndarray) -> np.ndarray:
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


def _layout(
    neighbours: tuple[np.ndarray, np.ndarray], start: np.ndarray, params: ProjectParams, progress: Progress
) -> np.ndarray:
    import umap

    # Duplicates must not start on the same spot, and the noise comes from the seed.
    start = start + np.random.default_rng(params.seed).normal(scale=1e-3, size=start.shape).astype(np.float32)
    reducer = umap.UMAP(
        n_neighbors=neighbours[0].shape[1],
        min_dist=params.min_dist,
        init=start,
        precomputed_knn=neighbours,
        random_state=params.seed,
        n_jobs=1,
        tqdm_kwds={"disable": False, "file": _EpochReader(progress), "mininterval": 0.5, "bar_format": "{n}/{total}\n"},
    )
    # With the neighbours known, UMAP reads no vectors: `start` only tells it how many records there are.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(search index|knn_search_index|n_jobs value).*")
        return reducer.fit_transform(start).astype(np.float32)


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
