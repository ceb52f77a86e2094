"""Every selection method on the pool, budget 10 %: seconds, peak memory, and the seconds that the Select page tells beforehand."""

import subprocess
import sys
import tempfile
from pathlib import Path

from core.selection.method import METHODS
from tests.benchmarks.data import POOL, ROOT, VECTORS

_ONE = """
import resource, sys, time
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.selection.stage import pool_of
from core.workspace.workspace import Workspace

pool = pool_of(Pipeline(Workspace(sys.argv[1])))
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
selection = select_records(pool, SelectionParams("10%", sys.argv[2]))
seconds = time.perf_counter() - started
told = METHODS[sys.argv[2]].seconds(pool.n_records, len(selection))
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, len(selection), (selection.reasons == 2).sum(), told)
"""


def main() -> None:
    """Print the table. Each method runs in a process of its own, on the same workspace."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "pool"
        command = [sys.executable, "-m", "core", "curate", str(POOL), "--embeddings", str(VECTORS), "--clusters", "512"]
        command += ["--out", str(Path(folder) / "out.jsonl"), "--workspace", str(workspace)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        command = [sys.executable, "-m", "core", "target", str(workspace), "--records", "0-99"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        print("selection methods on 67,193 records, budget 10 %; baseline: kmeans-random")
        print(f"  {'method':<18} {'seconds':>8} {'told':>8} {'x baseline':>11} {'peak GiB':>9} {'records':>8}")
        baseline = None
        for method in ["kmeans-random", *(name for name in METHODS if name != "kmeans-random")]:
            done = subprocess.run(
                [sys.executable, "-c", _ONE, str(workspace), method],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, peak, n, filled, told = (float(value) for value in done.stdout.split())
            baseline = baseline or seconds
            note = f"  ({filled:,.0f} filled)" if filled else ""
            print(
                f"  {method:<18} {seconds:>8.2f} {told:>8.2f} {seconds / baseline:>11,.0f} {peak:>9.2f} {n:>8,.0f}{note}",
                flush=True,
            )
