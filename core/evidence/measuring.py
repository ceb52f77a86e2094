"""The evidence for a selection on a workspace: every measure beside the same measure of random selections of its size.

Kept by what it depends on: a selection is measured once, and a random band is made once for a size.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..base.device import resolve_device
from ..base.errors import CurationError, lacking
from ..base.params import Params, digest, option, rows_digest
from ..base.progress import Progress, no_progress, part_of
from ..measures.domain_similarity import phi
from ..measures.pairwise import facility_coverage, vendi, within_selection
from ..measures.registry import MEASURES, cluster_coverage, cluster_entropy, shares, shift
from ..measures.traits import languages, token_counts, word_counts
from ..vectors.clustering import cluster_means
from ..vectors.neighbours import density
from ..workspace.results import Results

VERSION = 3  # of the measures
_POOL_VERSION = 2  # of what is kept about the whole pool
LEAST_RANDOM = 2


@dataclasses.dataclass(frozen=True)
class MeasureParams(Params):
    """n_random: random selections of the same size that make the band. seed: of those, and of samples.

    most_selected: records that are compared pair by pair at most; more are measured on a sample of as many. most_pool: the
    same of the records that coverage and languages are measured on; of a pool with more, tokens are counted in the selection
    only, so they have no band.
    """

    n_random: int = option(10, "random selections of the same size beside it", least=LEAST_RANDOM, flag="--random")
    seed: int = option(0, "of everything random", least=0, flag=None)
    most_selected: int = option(50_000, "records compared pair by pair", least=1, flag=None)
    most_pool: int = option(200_000, "records that coverage is measured on", least=1, flag=None)


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
    workspace, (own, band) = results.workspace, _keys(results, rows, params)
    ground = _Ground(results, params, resolve_device(device))
    with workspace.lock("band", band):
        if not workspace.has("band", band):
            values = [
                ground.values(drawn, part_of(progress, i / (params.n_random + 1), (i + 1) / (params.n_random + 1)))
                for i, drawn in enumerate(_random(ground.n, len(rows), params))
            ]
            # In a large pool a small draw may miss the sample that languages are told of.
            names = [name for name in values[0] if all(name in each for each in values)]
            bands = {name: [each[name] for each in values] for name in names}
            workspace.save("band", band, {"n": len(rows), "params": params.as_dict(), "bands": bands})
    with workspace.lock("measure", own):
        if not workspace.has("measure", own):
            values = ground.values(rows, part_of(progress, params.n_random / (params.n_random + 1), 1))
            workspace.save("measure", own, {"n": len(rows), "values": values, "details": ground.details(rows)})
    return found_before(results, rows, params)


def _keys(results: Results, rows: np.ndarray, params: MeasureParams) -> tuple[str, str]:
    """Return the keys of a selection's own values and of its band."""
    inputs = [results.current(stage) for stage in ("records", "embed", "cluster", "score", "reward")]
    basis = [VERSION, inputs, params.seed, params.most_selected, params.most_pool]
    return digest("measure", basis, rows_digest(np.sort(rows))), digest("band", basis, params.n_random, len(rows))


def _random(n: int, m: int, params: MeasureParams) -> list[np.ndarray]:
    """Return the row ids of random selections of m out of n records, ascending; with replacement where m is more."""
    return [
        np.sort(np.random.default_rng([params.seed, i]).choice(n, m, replace=m > n)) for i in range(params.n_random)
    ]


