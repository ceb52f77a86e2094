"""Another embedder: how much of the clusters and of the selection stays when the same records are embedded otherwise.

Every figure has beside it what chance gives, and what another seed of k-means gives on today's embeddings: k-means alone changes a
part of the clusters, and of what is drawn from them.
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import lacking
from ..base.params import Params, digest, option
from ..base.progress import Progress, no_progress, part_of
from ..selection.choosing import select_records
from ..selection.method import METHODS
from ..selection.params import SelectionParams
from ..selection.pool import Pool
from ..selection.stage import pool_of
from ..vectors.clustering import Clusters, cluster_embeddings
from ..vectors.embedding import copy_unit_rows, open_vectors
from ..workspace.artifacts import Result
from ..workspace.results import Results
from .redraw import mean_overlap

KIND = SETTING = "embedders"
VERSION = 1
_BLOCK = 64
_NEEDED = ("records", "embed", "cluster")


@dataclasses.dataclass(frozen=True)
class EmbedderParams(Params):
    """vectors: sha256 of the file of other vectors; file: its name. sample: records whose nearest are compared, drawn by `seed`."""

    vectors: str
    file: str
    neighbors: int = option(10, "nearest records that are compared", least=1)
    sample: int = option(1000, "records whose nearest are compared", least=1)
    seed: int = option(0, "of everything random", least=0)


@dataclasses.dataclass(frozen=True)
class Transfer:
    """What stays under other embeddings; of each, what chance and what another seed of k-means give.

    clusters, clusters_by_seed: adjusted mutual information with today's clusters; by chance it is 0, and 1 is the same.
    selection, selection_by_seed, by_chance: the share of the current selection that is selected again, with the same seed of its
    own, so that a method that draws draws alike; None where `why_not` says why nothing could be.
    neighbors, neighbors_by_chance: the share of a record's nearest that are its nearest again.
    """

    params: EmbedderParams
    n_clusters: int
    clusters: float
    clusters_by_seed: float
    selection: float | None
    selection_by_seed: float | None
    by_chance: float | None
    why_not: str
    neighbors: float
    neighbors_by_chance: float


def compare_embedders(
    results: Results, path: Path, params: EmbedderParams, progress: Progress = no_progress, device: str = "auto"
) -> Transfer:
    """Compare today's embeddings with the vectors in `path`, a .npy with a row a record; kept once found, and the latest noted.

    Raises CurationError: the file does not fit, or there are no embeddings or clusters.
    """
    for stage in ("embed", "cluster"):
        if not results.current(stage):
            raise lacking("Another embedder is compared by what clusters come of it", stage, results.workspace.folder)
    own = open_vectors(path, results.n_records())
    key = _key(results, params)

    def make() -> Result:
        with tempfile.TemporaryFile(dir=results.workspace.folder) as file:
            others = np.memmap(file, np.float32, "w+", shape=own.shape)
            copy_unit_rows(own, others, part_of(progress, 0, 0.1))
            return _compare(results, others, params, part_of(progress, 0.1, 1), device), {}

    results.keep(KIND, key, make)
    results.workspace.ledger.set_settings(SETTING, params.as_dict())
    return known_transfer(results)


def known_transfer(results: Results) -> Transfer | None:
    """Return the latest comparison, None where there is none of today's embeddings, clusters and selection."""
    saved = results.workspace.ledger.settings().get(SETTING)
    if saved is None:
        return None
    params = EmbedderParams.from_dict(saved)
    key = _key(results, params)
    if not results.workspace.has(KIND, key):
        return None
    info = results.workspace.info(KIND, key)
    return Transfer(params, **{f.name: info[f.name] for f in dataclasses.fields(Transfer) if f.name != "params"})


def _key(results: Results, params: EmbedderParams) -> str:
    inputs = [results.current(stage) for stage in (*_NEEDED, "select")]
    return digest(KIND, VERSION, params.as_dict(), inputs)


