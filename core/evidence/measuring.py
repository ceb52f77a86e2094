"""The evidence for a selection on a workspace: every measure beside the same measure of random selections of its size.

Kept by what it depends on: a selection is measured once, and a random band is made once for a size.
"""

import dataclasses
from typing import Any

import numpy as np

from ..base.device import resolve_device
from ..base.errors import CurationError, lacking
from ..base.params import digest, rows_digest
from ..base.progress import Progress, no_progress, part_of
from ..workspace.artifacts import Result
from ..workspace.results import Results
from .ground import Ground, MeasureParams, is_large

VERSION = 3  # of the measures
_LARGE_VERSION = 1  # of how those of large selections and pools are estimated


@dataclasses.dataclass(frozen=True)
class Evidence:
    """values: {measure: value}. bands: {measure: its values on the random selections}. details: shares, tokens, sample sizes."""

    values: dict[str, float]
    bands: dict[str, list[float]]
    details: dict[str, Any]

    def place(self, name: str) -> str:
        """Return "above", "below" or "inside" its random band."""
        value, band = self.values[name], self.bands[name]
        return "above" if value > max(band) else "below" if value < min(band) else "inside"


def found_before(results: Results, rows: np.ndarray, params: MeasureParams) -> Evidence | None:
    """Return the evidence if it was measured before on what is there today; None where it was not. Computes nothing."""
    workspace, (own, band) = results.workspace, _keys(results, rows, params)
    if not (workspace.has("measure", own) and workspace.has("band", band)):
        return None
    held, bands = workspace.info("measure", own), workspace.info("band", band)["bands"]
    both = [name for name in held["values"] if name in bands]
    return Evidence({n: held["values"][n] for n in both}, {n: bands[n] for n in both}, held["details"])


def params_in_use(results: Results) -> MeasureParams:
    """Return the params that the workspace's latest measuring used, so that what was measured is found again."""
    saved = results.workspace.ledger.settings().get("measure")
    return MeasureParams.from_dict(saved) if saved else MeasureParams()


def measure(
    results: Results,
    rows: np.ndarray,
    params: MeasureParams,
    progress: Progress = no_progress,
    device: str = "auto",
) -> Evidence:
    """Measure a selection and its random band. rows: (m,) row ids, one given twice counts twice.

    Raises CurationError where nothing is selected, or the records are not embedded.
    """
    if not len(rows):
        raise CurationError("Nothing is selected, so there is nothing to measure; select some records first.")
    if not results.current("embed"):
        raise lacking("Measures compare embeddings, and there are none", "embed", results.workspace.folder)
    results.workspace.ledger.set_settings("measure", params.as_dict())
    if (held := found_before(results, rows, params)) is not None:
        return held
    own, band = _keys(results, rows, params)
    ground = Ground(results, params, resolve_device(device))
    parts = params.n_random + 1

    def make_band() -> Result:
        values = [
            ground.values(drawn, part_of(progress, i / parts, (i + 1) / parts))
            for i, drawn in enumerate(_random(ground.n, len(rows), params))
        ]
        # In a large pool a small draw may miss the sample that languages are reported of.
        names = [name for name in values[0] if all(name in each for each in values)]
        bands = {name: [each[name] for each in values] for name in names}
        return {"n": len(rows), "params": params.as_dict(), "bands": bands}, {}

    def make_own() -> Result:
        values = ground.values(rows, part_of(progress, params.n_random / parts, 1))
        return {"n": len(rows), "values": values, "details": ground.details(rows)}, {}

    results.keep("band", band, make_band)
    results.keep("measure", own, make_own)
    return found_before(results, rows, params)


def _keys(results: Results, rows: np.ndarray, params: MeasureParams) -> tuple[str, str]:
    """Return the keys of a selection's own values and of its band."""
    inputs = [results.current(stage) for stage in ("records", "embed", "cluster", "score", "reward")]
    large = is_large(results.n_records(), len(rows), params)
    version = [VERSION, _LARGE_VERSION] if large else VERSION
    basis = [version, inputs, params.seed, params.most_selected, params.most_pool]
    return digest("measure", basis, rows_digest(np.sort(rows))), digest("band", basis, params.n_random, len(rows))


def _random(n: int, m: int, params: MeasureParams) -> list[np.ndarray]:
    """Return the row ids of random selections of m out of n records, ascending; with replacement where m is more."""
    return [
        np.sort(np.random.default_rng([params.seed, i]).choice(n, m, replace=m > n)) for i in range(params.n_random)
    ]
