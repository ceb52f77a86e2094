"""Three rounds by the proxy on the pool, budget 10 %, beyond the clustering; baseline: the same budget by `kmq` at once."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.advance import Advance, advance
from core.clustering import ClusterParams
from core.embedding import EmbedParams
from core.files import file_sha256
from core.pipeline import Pipeline
from core.quality import QualityParams
from core.records import RecordParams
from core.refinement import RefineParams
from core.rounds import Rounds
from core.selection import SelectionParams
from core.workspace import Workspace
from tests.benchmarks.data import POOL, ROOT, VECTORS

_PEAK = """
import resource, sys
from core.__main__ import main
status = main(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
sys.exit(status)
"""


def main() -> None:
    """Print seconds of each round, their sum against the baseline, and the peak memory of the command."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "pool", create=True)
        workspace.import_data(POOL, RecordParams())
        pipeline = Pipeline(workspace)
        pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(VECTORS)), vectors=VECTORS)
        pipeline.run("score", QualityParams())
        started = time.perf_counter()
        pipeline.run("cluster", ClusterParams(512))
        clustering = time.perf_counter() - started
        started = time.perf_counter()
        pipeline.run("select", SelectionParams())
        at_once = time.perf_counter() - started
        run = Rounds(Pipeline(workspace)).start(RefineParams("10%", 3))
        seconds = []
        for until in (1, 2, 3):
            started = time.perf_counter()
            advance(Rounds(Pipeline(workspace)), Advance(run, until))
            seconds.append(time.perf_counter() - started)
        print("three proxy rounds on 67,193 records, budget 10 %, 512 clusters; baseline: kmq at once")
        print("  rounds " + ", ".join(f"{s:.1f} s" for s in seconds) + f"; together {sum(seconds):.1f} s; allowed 60 s")
        print(
            f"  {sum(seconds) / at_once:.0f} x kmq at once ({at_once:.2f} s), {sum(seconds) / clustering:.2f} x the clustering "
            f"({clustering:.1f} s)"
        )
        command = [sys.executable, "-c", _PEAK, "refine", str(workspace.folder), "--budget", "10%", "--seed", "1"]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        print(f"  peak memory of the command {float(done.stdout.split('peak')[1]):.2f} GiB; allowed 3 GiB")
