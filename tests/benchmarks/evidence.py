"""A 10 % selection of the pool measured in full, its band of ten random selections included, in seconds and memory."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.clustering import ClusterParams
from core.embedding import EmbedParams
from core.files import file_sha256
from core.pairwise import facility_coverage, within_selection
from core.pipeline import Pipeline
from core.quality import QualityParams
from core.records import RecordParams
from core.selection import SelectionParams
from core.workspace import Workspace
from tests.benchmarks.data import POOL, ROOT, VECTORS

_MEASURE = """
import resource, sys, time
from core.__main__ import main
started = time.perf_counter()
status = main(["measure", sys.argv[1]])
print("took", time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
sys.exit(status)
"""


def main() -> None:
    """Print seconds and peak memory of the command, cold and again, against one pass of all cosines with the pool."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "pool", create=True)
        workspace.import_data(POOL, RecordParams())
        pipeline = Pipeline(workspace)
        pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(VECTORS)), vectors=VECTORS)
        pipeline.run("score", QualityParams())
        pipeline.run("cluster", ClusterParams(512))
        pipeline.run("select", SelectionParams())
        x, rows = pipeline.embeddings(), np.sort(pipeline.selection()["row_id"].to_numpy())
        vectors = np.array(x[rows])
        started = time.perf_counter()
        facility_coverage(x, vectors)
        coverage = time.perf_counter() - started
        started = time.perf_counter()
        within_selection(vectors, np.ones(len(rows)))
        pairs = time.perf_counter() - started
        print(
            "evidence for a 10 % selection of 67,193 records, band of 10; baseline: its cosines with all records, once"
        )
        print(f"  baseline {coverage:.1f} s; all pairs of the selection {pairs:.1f} s")
        for title in ("first", "again"):
            command = [sys.executable, "-c", _MEASURE, str(workspace.folder)]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            seconds, peak = (float(value) for value in done.stdout.split("took")[1].split())
            limit = "; allowed 180 s, 3 GiB" if title == "first" else ""
            print(f"  {title} {seconds:.1f} s = {seconds / coverage:.1f} x baseline, peak {peak:.2f} GiB{limit}")
        print(*done.stdout.split("took")[0].splitlines(), sep="\n  ")
