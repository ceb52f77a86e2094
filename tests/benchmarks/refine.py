"""Three rounds by the proxy on the pool, budget 10 %, beyond the clustering; baseline: the same budget by `kmq` at once."""

import tempfile
import time
from pathlib import Path

from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from tests.benchmarks.data import N_CLUSTERS, prepared_pool, run_command


def main() -> None:
    """Print seconds of each round, their sum against the baseline, and the peak memory of the command."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = prepared_pool(Path(folder) / "pool", clusters=False)
        workspace = pipeline.workspace
        started = time.perf_counter()
        pipeline.run("cluster", ClusterParams(N_CLUSTERS))
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
        _, _, peak = run_command("refine", str(workspace.folder), "--budget", "10%", "--seed", "1")
        print(f"  peak memory of the command {peak:.2f} GiB; allowed 3 GiB")
