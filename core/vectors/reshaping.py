"""Reshaping: clusters merged, split and renamed by people, on top of a clustering that stays as it was found.

What stands of it gives a clustering of its own, kept like the others, so that everything that reads the current clusters sees
it; taken back, the key is the earlier one, and so is every selection made under it.
"""

from collections.abc import Sequence

import numpy as np

from ..base.errors import CurationError, lacking
from ..base.text import one_line
from ..workspace.artifacts import Result
from ..workspace.deciding import checked_cluster
from ..workspace.decisions import Decision
from ..workspace.results import Results
from ..workspace.shape import CLUSTERING, Shape, parts_of
from .clustering import ClusterParams, cluster_embeddings, cluster_means
from .naming.stage import name_clusters

_BESIDE = 64  # other clusters that a new name sets a cluster apart from
_BLOCK_ROWS = 65536
_LONGEST_NAME = 200
_MOST_PARTS = 100


def rename_cluster(
    results: Results,
    cluster: int,
    name: str,
    who: str = "",
    note: str = "",
    clustering: str = "",
    refers: int = 0,
    origin: str = "",
) -> Decision:
    """Give a cluster a name of people's own; nothing is out of date by it. Raises CurationError.

    clustering: the key of the clustering that the caller has in mind, if any; another one now is an error. refers: the decision
    about an earlier clustering that this one carries over.
    """
    shape = checked_cluster(results, cluster, clustering)
    name = one_line(name).strip()
    if not name or len(name) > _LONGEST_NAME:
        raise CurationError(f"A name has 1 to {_LONGEST_NAME} letters; {name!r} has {len(name)}.")
    return _add(
        results,
        _about(
            shape,
            "rename",
            cluster,
            who=who,
            note=note,
            text=name,
            sign=shape.sign(cluster),
            refers=refers,
            origin=origin,
        ),
    )


def merge_clusters(
    results: Results, clusters: Sequence[int], who: str = "", note: str = "", clustering: str = "", origin: str = ""
) -> Decision:
    """Make one cluster of several: it has the lowest of their ids, and the others are empty. Raises CurationError."""
    clusters = sorted({int(cluster) for cluster in clusters})
    if len(clusters) < 2:
        raise CurationError("Merging takes at least two clusters; name another.")
    with results.workspace.lock(CLUSTERING, "shape"):  # two who merge or split at once do so one after the other
        results.forget()
        for cluster in clusters:
            shape = checked_cluster(results, cluster, clustering)
        first, others = clusters[0], tuple(clusters[1:])
        made = _about(
            shape, "merge", first, who=who, note=note, numbers=others, sign=shape.sign(*clusters), origin=origin
        )
        keep_shape(results, shape.after(made))
        return _add(results, made)


def split_cluster(
    results: Results,
    cluster: int,
    parts: int = 2,
    seed: int = 0,
    who: str = "",
    note: str = "",
    clustering: str = "",
    origin: str = "",
) -> Decision:
    """Split a cluster by k-means inside it: the largest part keeps its id, the others get new ones. Raises CurationError."""
    if not 2 <= parts <= _MOST_PARTS:
        raise CurationError(f"parts is {parts}; a cluster is split into 2 to {_MOST_PARTS}.")
    if seed < 0:
        raise CurationError(f"seed is {seed}; it must be a whole number of at least 0.")
    with results.workspace.lock(CLUSTERING, "shape"):
        results.forget()
        shape = checked_cluster(results, cluster, clustering)
        size = results.info(CLUSTERING)["sizes"][cluster]
        if parts > size:
            raise CurationError(f"Cluster {cluster} has {size:,} records, too few for {parts} parts.")
        new = _next_id(results, shape.base)
        numbers = (seed, cluster, *range(new, new + parts - 1))
        made = _about(
            shape, "split", cluster, who=who, note=note, numbers=numbers, sign=shape.sign(cluster), origin=origin
        )
        after = shape.after(made)
        keep_shape(results, after)
        sizes = results.workspace.info(CLUSTERING, after.key)["sizes"]
        if not sizes[parts_of(made)[1]]:
            raise CurationError(f"The records of cluster {cluster} are all alike, so that it can't be split.")
        return _add(results, made)


def _about(shape: Shape, action: str, cluster: int, **values) -> Decision:
    return Decision(action, "cluster", cluster=cluster, clustering=shape.base, **values)


def _add(results: Results, decision: Decision) -> Decision:
    results.forget()
    return results.workspace.ledger.add_decision(decision)


def _next_id(results: Results, base: str) -> int:
    """Return the first id that no split of this clustering has ever given, those taken back too: they may come again."""
    given = [
        max(parts_of(decision))
        for decision in results.workspace.ledger.decisions()
        if decision.action == "split" and decision.clustering == base
    ]
    return max([len(results.workspace.info(CLUSTERING, base)["sizes"]) - 1, *given]) + 1


