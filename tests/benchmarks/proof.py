"""`prove` on the pool: budget 10 %, six methods, three seeds. Half an hour or more, so only where it is named.

WINNOW_BENCHMARK_FOLDER keeps the workspace, so that a stopped run goes on.
"""

import os
import tempfile
import time
from pathlib import Path

from core.domains import domain_as_dict
from core.embedding import BUNDLED
from core.proof import ProveParams
from core.proving import last_proof, prove, table_lines
from core.reward import RewardParams
from core.terminal import Report
from tests.benchmarks.daar import DOMAINS
from tests.benchmarks.data import prepared_pool

METHODS = ("random", "longest", "kmeans-random", "kmq", "rounds", "daar")


def main() -> None:
    """Print the table, and what a training took."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = prepared_pool(Path(os.environ.get("WINNOW_BENCHMARK_FOLDER", folder)) / "proof")
        pipeline.run("reward", RewardParams(tuple(map(domain_as_dict, DOMAINS)), encoder=BUNDLED))
        started, report = time.perf_counter(), Report()
        lines = prove(pipeline, ProveParams(METHODS), report("prove"))
        report.close()
        proof = last_proof(pipeline)
        params, small = proof.params, proof.params.small_params()
        seconds = [pipeline.workspace.info("proof", key)["seconds"] for *_, key in proof.trained]
        print(
            f"prove on 67,193 records: {len(METHODS)} methods, {params.n_seeds} seeds, budget {params.budget}, "
            f"{params.held_out:,} held out, {small.steps} steps of {small.batch_size} x {small.context} tokens"
        )
        for line in table_lines(lines):
            print(f"  {line}")
        print(
            f"  a training {min(seconds):.0f} to {max(seconds):.0f} s; this run {time.perf_counter() - started:.0f} s"
        )
