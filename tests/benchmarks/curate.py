"""The whole of `curate` on the pool beside FAISS's own k-means: time beyond it, and peak memory."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.data import POOL, ROOT, VECTORS

CLUSTERS, ITERATIONS = 512, 25


def faiss_seconds() -> float:
    """Return the seconds of FAISS's own k-means on the pool's unit vectors."""
    import faiss

    vectors = np.load(VECTORS).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kmeans = faiss.Kmeans(vectors.shape[1], CLUSTERS, niter=ITERATIONS, seed=1)
    started = time.perf_counter()
    kmeans.train(vectors)
    return time.perf_counter() - started


def curate_seconds(folder: Path) -> tuple[float, int]:
    """Run `curate` in a process of its own; return (seconds, lines written)."""
    out = folder / "curated.jsonl"
    command = [sys.executable, "-m", "core", "curate", str(POOL), "--embeddings", str(VECTORS), "--budget", "10%"]
    command += [
        "--method",
        "kmq",
        "--clusters",
        str(CLUSTERS),
        "--out",
        str(out),
        "--workspace",
        str(folder / "workspace"),
    ]
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started, out.read_bytes().count(b"\n")


def main(repeats: int = 3) -> None:
    """Print the table."""
    print(
        f"curate, kmq, {CLUSTERS} clusters, budget 10 %, given vectors; baseline: FAISS k-means, {ITERATIONS} iterations"
    )
    for _ in range(repeats):
        baseline = faiss_seconds()
        with tempfile.TemporaryDirectory() as folder:
            seconds, lines = curate_seconds(Path(folder))
        beyond = seconds - baseline
        print(
            f"  k-means {baseline:5.1f} s   curate {seconds:5.1f} s   "
            f"beyond {beyond:5.1f} s = {beyond / baseline:.2f} x   {lines:,} lines"
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"  peak memory of curate {peak:.2f} GiB")
