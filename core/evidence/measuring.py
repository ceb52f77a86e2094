"""The evidence for a selection on a workspace: every measure beside the same measure of random selections of its size.

Kept by what it depends on: a selection is measured once, and a random band is made once for a size. Measure after measure is
written down as soon as it is known, with its band: a page shows it, and a job that was killed goes on from there.
"""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from ..base.device import resolve_device
from ..base.errors import CurationError, lacking
from ..base.files import write_json
from ..base.params import digest, rows_digest
from ..base.progress import Progress, no_progress, part_of
from ..measures.measure import MEASURES, Measure
from ..workspace.artifacts import Result
from ..workspace.results import Results
from .ground import Ground, MeasureParams, SeenHere, is_large

VERSION = 4  # of the measures
_LARGE_VERSION = 1  # of how those of large selections and pools are estimated
_COSTS = {
    "": 0.2,
    "languages": 3.0,
    "pairs": 4.0,
    "coverage": 6.0,
}  # about, of what is measured by each; the cheap ones first


@dataclasses.dataclass(frozen=True)
class Evidence:
    """values: {measure: value}. bands: {measure: its values on the random selections}. details: shares, tokens, sample sizes,
    empty while it is being measured. n: the records selected.
    """

    values: dict[str, float]
    bands: dict[str, list[float]]
    details: dict[str, Any]
    n: int = 0

    def place(self, name: str) -> str:
        """Return "above", "below" or "inside" its random band."""
        value, band = self.values[name], self.bands[name]
        return "above" if value > max(band) else "below" if value < min(band) else "inside"

    def judged(self, name: str) -> str:
        """Return "better" or "worse" than every random selection, "chance" where it is among them, "" where it is no merit."""
        better, place = MEASURES[name].better, self.place(name)
        if not better or place == "inside":
            return better and "chance"
        return "better" if (better == "more") == (place == "above") else "worse"

    def told_from_chance(self, name: str) -> str:
        """Return what `judged` does, but "chance" also where one random selection in a hundred would lie as far out.

        By Student's prediction interval around the random ones: the most extreme of eleven is no news by itself.
        """
        from scipy.special import stdtrit

        judged, band = self.judged(name), np.asarray(self.bands[name], float)
        if judged not in ("better", "worse") or len(band) < 2:
            return judged
        reach = stdtrit(len(band) - 1, 0.995) * band.std(ddof=1) * np.sqrt(1 + 1 / len(band))
        return judged if abs(self.values[name] - band.mean()) > reach else "chance"


def found_before(results: Results, rows: np.ndarray, params: MeasureParams) -> Evidence | None:
    """Return the evidence if it was measured before on what is there today; None where it was not. Computes nothing."""
    workspace, (own, band) = results.workspace, _keys(results, rows, params)
    if not (workspace.has("measure", own) and workspace.has("band", band)):
        return None
    held, bands = workspace.info("measure", own), workspace.info("band", band)["bands"]
    both = [name for name in held["values"] if name in bands]
    return Evidence({n: held["values"][n] for n in both}, {n: bands[n] for n in both}, held["details"], held["n"])


def found_so_far(results: Results, rows: np.ndarray, params: MeasureParams) -> Evidence:
    """Return what is known of a selection that is being measured, or was until its job ended. Computes nothing."""
    own, band = _keys(results, rows, params)
    bands = results.workspace.info("band", band)["bands"] if results.workspace.has("band", band) else {}
    found = {name: (value, bands.get(name, drawn)) for name, (value, drawn) in _written(results, own).items()}
    there = {name: each for name, each in found.items() if each[0] is not None and each[1] and None not in each[1]}
    return Evidence({n: v for n, (v, _) in there.items()}, {n: b for n, (_, b) in there.items()}, {}, len(rows))


