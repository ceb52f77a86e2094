"""A 10 % selection of the pool measured in full, its band of ten random selections included, in seconds and memory."""

import tempfile
import time
from pathlib import Path

import numpy as np

from core.measures.pairwise import facility_coverage, within_selection
from core.selection.params import SelectionParams
from tests.benchmarks.data import prepared_pool, run_command


def main() -> None:
    """Print seconds and peak memory of the command, cold and again, against one pass of all cosines with the pool."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = prepared_pool(Path(folder) / "pool")
        pipeline.run("select", SelectionParams())
        x, rows = pipeline.array("embed"), np.sort(pipeline.table("select")["row_id"].to_numpy())
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
            printed, seconds, peak = run_command("measure", str(pipeline.workspace.folder))
            limit = "; allowed 180 s, 3 GiB" if title == "first" else ""
            print(f"  {title} {seconds:.1f} s = {seconds / coverage:.1f} x baseline, peak {peak:.2f} GiB{limit}")
        print(*printed.splitlines(), sep="\n  ")
