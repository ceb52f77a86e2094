"""`ablate` on the pool: budget 5 %, six methods, six seeds. An hour or more, so only where it is named.

A smaller and more gently trained model than `ablate`'s default, so that every selection is read once at least in that time and
the trainings' own noise stays below what the draws differ by.

WINNOW_BENCHMARK_FOLDER keeps the workspace, so that a stopped run goes on.
"""

import os
import tempfile
import time
from pathlib import Path

from core.cli.terminal import Report
from core.daar.domains import domain_as_dict
from core.daar.params import DaarParams
from core.evidence.ablation.latest import last_ablation, table_lines
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.run import ablate
from core.models.encoder import BUNDLED
from tests.benchmarks.daar import DOMAINS
from tests.benchmarks.data import prepared_pool

METHODS = ("random", "longest", "kmeans-random", "kmq", "rounds", "daar")
BUDGET, SEEDS = "5%", 6
MODEL = {"width": 64, "layers": 2, "context": 128, "learning_rate": 1.5e-3}


def main() -> None:
    """Print the table, and what a training took."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = prepared_pool(Path(os.environ.get("WINNOW_BENCHMARK_FOLDER", folder)) / "proof")
        pipeline.run("reward", DaarParams(tuple(map(domain_as_dict, DOMAINS)), encoder=BUNDLED))
        started, report = time.perf_counter(), Report()
        lines = ablate(pipeline, AblationParams(METHODS, BUDGET, SEEDS, small=MODEL), report("ablate"))
        report.close()
        ablation = last_ablation(pipeline)
        params, small = ablation.params, ablation.params.small_params()
        seconds = [pipeline.workspace.info("proof", key)["seconds"] for *_, key in ablation.trained]
        print(
            f"ablate on 67,193 records: {len(METHODS)} methods, {params.n_seeds} seeds, budget {params.budget}, "
            f"{params.held_out:,} held out; width {small.width}, {small.layers} layers, learning rate {small.learning_rate:g}, "
            f"{ablation.steps:,} steps of {small.batch_size} x {small.context} tokens. {ablation.varied}"
        )
        for line in table_lines(lines):
            print(f"  {line}")
        for line in lines:
            print(f"  {line.method}: by seed {', '.join(f'{macro:.3f}' for macro in line.macros)}")
        for warning in ablation.warnings:
            print(f"  warning: {warning}")
        print(
            f"  a training {min(seconds):.0f} to {max(seconds):.0f} s; this run {time.perf_counter() - started:.0f} s"
        )
