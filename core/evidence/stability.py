"""Stability: how alike a method selects when everything random in it is drawn anew."""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.params import Params, digest, option
from ..base.progress import Progress, no_progress, part_of
from ..measures.compare import mean_jaccard
from ..selection.choosing import select_records
from ..selection.params import SelectionParams
from ..workspace.artifacts import Result
from ..workspace.results import Results
from .redraw import mean_overlap, redrawn_pool

VERSION = 2
LEAST_SEEDS = 2


@dataclasses.dataclass(frozen=True)
class StabilityParams(Params):
    """select: `SelectionParams.as_dict`. n_seeds: how many seeds it is drawn with, from its own on."""

    select: dict
    n_seeds: int = option(5, "seeds that are tried", least=LEAST_SEEDS, flag="--stability")

    def __post_init__(self) -> None:
        super().__post_init__()
        SelectionParams.from_dict(self.select)


@dataclasses.dataclass(frozen=True)
class Stability:
    """How alike a method selects with `n_seeds` seeds, two by two on average: jaccard, 0..1, and overlap, the shared share."""

    n_seeds: int
    jaccard: float
    overlap: float


def stability(
    results: Results, params: StabilityParams, progress: Progress = no_progress, device: str = "auto"
) -> Stability:
    """Select with several seeds under today's decisions, all that is random drawn anew (`redraw.py`); kept once found."""
    if not (key := _stability_key(results, params)):
        raise CurationError(f"{params.select['method']} lacks a stage that it needs; status says which are missing.")

    def make() -> Result:
        asked, drawn = SelectionParams.from_dict(params.select), []
        for i in range(params.n_seeds):
            within = part_of(progress, i / params.n_seeds, (i + 1) / params.n_seeds)
            anew = dataclasses.replace(asked, seed=asked.seed + i)
            pool = redrawn_pool(results, anew, i, within, device)
            drawn.append(np.unique(select_records(pool, anew).rows))
            progress(i + 1, params.n_seeds)
        found = {"jaccard": round(mean_jaccard(drawn), 6), "overlap": round(mean_overlap(drawn), 6)}
        return {"params": params.as_dict()} | found, {}

    results.keep("stability", key, make)
    return known_stability(results, params)


def known_stability(results: Results, params: StabilityParams) -> Stability | None:
    """Return the stability if it was found before, else None."""
    key = _stability_key(results, params)
    if not key or not results.workspace.has("stability", key):
        return None
    info = results.workspace.info("stability", key)
    return Stability(params.n_seeds, info["jaccard"], info["overlap"])


def _stability_key(results: Results, params: StabilityParams) -> str:
    """Return the key, "" where a stage that the method needs is missing or out of date."""
    selection = results.key("select", SelectionParams.from_dict(params.select))
    return digest("stability", VERSION, selection, params.n_seeds) if selection else ""