def _compare(
    results: Results, others: np.ndarray, params: EmbedderParams, progress: Progress, device: str
) -> dict[str, Any]:
    mine, labels = results.array("embed"), results.array("cluster")
    asked = results.params("cluster")
    again = cluster_embeddings(
        mine, dataclasses.replace(asked, seed=asked.seed + 1), device, part_of(progress, 0, 0.35)
    )
    moved = cluster_embeddings(others, asked, device, part_of(progress, 0.35, 0.7))
    found = {
        "n_clusters": len(moved.centroids),
        "clusters": _agreement(labels, moved.labels),
        "clusters_by_seed": _agreement(labels, again.labels),
    }
    found |= _selected(results, (mine, again), (others, moved))
    progress(0.8, 1)
    rng = np.random.default_rng(params.seed)
    n, count = len(mine), min(params.neighbors, len(mine) - 1)
    rows = np.sort(rng.choice(n, min(params.sample, n), replace=False))
    found["neighbors"] = _neighbors_shared(mine, others, rows, count, part_of(progress, 0.8, 1))
    found["neighbors_by_chance"] = count / max(n - 1, 1)
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in found.items()}


def _agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Return the adjusted mutual information of two clusterings (Vinh et al. 2010): 0 by chance, 1 the same."""
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(one, other))


def _selected(
    results: Results, again: tuple[np.ndarray, Clusters], moved: tuple[np.ndarray, Clusters]
) -> dict[str, Any]:
    """Return what of the current selection is selected again, with another seed's clusters and with the others'."""
    params = results.params("select")
    why_not = _why_not(results, params)
    if why_not:
        return {"selection": None, "selection_by_seed": None, "by_chance": None, "why_not": why_not}
    pool = dataclasses.replace(pool_of(results, groups=params.groups, limits=params), multipliers={})
    current = np.unique(np.asarray(results.table("select")["row_id"]))
    by_seed, by_other = (mean_overlap([current, _rows(pool, params, *each)]) for each in (again, moved))
    chance = len(current) / max(len(pool.free_rows()) + len(pool.pinned), 1)
    return {"selection": by_other, "selection_by_seed": by_seed, "by_chance": chance, "why_not": ""}


def _why_not(results: Results, params: Params | None) -> str:
    """Return why a selection can't be made anew under other embeddings, "" where it can."""
    if not results.current("select") or params is None:
        return "nothing is selected, or the selection is out of date"
    if not isinstance(params, SelectionParams):
        return "the selection was not made by a method at once"
    if "reward" in params.needs:
        return f"{params.method} goes by what the Reward page finds, which was made of today's embeddings"
    if params.quota in ("isolation", "tree") and "quota" in METHODS[params.method].options:
        return f"the groups of the quota {params.quota} were found in today's embeddings"
    if "cluster" in params.rule_needs:
        return "its rules name some of today's clusters"
    if not {"embed", "cluster"} & set(params.needs):
        return f"{params.method} goes by neither embeddings nor clusters"
    return ""


def _rows(pool: Pool, params: SelectionParams, vectors: np.ndarray, clusters: Clusters) -> np.ndarray:
    pool = dataclasses.replace(pool, embeddings=vectors, labels=clusters.labels, distances=clusters.distances)
    return np.unique(select_records(pool, params).rows)


def _neighbors_shared(one: np.ndarray, other: np.ndarray, rows: np.ndarray, count: int, progress: Progress) -> float:
    """Return the mean share of the `count` nearest by cosine that two embeddings have in common, over `rows`; exact."""
    if not count:
        return 1.0
    shared = 0
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        nearest = [_nearest(x, part, count) for x in (one, other)]
        shared += sum(len(np.intersect1d(a, b)) for a, b in zip(*nearest, strict=True))
        progress(start + len(part), len(rows))
    return shared / (len(rows) * count)


def _nearest(x: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    cosines = np.asarray(x[rows], np.float32) @ x.T
    cosines[np.arange(len(rows)), rows] = -np.inf
    return np.argpartition(-cosines, count - 1, axis=1)[:, :count]