def expected(results: Results, params: MeasureParams) -> list[str]:
    """Return the measures that a selection will have, in the order of MEASURES. Computes nothing."""
    has_sources = bool(results.once("has sources", lambda: bool(results.workspace.records().sources()[0])))
    there = {
        "": True,
        "clusters": bool(results.current("cluster")),
        "quality": bool(results.current("score")),
        "groups": bool(results.current("reward")) or has_sources,
        "sources": has_sources,
        "tokens": results.n_records() <= params.most_pool,
    }
    return [name for name, measure in MEASURES.items() if there[measure.needs]]


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
    if not results.workspace.is_read_only:
        results.workspace.ledger.set_settings("measure", params.as_dict())
    if (held := found_before(results, rows, params)) is not None:
        return held
    own, band = _keys(results, rows, params)
    ground = Ground(results, params, resolve_device(device))

    def make_band() -> Result:
        drawn = [ground.see(each) for each in _random(ground.n, len(rows), params)]
        return _band(params, len(rows), _take_all(drawn, progress))

    def make_own() -> Result:
        seen, needs_band = [ground.see(rows)], not results.workspace.has("band", band)
        if needs_band:
            seen += [ground.see(each) for each in _random(ground.n, len(rows), params)]
        known = {name: [value, *drawn] for name, (value, drawn) in _written(results, own).items()}
        known = {name: each[: len(seen)] for name, each in known.items() if len(each) >= len(seen)}

        def write(name: str, values: list[float | None]) -> None:
            write_json(results.workspace.shard_folder("measure", own) / f"{name}.json", [values[0], values[1:]])

        found = _take_all(seen, progress, known, write)
        if needs_band:
            drawn = {name: values[1:] for name, values in found.items()}
            results.keep("band", band, lambda: _band(params, len(rows), drawn))
        values = {name: each[0] for name, each in found.items() if each[0] is not None}
        return {"n": len(rows), "values": values, "details": ground.details(rows)}, {}

    results.keep("measure", own, make_own, shards=own)
    results.keep("band", band, make_band)
    return found_before(results, rows, params)


def _take_all(
    seen: list[SeenHere],
    progress: Progress,
    known: dict[str, list[float | None]] | None = None,
    write: Callable[[str, list[float | None]], None] | None = None,
) -> dict[str, list[float | None]]:
    """Return {measure: its value on each of `seen`}, in the order of MEASURES, None where it has none.

    known: what need not be taken again. write: given each measure as soon as it is taken.
    """
    found, paid = dict(known or {}), set()
    order = sorted(MEASURES.values(), key=lambda measure: list(_COSTS).index(measure.goes_by))
    costs = [_cost(measure, paid) for measure in order]
    for place, measure in enumerate(order):
        if measure.name in found:
            continue
        before, share = sum(costs[:place]) / sum(costs), costs[place] / sum(costs) / len(seen)
        values = [
            each.take(measure, part_of(progress, before + i * share, before + (i + 1) * share))
            for i, each in enumerate(seen)
        ]
        found[measure.name] = values
        if write:
            write(measure.name, values)
    return {name: found[name] for name in MEASURES}


def _cost(measure: Measure, paid: set[str]) -> float:
    """Return what a measure takes: of several that go by the same, the first pays for all."""
    is_paid = measure.goes_by in paid
    paid.add(measure.goes_by)
    return 0.01 if is_paid else _COSTS[measure.goes_by]


def _band(params: MeasureParams, n: int, drawn: dict[str, list[float | None]]) -> Result:
    # In a large pool a small draw may miss the sample that languages are reported of.
    bands = {name: values for name, values in drawn.items() if None not in values}
    return {"n": n, "params": params.as_dict(), "bands": bands}, {}


def _written(results: Results, own: str) -> dict[str, tuple[float | None, list[float | None]]]:
    """Return {measure: (value, its band)} of what is written down of a selection that is not measured to its end."""
    folder = results.workspace.path("measure", own, ".shards")
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    return {name: (value, drawn) for name, (value, drawn) in found.items() if name in MEASURES}


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
