"""What benchmarks share: the pool they measure on, which is not part of the repository, and commands measured from outside."""

import os
import subprocess
import sys
from pathlib import Path

from core.base.files import file_sha256
from core.data.records import RecordParams
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("WINNOW_SHARED_DATA", ROOT.parent / "shared" / "data"))
POOL = SHARED / "pool.jsonl.xz"
VECTORS = SHARED / "pool.minilm.npy"
N_CLUSTERS = 512

_COMMAND = """
import resource, sys, time
from core.__main__ import main
started = time.perf_counter()
status = main(sys.argv[1:])
print("took", time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
sys.exit(status)
"""


def have_pool() -> bool:
    """Whether the pool is there."""
    return POOL.exists() and VECTORS.exists()


def prepared_pool(folder: Path, clusters: bool = True) -> Pipeline:
    """Return a pipeline over the pool with its given vectors, scored and, unless told not to, clustered."""
    workspace = Workspace(folder, create=True)
    workspace.import_data(POOL, RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(VECTORS)), vectors=VECTORS)
    pipeline.run("score", QualityParams())
    if clusters:
        pipeline.run("cluster", ClusterParams(N_CLUSTERS))
    return pipeline


def run_command(*arguments: str) -> tuple[str, float, float]:
    """Run `python -m core …` in a process of its own; return what it printed, its seconds and its peak memory in GiB."""
    command = [sys.executable, "-c", _COMMAND, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    printed, _, took = done.stdout.rpartition("took")
    seconds, peak = map(float, took.split())
    return printed, seconds, peak