# What a shape gives


def keep_shape(results: Results, shape: Shape) -> str:
    """Let the clustering in this shape be there, and return its key. Only what its last step changes is worked out."""
    if not shape.steps or results.workspace.has(CLUSTERING, shape.key):
        return shape.key
    before = keep_shape(results, shape.before())
    return results.keep(CLUSTERING, shape.key, lambda: _step(results, before, shape))


def _step(results: Results, before: str, shape: Shape) -> Result:
    """Return the clustering after the last step of a shape. before: the key of the one that it is taken on."""
    workspace, step = results.workspace, shape.steps[-1]
    labels = np.array(workspace.array(CLUSTERING, before))
    distances = np.array(workspace.array(CLUSTERING, before, ".distances.npy"))
    centroids = np.array(workspace.array(CLUSTERING, before, ".centroids.npy"))
    info = workspace.info(CLUSTERING, before)
    changed = (step.cluster, *step.numbers) if step.action == "merge" else parts_of(step)
    k = max(len(centroids), *(each + 1 for each in changed))
    centroids = np.concatenate([centroids, np.zeros((k - len(centroids), centroids.shape[1]), np.float32)])
    rows = np.flatnonzero(np.isin(labels, [step.cluster, *step.numbers] if step.action == "merge" else [step.cluster]))
    embeddings = _embeddings(results)
    if step.action == "merge":
        labels[rows] = step.cluster
    else:
        params = ClusterParams(len(changed), seed=step.numbers[0])
        found = cluster_embeddings(np.ascontiguousarray(embeddings[rows], dtype=np.float32), params, "cpu")
        labels[rows] = np.array(changed, np.int32)[found.labels]
    centroids[list(changed)] = 0
    _measure(embeddings, rows, labels, centroids, distances)
    info |= {
        "names": _names(results, info["names"], labels, distances, centroids, changed),
        "sizes": np.bincount(labels, minlength=k).tolist(),
        "objective": float(distances.sum(dtype=np.float64)),
        "base": shape.base,
        "shaped": [[each.action, each.cluster, list(each.numbers)] for each in shape.steps],
    }
    return info, {"value": labels, "centroids": centroids, "distances": distances}


def _embeddings(results: Results) -> np.ndarray:
    embeddings = results.array("embed")
    if embeddings is None:
        raise lacking("Merged and split clusters need the records' embeddings", "embed", results.workspace.folder)
    return embeddings


def _measure(
    embeddings: np.ndarray, rows: np.ndarray, labels: np.ndarray, centroids: np.ndarray, distances: np.ndarray
) -> None:
    """Put in place the centroids of the clusters of `rows`, and the rows' squared distances to them."""
    if not len(rows):
        return
    own, within = np.unique(labels[rows], return_inverse=True)
    sums = np.zeros((len(own), embeddings.shape[1]))
    sizes = np.bincount(within)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block, those = np.asarray(embeddings[rows[start : start + _BLOCK_ROWS]]), within[start : start + _BLOCK_ROWS]
        sums += cluster_means(block, those, len(own)) * np.bincount(those, minlength=len(own))[:, None]
    centroids[own] = (sums / sizes[:, None]).astype(np.float32)
    for start in range(0, len(rows), _BLOCK_ROWS):
        some = rows[start : start + _BLOCK_ROWS]
        away = np.asarray(embeddings[some], np.float32) - centroids[labels[some]]
        distances[some] = np.einsum("ij,ij->i", away, away)


def _names(
    results: Results,
    names: list[str],
    labels: np.ndarray,
    distances: np.ndarray,
    centroids: np.ndarray,
    changed: Sequence[int],
) -> list[str]:
    """Return the names of the clusters: those of before but for the changed ones, "" for the empty ones."""
    k = len(centroids)
    sizes = np.bincount(labels, minlength=k)
    named = [*names, *[""] * (k - len(names))]
    for cluster in changed:
        named[cluster] = ""
    fresh = [cluster for cluster in changed if sizes[cluster]]
    others = np.setdiff1d(np.flatnonzero(sizes), changed)
    beside = others[:: max(1, -(-len(others) // _BESIDE))]
    shown = np.concatenate([fresh, beside]).astype(np.int64)
    rows = np.flatnonzero(np.isin(labels, shown))
    place = np.zeros(k, np.int64)
    place[shown] = np.arange(len(shown))
    made = name_clusters(results, place[labels[rows]], distances[rows], centroids[shown], rows)
    taken = set(named)
    for cluster, name in zip(fresh, made, strict=False):
        named[cluster] = f"{name}, cluster {cluster}" if name in taken else name
    return named
