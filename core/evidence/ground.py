"""The ground that selections of a workspace are measured on: what is known of the whole pool, and one selection seen on it."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..base.params import Params, digest, option
from ..base.progress import Progress, no_progress
from ..measures.domain_means import DomainMeans
from ..measures.kinds.domains import inter_intra_similarity
from ..measures.kinds.mix import shares
from ..measures.measure import Measure
from ..measures.pairwise import facility_coverage, within_selection
from ..measures.traits import languages, token_counts, word_counts
from ..vectors.cells import Cells, find_cells, nearest_in_cells
from ..vectors.clustering import cluster_means
from ..vectors.neighbours import DENSITY_EXACT_UP_TO, density
from ..workspace.artifacts import Result
from ..workspace.results import Results
from .by_domain import means_by_domain

POOL_VERSION = 2  # of what is kept about the whole pool
LEAST_RANDOM = 2
_PAIRS_OF_SAMPLE = 250_000_000  # cosines between a sample of a large selection and all of it
_LEAST_ASKED = 1000
_EXACT_COVERAGE = 2**31  # cosines, beyond which a large selection's coverage is found in near cells
_CANDIDATES = 256  # selected records that each is then compared with at least


@dataclasses.dataclass(frozen=True)
class MeasureParams(Params):
    """n_random: random selections of the same size that make the band. seed: of those, and of samples.

    most_selected: up to so many records are compared pair by pair; of more, a sample (`Ground.asked`) is compared with all.
    most_pool: coverage and languages are measured on a sample of so many of a larger pool; tokens are then counted in the
    selection only, so they have no band.
    """

    n_random: int = option(10, "random selections of the same size beside it", least=LEAST_RANDOM, flag="--random")
    seed: int = option(0, "of everything random", least=0, flag=None)
    most_selected: int = option(50_000, "records compared pair by pair", least=1, flag=None)
    most_pool: int = option(200_000, "records that coverage is measured on", least=1, flag=None)


def is_large(n_records: int, n_selected: int, params: MeasureParams) -> bool:
    """Whether measures are estimated: of a selection beyond most_selected, and in a pool too large for exact densities."""
    return n_selected > params.most_selected or n_records > DENSITY_EXACT_UP_TO


class Ground:
    """What selections of one workspace are measured against; each part is made when it is first needed."""

    def __init__(self, results: Results, params: MeasureParams, device: str) -> None:
        self._results, self.params, self.device = results, params, device
        self.records = results.workspace.records()
        self.n = len(self.records)
        self.x = results.array("embed")
        self.labels, self.quality = results.array("cluster"), results.column("score", "score")
        self.sources = self.records.sources()

    def see(self, rows: np.ndarray) -> "SeenHere":
        """Return a selection as it is measured on this ground. rows: (m,) row ids."""
        return SeenHere(self, rows)

    def details(self, rows: np.ndarray) -> dict[str, Any]:
        """Return the shares of sources and languages, the tokens, and how much was measured on a sample."""
        counts = token_counts(self.records, rows) if self.tokens is None else self.tokens[rows]
        prompts, responses = counts.sum(axis=0).tolist()
        return {
            "tokens": {"prompts": prompts, "responses": responses, "tokenizer": "all-MiniLM-L6-v2"},
            "sources": shares(*self.sources, rows) if self.sources[0] else {},
            "languages": shares(self.languages[0], self.languages[1], self.in_sample(rows)),
            "compared": len(self.asked(rows)),
            "audience": len(self.sample),
            "estimated": is_large(self.n, len(rows), self.params),
        }

    def asked(self, rows: np.ndarray) -> np.ndarray:
        """Return ascending positions in `rows` of those that are compared with all: every one, or a sample of too many."""
        m, most = len(rows), self.params.most_selected
        if m <= most:
            return np.arange(m)
        n_asked = min(most, max(_LEAST_ASKED, _PAIRS_OF_SAMPLE // m))
        return np.sort(np.random.default_rng(self.params.seed).choice(m, n_asked, replace=False))

    def coverage(self, rows: np.ndarray, vectors: np.ndarray, progress: Progress) -> float:
        """Return the mean highest cosine of the sample to the selection; a large one's is sought in near cells alone."""
        if not is_large(self.n, len(rows), self.params) or len(self.sample) * len(rows) <= _EXACT_COVERAGE:
            return facility_coverage(self.audience, vectors, self.device, progress)
        audience, chosen = np.zeros(self.n, bool), np.zeros(self.n, bool)
        audience[self.sample], chosen[rows] = True, True
        of, among = self.cells.only(audience), self.cells.only(chosen)
        found = nearest_in_cells(self.x, of, among, 1, progress, _CANDIDATES)[1]
        return float(found[self.sample, 0].mean(dtype=np.float64))

    @functools.cached_property
    def cells(self) -> Cells:
        """The pool in cells, made once."""
        key = digest("cells", POOL_VERSION, self._results.current("embed"))

        def make() -> Result:
            found = find_cells(self.x)
            return {}, {"value": found.rows, "starts": found.starts, "near": found.near}

        self._results.keep("cells", key, make)
        suffixes = (".npy", ".starts.npy", ".near.npy")
        return Cells(*(np.array(self._results.workspace.array("cells", key, suffix)) for suffix in suffixes))

    @functools.cached_property
    def sample(self) -> np.ndarray:
        """(s,) row ids of the records that stand for the pool; all of them where they are few enough."""
        most = self.params.most_pool
        everything = np.arange(self.n)
        return (
            everything
            if self.n <= most
            else np.sort(np.random.default_rng(self.params.seed).choice(everything, most, replace=False))
        )

    @functools.cached_property
    def audience(self) -> np.ndarray:
        """(s, d) unit rows of the sample."""
        return self.x if len(self.sample) == self.n else np.asarray(self.x[self.sample], np.float32)

    @functools.cached_property
    def density(self) -> np.ndarray:
        """(n,): see `neighbours.density`."""
        embed = self._results.current("embed")
        if self.n <= DENSITY_EXACT_UP_TO:
            return self._kept("density", embed, lambda: density(self.x))
        return self._kept("density", f"{embed} in cells", lambda: density(self.x, cells=self.cells))

    @functools.cached_property
    def words(self) -> np.ndarray:
        """(n,) words of each record."""
        return self._kept("words", self._results.current("records"), lambda: word_counts(self.records))

    @functools.cached_property
    def tokens(self) -> np.ndarray | None:
        """(n, 2) int32; None for a pool too large to count whole: then only the selection's own are counted."""
        if self.n > self.params.most_pool:
            return None
        everything = np.arange(self.n)
        return self._kept("tokens", self._results.current("records"), lambda: token_counts(self.records, everything))

    @functools.cached_property
    def languages(self) -> tuple[list[str], np.ndarray]:
        """(names, (s,) codes) of the records in `sample`."""
        workspace, records = self._results.workspace, self._results.current("records")
        key = digest("languages", POOL_VERSION, records, self.params.seed, self.params.most_pool)

        def make() -> Result:
            names, codes = languages(self.records, self.sample)
            return {"names": names}, {"value": codes}

        self._results.keep("languages", key, make)
        return workspace.info("languages", key)["names"], np.array(workspace.array("languages", key))

    def in_sample(self, rows: np.ndarray) -> np.ndarray:
        """Return the positions in `sample` of those rows that are in it."""
        if len(self.sample) == self.n:
            return rows
        places = np.searchsorted(self.sample, rows)
        inside = places < len(self.sample)
        return places[inside][self.sample[places[inside]] == rows[inside]]

    @functools.cached_property
    def groups(self) -> np.ndarray | None:
        """(n,) int codes from 0: the domains that DaaR found where it was run, else the source labels; None without either."""
        if (groups := self._results.column("reward", "domain")) is None:
            if not self.sources[0]:
                return None
            groups = np.where(self.sources[1] < 0, len(self.sources[0]), self.sources[1])
        return np.unique(groups, return_inverse=True)[1]

    @functools.cached_property
    def similarity(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(inter, intra) of every record, by its groups; None without them."""
        if (groups := self.groups) is None:
            return None
        return inter_intra_similarity(self.x, groups, cluster_means(self.x, groups, int(groups.max()) + 1))

    def _kept(self, stage: str, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return an array of the whole pool, made once."""
        key = digest(stage, POOL_VERSION, key)
        self._results.keep(stage, key, lambda: ({}, {"value": make()}))
        return np.array(self._results.workspace.array(stage, key))


class SeenHere:
    """One selection on that ground: see `measures.measure.Seen`. Its vectors are read anew each time, for there may be many."""

    def __init__(self, ground: Ground, rows: np.ndarray) -> None:
        self._ground, self.rows = ground, rows
        self.device = ground.device
        self.progress = no_progress

    def take(self, measure: Measure, progress: Progress = no_progress) -> float | None:
        """Return a measure of the selection, to 8 places; None where the workspace does not allow it."""
        self.progress = progress
        progress(0, 1)
        value = measure.value(self)
        progress(1, 1)
        return None if value is None else round(value, 8)

    @property
    def vectors(self) -> np.ndarray:
        """(m, d) float32."""
        return np.asarray(self._ground.x[self.rows], np.float32)

    @functools.cached_property
    def pairs(self) -> dict[str, float]:
        """See `within_selection`."""
        dense, asked = self._ground.density[self.rows], self._ground.asked(self.rows)
        return within_selection(self.vectors, dense, self.device, self.progress, asked)

    @functools.cached_property
    def domain_means(self) -> DomainMeans | None:
        """The centres of the selection's own records by domain; None without domains."""
        groups = self._ground.groups
        return None if groups is None else means_by_domain(self._ground.x, self.rows, groups, int(groups.max()) + 1)

    @functools.cached_property
    def coverage(self) -> float:
        """See `Ground.coverage`."""
        return self._ground.coverage(self.rows, self.vectors, self.progress)

    @property
    def sources(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(codes, positions of the selection), or None."""
        names, codes = self._ground.sources
        return (codes, self.rows) if names else None

    @property
    def languages(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(codes, positions of the selection), or None."""
        places = self._ground.in_sample(self.rows)
        return (self._ground.languages[1], places) if len(places) else None

    def __getattr__(self, name: str) -> Any:
        """The rest is the same for every selection: labels, quality, similarity, words, tokens."""
        return getattr(self._ground, name)
