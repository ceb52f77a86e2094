"""Projection: embeddings to two dimensions by UMAP, for the eye only. No method reads it."""

import dataclasses
from typing import Any

import numpy as np

from ..base.params import Params, option
from ..base.progress import Progress, no_progress, part_of
from .neighbours import nearest_neighbours
from .placing import lay_out_by_sample
from .umap_layout import fit_layout, main_axes

_FEWEST = 5


@dataclasses.dataclass(frozen=True)
class ProjectParams(Params):
    """n_neighbors: more shows the large shape, fewer the detail. min_dist: how tight points may lie. seed: of the layout.

    fit_on: of more records than that, a sample is laid out, and the others are placed by it (`placing.py`).
    """

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
    fit_on: int = option(
        100_000,
        "records that the map is fitted on; of more, the others are placed beside their neighbours among these",
        label="Records to fit the map on",
        more="Of more records, a sample is fitted and the others are placed beside their neighbours in it, which is far quicker.",
        least=1000,
        added=True,
    )

    def fits_all(self, n_records: int) -> bool:
        """Whether the map of so many records is fitted on all of them."""
        return n_records <= self.fit_on


def lay_out(
    embeddings: np.ndarray, params: ProjectParams, progress: Progress = no_progress
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return (n, 2) float32 positions of (n, d) float32 unit rows, and what `layout_note` tells of them.

    Up to 5 records lie on their main axes.
    """
    n = len(embeddings)
    if not params.fits_all(n):
        return lay_out_by_sample(embeddings, params.fit_on, params.n_neighbors, params.min_dist, params.seed, progress)
    start = main_axes(embeddings)
    if n <= _FEWEST:
        return start, {}
    neighbours = nearest_neighbours(embeddings, min(params.n_neighbors, n - 1), part_of(progress, 0, 0.35))
    return fit_layout(neighbours, start, params.min_dist, params.seed, part_of(progress, 0.35, 1)), {}


def layout_note(info: dict[str, Any]) -> str:
    """Return in a curator's words how a map was laid out, "" where it was fitted on every record. info: the stage's."""
    if "fitted_on" not in info:
        return ""
    fit, whole = info["trustworthiness"]["fit"], info["trustworthiness"]["all"]
    return (
        f"Fitted on {info['fitted_on']:,} records, some of every subject; the others were placed beside their nearest ones among "
        f"these. Trustworthiness {fit:.2f} of the fit and {whole:.2f} of the whole map (1: near on the map is near in meaning)."
    )
