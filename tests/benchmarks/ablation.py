"""`python -m tests.benchmarks ablation`: what each way to select teaches a small model, on pools of several mixes, by eight seeds.

Hours from nothing, so only where it is named; trainings that are kept (`ablation_trained.py`) are not made again.
WINNOW_BENCH_KEPT=1 prints README's table from what is kept and selects nothing. WINNOW_BENCHMARK_FOLDER keeps the workspaces.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from core.daar.domains import domain_as_dict
from core.daar.params import DaarParams
from core.evidence.ablation.arms import select_for_ablation
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.statistics import BASE
from core.models.encoder import BUNDLED
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from tests.benchmarks.ablation_pools import FAMILIES, POOLS, MixedPool, pool_workspace
from tests.benchmarks.ablation_table import BALANCED, BOUND, SEEDS, TARGET_FAMILY, table, toward_target
from tests.benchmarks.ablation_trained import MODEL, Trainer, kept_trainings, train_missing
from tests.benchmarks.daar import DOMAINS

EXAMPLES = 100
ARMS = (
    BASE,
    "kmeans-random:quota=gain",
    "kmeans-random:quota=style,style_power=2",
    "kmeans-random:quota=style",
    "kmeans-random:quota=style,style_power=0",
    "kmeans-random:quota=tree",
    "kmeans-random:quota=isolation",
    "kmeans-random:quota=domains",
    "kmeans-random",
    "kmq",
    "kmeans-closest",
    "kmeans-median",
    "k-center",
    "deita",
    "facility-location",
    "qdit",
    "novelselect",
    "mig",
    "semdedup",
    "crds",
    "instag",
    "daar",
    "direct-diversity",
    "quality",
    "longest",
    "rounds",
    "target",
)
_ELSEWHERE = (BASE, BOUND, BALANCED, "kmeans-random:quota=style")  # on the pools after the second


def main() -> None:
    """Select, train what is not trained yet, print the table."""
    if not os.environ.get("WINNOW_BENCH_KEPT"):
        with tempfile.TemporaryDirectory() as folder:
            _train(Path(os.environ.get("WINNOW_BENCHMARK_FOLDER", folder)) / "ablation")
    kept = list(kept_trainings().values())
    print(
        f"a model of width {MODEL.width} and {MODEL.layers} layers from scratch, {MODEL.steps} steps of {MODEL.batch_size} x "
        f"{MODEL.context} tokens at a learning rate of {MODEL.learning_rate:g}; nats a token of held-out responses, mean of three "
        "families; for each seed clusters, groups, DaaR's seeds and probes, draws and trainings are drawn anew"
    )
    print("\n".join([*table(kept), "", toward_target(kept)]))


def _train(folder: Path) -> None:
    trainers = {pool.name: Trainer(_prepared(pool, folder)) for pool in POOLS}
    for seed in range(SEEDS):
        for pool in POOLS:
            trainer = trainers[pool.name]
            arms = (BOUND, *ARMS) if pool in POOLS[:2] else _ELSEWHERE
            wanted = {(pool.name, arm, seed): _selected(pool, trainer, arm, seed) for arm in arms}
            train_missing(trainer, wanted)


def _prepared(pool: MixedPool, folder: Path):
    pipeline = pool_workspace(pool, folder)
    pipeline.run("reward", DaarParams(tuple(map(domain_as_dict, DOMAINS)), encoder=BUNDLED))
    return pipeline


def _selected(pool: MixedPool, trainer: Trainer, arm: str, seed: int) -> np.ndarray:
    """Return the ascending row ids that an arm selects; the bound draws as many of each true family."""
    if arm == "target":
        _give_examples(trainer, seed)
    if arm != BOUND:
        params = AblationParams((arm,), pool.budget)
        return select_for_ablation(trainer.pipeline, arm, params, seed, trainer.barred)
    n = len(trainer.families)
    budget, rng = round(float(pool.budget.rstrip("%")) * n / 100), np.random.default_rng([seed, 9])
    free = np.setdiff1d(np.arange(n), trainer.barred)
    quotas = [budget // len(FAMILIES) + (code < budget % len(FAMILIES)) for code in range(len(FAMILIES))]
    drawn = [
        rng.choice(free[trainer.families[free] == code], quota, replace=False) for code, quota in enumerate(quotas)
    ]
    return np.sort(np.concatenate(drawn))


def _give_examples(trainer: Trainer, seed: int) -> None:
    """Give the target its examples: records of the family asked for that are neither held out nor, being examples, selected."""
    of = np.flatnonzero(trainer.families == FAMILIES.index(TARGET_FAMILY))
    rows = np.random.default_rng([seed, 11]).choice(np.setdiff1d(of, trainer.barred), EXAMPLES, replace=False)
    examples = picked(trainer.pipeline.workspace.records(), np.sort(rows).tolist())
    trainer.pipeline.run("targets", TargetParams(**examples))
