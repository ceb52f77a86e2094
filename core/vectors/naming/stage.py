"""The stage that puts names on the map: of its regions, and of clusters that were named by an earlier way of naming."""

import dataclasses

import numpy as np

from ...base.params import Params, option
from ...workspace.artifacts import Result
from ...workspace.results import Results, Run, Stage
from ...workspace.shape import CLUSTERING, NAMED, NAMING, shape_now
from .choose import name_groups
from .regions import find_regions, middle_of, suggest_n_regions
from .sample import beginnings, groups_beside, records_a_cluster, sample_for_names

_TEXTS_A_REGION = 400
_COMMON = 0.06  # of a region's texts, that should hold a phrase which names it


@dataclasses.dataclass(frozen=True)
class RegionParams(Params):
    """n_regions: how many; 0 takes `suggest_n_regions`."""

    n_regions: int = option(
        0,
        "how many, or 0: 8 to 24, by the number of clusters",
        label="Regions of the map",
        least=0,
        flag="--regions",
        usual="0",
    )


@dataclasses.dataclass(frozen=True)
class Region:
    """A region of the map. x, y: where its name stands, in the map's own units. records: how many it holds."""

    name: str
    x: float
    y: float
    records: int


def middles(xy: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Return (k, 2) float64: the median place of each cluster's records, NaN where it has none."""
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(k + 1))
    found = np.full((k, 2), np.nan)
    for cluster in range(k):
        if ends[cluster] < ends[cluster + 1]:
            found[cluster] = np.median(xy[order[ends[cluster] : ends[cluster + 1]]], axis=0)
    return found


def name_clusters(
    results: Results, labels: np.ndarray, distances: np.ndarray, centroids: np.ndarray, rows: np.ndarray | None = None
) -> list[str]:
    """Return the names of k clusters.

    labels, distances: (n,), centroids: (k, d), as of `Clusters`, of all records or of those in `rows`.
    """
    chosen = sample_for_names(labels, distances, records_a_cluster(len(centroids)))
    texts = beginnings(results, chosen if rows is None else rows[chosen])
    return name_groups(texts, labels[chosen], len(centroids), beside=groups_beside(centroids))


def _run(run: Run) -> Result:
    results, workspace, base = run.results, run.results.workspace, shape_now(run.results).base
    labels, distances, centroids = (
        np.asarray(workspace.array(CLUSTERING, base, suffix)) for suffix in (".npy", ".distances.npy", ".centroids.npy")
    )
    k = len(centroids)
    if workspace.info(CLUSTERING, base).get(NAMED) != NAMING:
        workspace.keep(NAMED, base, lambda: ({"names": name_clusters(results, labels, distances, centroids)}, {}))
    run.progress(1, 2)
    places = middles(np.asarray(results.array("project")), labels, k)
    sizes = np.bincount(labels, minlength=k)
    wanted = run.params.n_regions or suggest_n_regions(int((sizes > 0).sum()))
    if not wanted:
        return {"regions": []}, {"value": np.full(k, -1, np.int32)}
    of_cluster = find_regions(places, centroids, sizes, wanted)
    names = _names(results, labels, distances, of_cluster, k)
    regions = [_region(name, places, sizes, np.flatnonzero(of_cluster == i)) for i, name in enumerate(names)]
    return {"regions": [dataclasses.asdict(region) for region in regions]}, {"value": of_cluster}


def _names(results: Results, labels: np.ndarray, distances: np.ndarray, of_cluster: np.ndarray, k: int) -> list[str]:
    """Return the regions' names, by some records of every cluster."""
    n_regions = int(of_cluster.max()) + 1
    rows = sample_for_names(labels, distances, max(1, min(_TEXTS_A_REGION * n_regions // k, records_a_cluster(k))))
    return name_groups(beginnings(results, rows), of_cluster[labels[rows]], n_regions, common=_COMMON, kind="region")


def _region(name: str, places: np.ndarray, sizes: np.ndarray, clusters: np.ndarray) -> Region:
    x, y = places[clusters[middle_of(places[clusters], sizes[clusters])]].tolist()
    return Region(name, x, y, int(sizes[clusters].sum()))


class _Regions(Stage):
    def key(self, results: Results, params: Params) -> str:
        """Return the key of the regions of the clusters as they were found: what people merge and split leaves them."""
        project = results.current("project")
        return (
            self.digest(params, [shape_now(results).base, project]) if project and results.current(CLUSTERING) else ""
        )


def regions_of(results: Results) -> list[Region]:
    """Return the regions of the current map, the largest first; none where they were not asked for."""
    info = results.info(REGIONS.name)
    return [Region(**region) for region in info["regions"]] if info else []


REGIONS = _Regions(
    name="regions",
    params=RegionParams,
    version=1,
    needs=("cluster", "project"),
    run=_run,
    help="Name the regions of the map.",
    doing="Naming the regions of the map",
    leads=False,
)
