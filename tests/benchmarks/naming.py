"""Cluster names on the pool, as they were made before and as they are made now, judged by rules (see `naming_judge`).

WINNOW_BENCH_CLUSTERS names other numbers of clusters than 512 and 2,048; WINNOW_BENCH_SHOW=60 prints so many names beside records.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core.base.text import shorten
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from core.vectors.naming.choose import name_groups
from core.vectors.naming.sample import beginnings, groups_beside, records_a_cluster, sample_for_names
from tests.benchmarks.data import prepared_pool
from tests.benchmarks.naming_before import names_before
from tests.benchmarks.naming_judge import agreement, apart, held_share, recognised

_HELD_OUT = 10  # records of a cluster
_RIVALS = 9
_READ = 1200  # characters of a held-out record
Way = Callable[[Sequence[str], np.ndarray], list[str]]


def main() -> None:
    """Print the table."""
    counts = [int(count) for count in os.environ.get("WINNOW_BENCH_CLUSTERS", "512,2048").split(",")]
    with tempfile.TemporaryDirectory() as folder:
        pipeline = prepared_pool(Path(folder) / "pool", clusters=False)
        for count in counts:
            pipeline.run("cluster", ClusterParams(count))
            _judge(Pipeline(pipeline.workspace))


def _judge(pipeline: Pipeline) -> None:
    labels, distances = (np.asarray(pipeline.array("cluster", suffix)) for suffix in (".npy", ".distances.npy"))
    centroids = np.asarray(pipeline.array("cluster", ".centroids.npy"))
    k = len(centroids)
    sources, codes = pipeline.workspace.records().sources()
    shares = np.zeros((k, len(sources)))
    np.add.at(shares, (labels, codes), 1)
    shares /= shares.sum(axis=1, keepdims=True)
    ways: dict[str, tuple[Way, int]] = {
        "before": (lambda texts, groups: names_before(texts, groups, k), 24),
        "now": (
            lambda texts, groups: name_groups(texts, groups, k, beside=groups_beside(centroids)),
            records_a_cluster(k),
        ),
    }
    read = [sample_for_names(labels, distances, per_cluster) for _, per_cluster in ways.values()]
    held_out = _held_out(pipeline, labels, np.concatenate(read))
    nearest = groups_beside(centroids, _RIVALS)
    far = np.random.default_rng(0).permuted(np.tile(np.arange(1, k), (k, 1)), axis=1)[:, :_RIVALS]
    far = (np.arange(k)[:, None] + far) % k
    print(
        f"{k:,} clusters of {len(labels):,} records; of {sum(map(bool, held_out)):,} of them records are left to judge by"
    )
    for (way, (make, _)), rows in zip(ways.items(), read, strict=True):
        texts = beginnings(pipeline, rows)
        started = time.process_time()
        names = make(texts, labels[rows])
        seconds = time.process_time() - started
        agrees, chance = agreement(names, shares, sources)
        written = [", ".join(name.split(", ")[:2]) for name in names]
        told = [recognised(names, held_out, rivals) for rivals in (far, nearest)]
        lines = (
            f"{way}: the sources' task words agree with {agrees:.1%} of the names (dealt at random {chance:.1%})",
            f"{held_share(names, held_out):.1%} of unread records hold a word of their cluster's name; it is told from nine "
            f"others' for {told[0]:.1%}, from its nine neighbours' for {told[1]:.1%} of them (chance 10 %)",
            f"no word of its 3 neighbours' names: {apart(names, nearest[:, :3]):.1%}, of what the map writes, two phrases, "
            f"{apart(written, nearest[:, :3]):.1%}; different: {len(set(names)) / k:.1%}",
            f"{np.mean([len(name.split()) for name in names]):.1f} words a name; {seconds:.1f} s of CPU",
        )
        print("  " + "\n    ".join(lines), flush=True)
        _show(pipeline, way, names, labels)


def _held_out(pipeline: Pipeline, labels: np.ndarray, read: np.ndarray) -> list[list[str]]:
    """Return the texts of up to 10 records of each cluster that no name is made from."""
    rng = np.random.default_rng(0)
    left = np.ones(len(labels), bool)
    left[read] = False
    rows = rng.permutation(np.flatnonzero(left))
    rows = rows[np.argsort(labels[rows], kind="stable")]
    rank = np.arange(len(rows)) - np.searchsorted(labels[rows], labels[rows])
    rows = rows[rank < _HELD_OUT]
    texts = pipeline.workspace.records().take(np.sort(rows), ["text"])["text"].to_pylist()
    found: list[list[str]] = [[] for _ in range(int(labels.max()) + 1)]
    for row, text in zip(np.sort(rows).tolist(), texts, strict=True):
        found[labels[row]].append(text[:_READ])
    return found


def _show(pipeline: Pipeline, way: str, names: Sequence[str], labels: np.ndarray) -> None:
    rng, records = np.random.default_rng(1), pipeline.workspace.records()
    for cluster in rng.permutation(len(names))[: int(os.environ.get("WINNOW_BENCH_SHOW", "0"))].tolist():
        rows = np.sort(rng.choice(np.flatnonzero(labels == cluster), min(3, (labels == cluster).sum()), replace=False))
        print(f"    {way} {cluster}: {names[cluster]}")
        for text in records.take(rows, ["text"])["text"].to_pylist():
            print(f"        {shorten(text, 170)}")
