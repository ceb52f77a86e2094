"""Every selection method on a million records, budget 10 %, and what the ways of wide pools lose against those of small ones.

Seconds, peak memory, and the seconds that are told beforehand; each method in a process of its own. The records are drawn: vectors
around those of the shared pool as in `workbench_data`, mapped from a file, with 512 clusters, random scores, and four of the
clusters' groups for domains and sources; no text, and no model. WINNOW_BENCH_RECORDS sets another number of records,
WINNOW_BENCH the folder, and WINNOW_BENCH_METHODS names methods, with commas between them, where not all are wanted.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np

from core.base.errors import CurationError
from core.selection.choosing import select_records
from core.selection.expected import seconds_expected
from core.selection.method import METHODS
from core.selection.methods import _wide
from core.selection.params import Selection, SelectionParams
from core.selection.pool import Pool
from core.selection.target.targets import Targets
from core.vectors.clustering import ClusterParams, assign_clusters, cluster_embeddings
from tests.benchmarks.data import N_CLUSTERS, ROOT
from tests.benchmarks.workbench_data import MANY, folder, make_vectors

AIMED_SECONDS, AIMED_GIB = 600, 6
_COMPARED, _WIDE = 20_000, ("facility-location", "qdit", "k-center", "novelselect")
_SAMPLE, _EXAMPLES, _DOMAINS = 131_072, 100, 4
_BLOCK = 4096
_ONE = "import sys; from tests.benchmarks.methods_million import one; one(sys.argv[1], int(sys.argv[2]))"


def main() -> None:
    """Print both tables."""
    n = int(os.environ.get("WINNOW_BENCH_RECORDS") or MANY)
    names = [name for name in os.environ.get("WINNOW_BENCH_METHODS", "").split(",") if name] or list(METHODS)
    prepare(n)
    print(f"selection methods on {n:,} records, budget 10 %; asked: {AIMED_SECONDS} s and {AIMED_GIB} GiB each")
    print(f"  {'method':<18} {'seconds':>8} {'told':>8} {'CPU':>8} {'peak GiB':>9} {'records':>9}")
    for name in names:
        found = _child(name, n)
        if "refused" in found:
            print(f"  {name:<18} refused: {found['refused']}", flush=True)
            continue
        print(
            f"  {name:<18} {found['seconds']:>8.1f} {found['told']:>8.1f} {found['cpu']:>8.1f} {found['peak']:>9.2f} "
            f"{found['n']:>9,}",
            flush=True,
        )
    if compared := [name for name in _WIDE if name in names]:
        prepare(_COMPARED)
        _compare(compared)


def _child(method: str, n: int) -> dict:
    command = [sys.executable, "-c", _ONE, method, str(n)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def one(method: str, n: int) -> None:
    """Select by one method and print what it took, as JSON."""
    import resource

    pool, params = drawn_pool(n), SelectionParams("10%", method)
    told = seconds_expected(pool, params)
    started, cpu = time.perf_counter(), time.process_time()
    try:
        selection = select_records(pool, params)
    except CurationError as error:
        print(json.dumps({"refused": str(error)}))
        return
    found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu, "told": told}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(found | {"peak": peak, "n": len(selection)}))


def prepare(n: int) -> None:
    """Draw the vectors and find their clusters, where they are not there."""
    home = folder() / "methods"
    home.mkdir(parents=True, exist_ok=True)
    vectors, labels, distances = (home / f"{n}{end}.npy" for end in ("", "-labels", "-distances"))
    if not vectors.exists():
        make_vectors(n, vectors)
    if not (labels.exists() and distances.exists()):
        x = np.load(vectors, mmap_mode="r")
        drawn = np.sort(np.random.default_rng(0).choice(n, min(n, _SAMPLE), replace=False))
        centroids = cluster_embeddings(x[drawn], ClusterParams(min(N_CLUSTERS, n // 8)), "cpu").centroids
        found = assign_clusters(x, centroids)
        away = np.empty(n, np.float32)
        for start in range(0, n, _BLOCK):
            part = slice(start, start + _BLOCK)
            away[part] = ((x[part] - centroids[found[part]]) ** 2).sum(axis=1)
        np.save(labels, found.astype(np.int32))
        np.save(distances, away)


def drawn_pool(n: int) -> Pool:
    """Return the pool that `prepare` made."""
    home, rng = folder() / "methods", np.random.default_rng(1)
    x = np.load(home / f"{n}.npy", mmap_mode="r")
    labels = np.load(home / f"{n}-labels.npy")
    domains = (labels % _DOMAINS).astype(np.int32)
    rows = np.sort(rng.choice(n, _EXAMPLES, replace=False))
    targets = Targets(np.array(x[rows]), x, np.zeros(len(rows), np.int32), ("",), ("",) * len(rows))
    return Pool(
        n,
        labels=labels,
        quality=rng.uniform(0.5, 5, n).astype(np.float32),
        embeddings=x,
        distances=np.load(home / f"{n}-distances.npy"),
        reward=rng.uniform(0, 1, n).astype(np.float32),
        domains=domains,
        sources=domains,
        shares={f"domain {i}": 0.0 for i in range(_DOMAINS)},
        targets=targets,
    )


def _compare(names: list[str]) -> None:
    """Print what is reached in the wide way as a share of what is reached in the dense one, on fewer records."""
    pool = drawn_pool(_COMPARED)
    print(f"the ways of wide pools beside those of small ones, on {_COMPARED:,} records (1 is as good)")
    print(f"  {'method':<18} {'budget':>6} {'reached':>9} {'CPU':>7} {'picks in common':>16}")
    for name in names:
        for budget in ("10%", "1%"):
            params = SelectionParams(budget, name)
            (dense, slow), (wide, quick) = (_chosen(pool, params, most) for most in (pool.n_records, 0))
            reached = _reached(pool, params, wide) / _reached(pool, params, dense)
            common = len(np.intersect1d(dense.rows, wide.rows)) / len(dense)
            print(f"  {name:<18} {budget:>6} {reached:>9.4f} {quick / slow:>6.2f}x {common:>16.1%}", flush=True)


def _chosen(pool: Pool, params: SelectionParams, most: int) -> tuple[Selection, float]:
    """Return a selection, with pools of up to `most` records taken in the dense way, and the CPU seconds."""
    before, _wide.DENSE_UP_TO = _wide.DENSE_UP_TO, most
    try:
        started = time.process_time()
        return select_records(pool, params), time.process_time() - started
    finally:
        _wide.DENSE_UP_TO = before


def _reached(pool: Pool, params: SelectionParams, chosen: Selection) -> float:
    """Return the dense sum, for qdit with quality; of k-center the last distance, of novelselect the mean worth."""
    if params.method == "k-center":
        return float(chosen.scores[-1])
    if params.method == "novelselect":
        return float(chosen.scores.mean(dtype=np.float64))
    x = pool.embeddings
    cover = sum(
        float(np.maximum(x[start : start + _BLOCK] @ x[chosen.rows].T, 0).max(axis=1).sum(dtype=np.float64))
        for start in range(0, pool.n_records, _BLOCK)
    )
    if params.method == "facility-location":
        return cover
    quality = pool.quality.astype(np.float64)
    scaled = (quality - quality.min()) / (quality.max() - quality.min())
    return (1 - params.alpha) * cover + params.alpha * float(scaled[chosen.rows].sum())
