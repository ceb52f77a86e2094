"""A map of very many records: laid out for a sample, the others placed beside their nearest in it, then all of it refined.

Every cell (`cells.py`) has its share of the sample and one record at least, so that rare subjects have a place of their own.
The cells are not the curator's clusters: a map outlives another clustering.
"""

from typing import Any

import numpy as np

from ..base.progress import Progress, no_progress, part_of
from .cells import Cells, find_cells, nearest_in_cells
from .neighbours import self_first
from .trust import AGAINST, N_NEIGHBORS, QUERIES, trustworthiness
from .umap_layout import fit_layout, main_axes, refine_layout

_EPOCHS, _RATE = 20, 0.25  # more of either pulls apart what the sample's layout had together
_JITTER = 0.01  # of a record beside its nearest; the map is about 20 wide


def lay_out_by_sample(
    embeddings: np.ndarray,
    n_sample: int,
    n_neighbors: int,
    min_dist: float,
    seed: int,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return (n, 2) float32 positions of (n, d) float32 unit rows, and facts: fitted_on, epochs, trustworthiness.

    trustworthiness: "fit" of the sample as it was fitted, "all" of the whole map, both as `trust.trustworthiness` defines it.
    """
    n = len(embeddings)
    cells = find_cells(embeddings, seed, part_of(progress, 0, 0.1))
    sample = draw_sample(cells, n_sample, seed)
    is_in = np.zeros(n, bool)
    is_in[sample] = True
    known = cells.only(is_in)
    flat, fit = _fit_sample(embeddings, sample, known, (n_neighbors, min_dist, seed), part_of(progress, 0.1, 0.4))
    xy = _place(embeddings, cells.only(~is_in), known, sample, flat, seed)
    indices, cosines = nearest_in_cells(embeddings, cells, cells, n_neighbors, part_of(progress, 0.42, 0.7))
    neighbours = _as_neighbours(indices, cosines)
    xy = refine_layout(neighbours, xy, min_dist, seed, _EPOCHS, _RATE, part_of(progress, 0.7, 0.95))
    facts = {
        "fitted_on": len(sample),
        "epochs": _EPOCHS,
        "trustworthiness": {
            "fit": fit,
            "all": round(trustworthiness(embeddings, xy, np.arange(n), seed), 4),
            "records": QUERIES,
            "against": AGAINST,
            "neighbors": N_NEIGHBORS,
        },
    }
    return xy, facts


def draw_sample(cells: Cells, n_sample: int, seed: int) -> np.ndarray:
    """Return ascending row ids, about `n_sample`: of every cell its share, and one at least."""
    rng, n = np.random.default_rng(seed), len(cells.rows)
    mixed = np.concatenate([rng.permutation(cells.members(cell)) for cell in range(len(cells))])
    evenly = mixed[np.arange(n_sample) * n // n_sample]
    firsts = mixed[cells.starts[:-1][np.diff(cells.starts) > 0]]
    return np.union1d(evenly, firsts)


def _fit_sample(
    embeddings: np.ndarray,
    sample: np.ndarray,
    known: Cells,
    asked: tuple[int, float, int],
    progress: Progress,
) -> tuple[np.ndarray, float]:
    """Return (s, 2) float32 positions of the sample by UMAP, and their trustworthiness. asked: neighbours, min_dist, seed."""
    n_neighbors, min_dist, seed = asked
    indices, cosines = nearest_in_cells(embeddings, known, known, n_neighbors, part_of(progress, 0, 0.1))
    place = np.full(len(embeddings) + 1, -1, np.int32)  # the last is that of -1, for no neighbour
    place[sample] = np.arange(len(sample))
    vectors = embeddings[sample]
    neighbours = _as_neighbours(place[indices[sample]], cosines[sample])
    flat = fit_layout(neighbours, main_axes(vectors), min_dist, seed, part_of(progress, 0.1, 0.95))
    return flat, round(trustworthiness(vectors, flat, np.arange(len(sample)), seed), 4)


def _place(
    embeddings: np.ndarray, others: Cells, known: Cells, sample: np.ndarray, flat: np.ndarray, seed: int
) -> np.ndarray:
    """Return (n, 2) float32: the sample where it is, every other record beside the one of it that is nearest by cosine.

    Not among several: between two groups of neighbours lies a place where neither is.
    """
    nearest = nearest_in_cells(embeddings, others, known, 1)[0][:, 0]
    nearest[sample] = sample
    stays = np.zeros(len(nearest), bool)
    stays[sample] = True
    return beside(flat[np.searchsorted(sample, nearest)], stays, seed)


def beside(xy: np.ndarray, stays: np.ndarray, seed: int) -> np.ndarray:
    """Return (m, 2) float32 places close beside those given, so that none covers another; those that `stays`, (m,) bool, as they
    are.
    """
    noise = np.random.default_rng(seed).normal(scale=_JITTER, size=xy.shape).astype(np.float32)
    noise[stays] = 0
    return xy + noise


def _as_neighbours(indices: np.ndarray, cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (indices, distances) as UMAP takes them: each record its own first."""
    return self_first(indices), np.clip(1 - cosines, 0, 2)
