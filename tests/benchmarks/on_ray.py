"""`python -m tests.benchmarks ray`: embedding in one process, and on one to three Ray nodes of this machine: what Ray costs.

Every process takes one thread (OMP_NUM_THREADS), so that one node beside here is what Ray costs, and as many nodes as there are
cores what they gain. Here and one node take turns; the pace counts from the first shard to the last, and what comes before is
said beside it.
"""

import importlib.util
import json
import lzma
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from core.data.records import RecordParams
from core.models.encoder import BUNDLED
from core.vectors.embed_work import EmbedWork
from core.workspace.engine import LOCAL, Engine, make_shards
from core.workspace.shards import shard_files
from core.workspace.workspace import Workspace
from tests.benchmarks.data import POOL

RECORDS, STEP, TURNS, NODES = 4096, 256, 3, 3


def main() -> None:
    """Print the table."""
    if importlib.util.find_spec("ray") is None:
        print("ray: not installed here: pip install -r requirements-ray.txt")
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    from tests.ray_cluster import open_cluster

    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, open_cluster(1) as cluster:
        workspace, engine = _some_records(Path(folder)), Engine("ray", cluster.address)
        wanted = b""
        for nodes in range(1, NODES + 1):
            for turn in range(TURNS if nodes == 1 else 1):
                for name, where in (("here", LOCAL), (f"on {nodes} of Ray", engine))[nodes > 1 :]:
                    pace, before, made = _embedded(workspace, f"{name}-{turn}", where)
                    found.setdefault(name, []).append((pace, before))
                    wanted = wanted or made
                    assert made == wanted, f"{name} gave other bytes"
            if nodes < NODES:
                cluster.add()
    here = statistics.median(pace for pace, _ in found["here"])
    print(
        f"{RECORDS:,} records in shards of {STEP}, a thread a process, {os.cpu_count()} cores; the same bytes each time"
    )
    for name, some in found.items():
        pace, before = (statistics.median(each) for each in zip(*some, strict=True))
        print(
            f"  {name:<12} {pace:6.0f} records a second, {pace / here:.2f} x; "
            f"{before:5.1f} s until the first {STEP}, {len(some)} times"
        )


def _some_records(folder: Path) -> Workspace:
    with lzma.open(POOL, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    rows = np.sort(np.random.default_rng(1).choice(len(lines), RECORDS, replace=False))
    (folder / "some.jsonl").write_text("".join(json.dumps(json.loads(lines[row])) + "\n" for row in rows), "utf-8")
    workspace = Workspace(folder / "w", create=True)
    workspace.import_data(folder / "some.jsonl", RecordParams())
    return workspace


def _embedded(workspace: Workspace, key: str, engine: Engine) -> tuple[float, float, bytes]:
    """Return (records a second from the first shard to the last, seconds until the first, the rows' bytes)."""
    shards = shard_files(workspace, "embed", key.replace(" ", "-"), STEP, ".npy")
    started, moments = time.perf_counter(), {}

    def watch(done: float, total: float) -> None:
        moments.setdefault(int(done) // STEP, time.perf_counter())

    work = EmbedWork(workspace.records().path, BUNDLED, 0, "cpu")
    make_shards(shards, work, watch, engine)
    first = min(at for at in moments if at)
    pace = (RECORDS - first * STEP) / (moments[RECORDS // STEP] - moments[first])
    return pace, moments[first] - started, b"".join(np.load(shard.path).tobytes() for shard in shards)