class _Ground:
    """What selections of one workspace are measured against; each part is made when it is first needed."""

    def __init__(self, results: Results, params: MeasureParams, device: str) -> None:
        self._results, self._params, self._device = results, params, device
        self._records = results.workspace.records()
        self.n = len(self._records)
        self._x = results.array("embed")
        self._labels, self._quality = results.array("cluster"), results.column("score", "score")
        self._sources = self._records.sources()

    def values(self, rows: np.ndarray, progress: Progress = no_progress) -> dict[str, float]:
        """Return every measure that the workspace allows, in the order of MEASURES, to 8 places."""
        compared = self._compared(rows)
        vectors = np.asarray(self._x[compared], np.float32)
        progress(0, 1)
        found = within_selection(vectors, self._density[compared], self._device, part_of(progress, 0, 0.4))
        found["vendi"] = vendi(vectors, self._device)
        found["coverage"] = facility_coverage(self._audience, vectors, self._device, part_of(progress, 0.4, 1))
        if self._labels is not None:
            found["cluster_coverage"] = cluster_coverage(self._labels, rows)
            found["cluster_entropy"] = cluster_entropy(self._labels, rows)
        if self._phi is not None:
            found["inter"], found["intra"] = (float(part[rows].mean(dtype=np.float64)) for part in self._phi)
        if self._quality is not None:
            found["quality"] = float(self._quality[rows].mean(dtype=np.float64))
        found["words"] = float(self._words[rows].sum(dtype=np.int64))
        if self._tokens is not None:
            found["tokens"] = float(self._tokens[rows].sum(dtype=np.int64))
        if self._sources[0]:
            found["source_shift"] = shift(self._sources[1], rows)
        if len(told := self._told(rows)):
            found["language_shift"] = shift(self._languages[1], told)
        return {name: round(found[name], 8) for name in MEASURES if name in found}

    def details(self, rows: np.ndarray) -> dict[str, Any]:
        """Return the shares of sources and languages, the tokens, and how much was measured on a sample."""
        counts = token_counts(self._records, rows) if self._tokens is None else self._tokens[rows]
        prompts, responses = counts.sum(axis=0).tolist()
        return {
            "tokens": {"prompts": prompts, "responses": responses, "tokenizer": "all-MiniLM-L6-v2"},
            "sources": shares(*self._sources, rows) if self._sources[0] else {},
            "languages": shares(self._languages[0], self._languages[1], self._told(rows)),
            "compared": len(self._compared(rows)),
            "audience": len(self._audience),
        }

    def _compared(self, rows: np.ndarray) -> np.ndarray:
        most = self._params.most_selected
        if len(rows) <= most:
            return rows
        return np.sort(np.random.default_rng(self._params.seed).choice(rows, most, replace=False))

    @functools.cached_property
    def _sample(self) -> np.ndarray:
        """(s,) row ids of the records that stand for the pool; all of them where they are few enough."""
        most = self._params.most_pool
        everything = np.arange(self.n)
        return (
            everything
            if self.n <= most
            else np.sort(np.random.default_rng(self._params.seed).choice(everything, most, replace=False))
        )

    @functools.cached_property
    def _audience(self) -> np.ndarray:
        return self._x if len(self._sample) == self.n else np.asarray(self._x[self._sample], np.float32)

    @functools.cached_property
    def _density(self) -> np.ndarray:
        return self._kept("density", self._results.current("embed"), lambda: density(self._x))

    @functools.cached_property
    def _words(self) -> np.ndarray:
        return self._kept("words", self._results.current("records"), lambda: word_counts(self._records))

    @functools.cached_property
    def _tokens(self) -> np.ndarray | None:
        """(n, 2) int32; None for a pool too large to count whole: then only the selection's own are counted."""
        if self.n > self._params.most_pool:
            return None
        everything = np.arange(self.n)
        return self._kept("tokens", self._results.current("records"), lambda: token_counts(self._records, everything))

    @functools.cached_property
    def _languages(self) -> tuple[list[str], np.ndarray]:
        """(names, (s,) codes) of the records in `_sample`."""
        workspace = self._results.workspace
        key = digest(
            "languages", _POOL_VERSION, self._results.current("records"), self._params.seed, self._params.most_pool
        )
        with workspace.lock("languages", key):
            if not workspace.has("languages", key):
                names, codes = languages(self._records, self._sample)
                workspace.save("languages", key, {"names": names}, value=codes)
        return workspace.info("languages", key)["names"], np.array(workspace.array("languages", key))

    def _told(self, rows: np.ndarray) -> np.ndarray:
        """Return the positions in `_sample` of those rows that are in it."""
        if len(self._sample) == self.n:
            return rows
        places = np.searchsorted(self._sample, rows)
        inside = places < len(self._sample)
        return places[inside][self._sample[places[inside]] == rows[inside]]

    @functools.cached_property
    def _phi(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(inter, intra) of every record, by DaaR's domains where it was run, else by source labels; None without either."""
        if key := self._results.current("reward"):
            groups = self._results.workspace.table("reward", key)["domain"].to_numpy()
        elif self._sources[0]:
            groups = np.where(self._sources[1] < 0, len(self._sources[0]), self._sources[1])
        else:
            return None
        groups = np.unique(groups, return_inverse=True)[1]
        return phi(self._x, groups, cluster_means(self._x, groups, int(groups.max()) + 1))

    def _kept(self, stage: str, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return an array of the whole pool, made once."""
        workspace, key = self._results.workspace, digest(stage, _POOL_VERSION, key)
        with workspace.lock(stage, key):
            if not workspace.has(stage, key):
                workspace.save(stage, key, {}, value=make())
        return np.array(workspace.array(stage, key))
