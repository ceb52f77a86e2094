"""The map's layout, on all records and by a sample, of one workspace's vectors: seconds, CPU, memory and trustworthiness.

Both ways at 200,000 records, by a sample at a million; WINNOW_BENCH_PLAIN=1 lays out the million on all records too.
"""

import os
import subprocess
import sys

from tests.benchmarks.data import ROOT
from tests.benchmarks.workbench_data import MANY, prepared

_ONE = """
import resource, sys, time
import numpy as np
from core.run.pipeline import Pipeline
from core.vectors.projection import ProjectParams, lay_out
from core.vectors.trust import trustworthiness
from core.workspace.workspace import Workspace

vectors = Pipeline(Workspace(sys.argv[1])).array("embed")[: int(sys.argv[2])]
started = time.perf_counter()
xy, _ = lay_out(vectors, ProjectParams(fit_on=int(sys.argv[3])))
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_SELF)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, trustworthiness(vectors, xy, np.arange(len(vectors))))
"""


def main() -> None:
    """Print the table; each layout runs in a process of its own."""
    workspace = prepared(MANY)
    print("layout of the map; trustworthiness of 2,000 records among 100,000, 15 neighbours, cosine")
    asked = [(200_000, 200_000), (200_000, 100_000), (MANY, 100_000)]
    if os.environ.get("WINNOW_BENCH_PLAIN"):
        asked.append((MANY, MANY))
    for n_records, fit_on in asked:
        command = [sys.executable, "-c", _ONE, str(workspace.folder), str(n_records), str(fit_on)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        seconds, cpu, peak, trust = map(float, done.stdout.split())
        limit = (
            "; allowed 600 s, 4 GiB; on all records 22 minutes under load, 3.7 GiB"
            if fit_on < n_records == MANY
            else ""
        )
        print(
            f"  {n_records:>9,} records, fitted on {fit_on:>9,}: {seconds:.0f} s ({cpu:.0f} s of CPU), {peak:.2f} GiB, "
            f"trustworthiness {trust:.3f}; load {os.getloadavg()[0]:.1f}{limit}",
            flush=True,
        )
