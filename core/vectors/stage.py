"""The stages of vectors on a workspace: embed, cluster, project, suggest. Their arrays: see each stage's `help`."""

import dataclasses
import functools
from typing import Any

import numpy as np

from ..base.device import resolve_device
from ..base.errors import CurationError
from ..base.files import new_array, replacing
from ..base.params import Params, digest
from ..base.progress import Progress, part_of
from ..workspace.artifacts import Result
from ..workspace.results import Results, Run, Stage
from ..workspace.rows_work import RowsWork, table_of_rows
from ..workspace.shape import NAMED, NAMING, shape_now
from ..workspace.shards import make_in_shards
from .cluster_counts import SuggestParams, compare_counts
from .cluster_facts import typical_words
from .clustering import ClusterParams, cluster_embeddings, nearest_table
from .embed_work import EmbedWork
from .embedding import SHARD_ROWS, EmbedParams, copy_unit_rows, open_vectors
from .naming.sample import sample_for_names
from .naming.stage import name_clusters
from .projection import ProjectParams, lay_out
from .reshaping import keep_shape

_BY_SAMPLE_VERSION = 1  # of maps that are fitted on a sample; the stage's own is of the others


def _embed(run: Run) -> Result:
    return (_copy_vectors(run) if run.params.vectors else _embed_texts(run)), {}


def _copy_vectors(run: Run) -> dict[str, Any]:
    if run.vectors is None:
        raise CurationError(
            "These embeddings came from a file",
            command="name it again with --embeddings FILE.npy.",
            page="name it again under Settings, as your own embeddings",
        )
    own = open_vectors(run.vectors, run.results.n_records())
    with replacing(run.results.workspace.path("embed", run.key, ".npy")) as temporary:
        out = new_array(temporary, np.float32, own.shape)
        copy_unit_rows(own, out, run.progress)
        out.flush()
    return {"device": "", "format": str(own.dtype), "file": str(run.vectors)}


def _embed_texts(run: Run) -> dict[str, Any]:
    workspace, params = run.results.workspace, run.params
    records = workspace.records().path
    work = EmbedWork(records, params.model, params.max_tokens, run.device, run.encoder)
    _, settled = make_in_shards(workspace, "embed", run.key, SHARD_ROWS, work, run.progress, run.engine)
    return {name: settled.get(name, "") for name in ("device", "format")}


def _cluster(run: Run) -> Result:
    embeddings = run.results.array("embed")
    assign = None if run.engine.is_local else functools.partial(_assign_on_nodes, run)
    clusters = cluster_embeddings(embeddings, run.params, run.device, part_of(run.progress, 0, 0.9), assign)
    rows = sample_for_names(clusters.labels, clusters.distances)
    whole = run.results.workspace.records().take(rows, ["text"])["text"]
    info = {
        "names": name_clusters(run.results, clusters.labels, clusters.distances, clusters.centroids),
        NAMED: NAMING,
        "sizes": clusters.sizes.tolist(),
        "words": typical_words(whole, clusters.labels[rows], len(clusters.centroids)).tolist(),
        "objective": clusters.objective,
        "device": resolve_device(run.device),
    }
    return info, {"value": clusters.labels, "centroids": clusters.centroids, "distances": clusters.distances}


def _assign_on_nodes(
    run: Run, embeddings: np.ndarray, centroids: np.ndarray, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Let the run's engine find the nearest centroids; they are trained here, on 256 records a cluster at most."""
    array = run.results.workspace.path("embed", run.results.current("embed"), ".npy")
    work = RowsWork(array, functools.partial(nearest_table, centroids=centroids), run.device)
    found = table_of_rows(run, "cluster", work, digest(centroids.tobytes().hex()), progress)
    return found["label"].to_numpy(), found["distance"].to_numpy()


class _Cluster(Stage):
    def key(self, results: Results, params: Params) -> str:
        """Return the key that holds the clusters of `params`, whether asked for by "auto" or by the number that it takes.

        The key of "auto" is theirs where neither has run; results that were kept under the number's key stay what they are.
        """
        needs = [results.current(need) for need in self.needs_of(params)]
        if not all(needs):
            return ""
        alike = sorted(params.alike(results.n_records()), key=lambda each: each.n_clusters)
        keys = {each: self.digest(each, needs) for each in alike}
        there = [keys[each] for each in (params, *alike) if results.workspace.has(self.name, keys[each])]
        return there[0] if there else keys[alike[0]]

    def standing(self, results: Results, key: str) -> str:
        """Return the key of the clusters as people merged and split them."""
        return keep_shape(results, shape_now(results))


def _project(run: Run) -> Result:
    xy, facts = lay_out(run.results.array("embed"), run.params, run.progress)
    return facts, {"value": xy}


class _Project(Stage):
    def key(self, results: Results, params: Params) -> str:
        """Return the plain key of a map that is fitted on all records, whatever limit it was asked for with.

        It is also the one where such a map is there already: one by a sample only stands in for it.
        """
        embed = results.current("embed")
        if not embed:
            return ""
        plain = self.digest(dataclasses.replace(params, fit_on=ProjectParams.fit_on), [embed])
        if params.fits_all(results.n_records()) or results.workspace.has(self.name, plain):
            return plain
        return digest(self.name, _BY_SAMPLE_VERSION, params.as_dict() | {"fit_on": params.fit_on}, [embed])


def _suggest(run: Run) -> Result:
    return compare_counts(run.results.array("embed"), run.params, run.device, run.progress), {}


EMBED = Stage(
    name="embed",
    params=EmbedParams,
    version=1,
    needs=("records",),
    run=_embed,
    help="Embed the records' text.",
    doing="Embedding the records",
)
CLUSTER = _Cluster(
    name="cluster",
    params=ClusterParams,
    version=1,
    needs=("embed",),
    run=_cluster,
    help="Cluster the embeddings by k-means and name the clusters.",
    doing="Finding clusters",
)
PROJECT = _Project(
    name="project",
    params=ProjectParams,
    version=1,
    needs=("embed",),
    run=_project,
    help="Lay out the map by UMAP.",
    doing="Laying out the map",
)
SUGGEST = Stage(
    name="suggest",
    params=SuggestParams,
    version=1,
    needs=("embed",),
    run=_suggest,
    help="Show what several numbers of clusters would give.",
    doing="Trying numbers of clusters",
    leads=False,
)
