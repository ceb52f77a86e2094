"""`python -m tests.benchmarks ablation`: what each way to select teaches a small model, on pools of several mixes, by eight seeds.

Hours from nothing, so only where it is named; trainings that are kept (`ablation_trained.py`) are not made again.
WINNOW_BENCH_KEPT=1 prints the tables from what is kept and selects nothing. WINNOW_BENCHMARK_FOLDER keeps the workspaces.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from core.base.errors import CurationError
from core.daar.domains import domain_as_dict
from core.daar.params import DaarParams
from core.evidence.ablation.arms import select_for_ablation
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.statistics import BASE, difference_of, paired_lines
from core.models.encoder import BUNDLED
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from tests.benchmarks.ablation_pools import FAMILIES, POOLS, MixedPool, pool_workspace
from tests.benchmarks.ablation_trained import MODEL, Trainer, kept_trainings, train_missing
from tests.benchmarks.daar import DOMAINS

SEEDS = 8
BOUND = "equal by true family"
BALANCED = "kmeans-random:quota=gain"
TARGET_FAMILY, EXAMPLES = "gsm8k", 100
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


def main() -> None:
    """Select, train what is not trained yet, print a table a pool."""
    if not os.environ.get("WINNOW_BENCH_KEPT"):
        with tempfile.TemporaryDirectory() as folder:
            _train(Path(os.environ.get("WINNOW_BENCHMARK_FOLDER", folder)) / "ablation")
    kept = list(kept_trainings().values())
    print(
        f"a model of width {MODEL.width} and {MODEL.layers} layers from scratch, {MODEL.steps} steps of {MODEL.batch_size} x "
        f"{MODEL.context} tokens at a learning rate of {MODEL.learning_rate:g}; nats a token of held-out responses, mean of three "
        "families; for each seed clusters, groups, DaaR's seeds and probes, draws and trainings are drawn anew"
    )
    for pool in POOLS:
        for line in table(pool, [entry for entry in kept if entry["pool"] == pool.name]):
            print(f"  {line}")


def _train(folder: Path) -> None:
    trainers = {pool.name: Trainer(_prepared(pool, folder)) for pool in POOLS}
    for seed in range(SEEDS):
        for pool in POOLS:
            trainer = trainers[pool.name]
            wanted = {(pool.name, arm, seed): _selected(pool, trainer, arm, seed) for arm in (BOUND, *ARMS)}
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


def table(pool: MixedPool, kept: list[dict]) -> list[str]:
    """Return the table of a pool as text: arms with the same seeds as random, the best first."""
    by_arm: dict[str, dict[int, dict]] = {}
    for entry in kept:
        by_arm.setdefault(entry["arm"], {})[entry["seed"]] = entry
    if BASE not in by_arm:
        return [f"{pool.name}: nothing trained yet"]
    reported = []
    for n in sorted({len(some) for some in by_arm.values()}, reverse=True):
        arms = [arm for arm in (BASE, BOUND, *ARMS) if len(by_arm.get(arm, {})) == n or (arm == BASE and n > 1)]
        if n > 1 and len(arms) > 1:
            reported += _of_seeds(pool, {arm: by_arm[arm] for arm in arms}, n, _bound(by_arm))
    return reported + _toward_target(by_arm)


def _bound(by_arm: dict[str, dict[int, dict]]) -> float:
    """Return by how much the true families are ahead of random, NaN where they are not."""
    both = sorted(set(by_arm.get(BOUND, {})) & set(by_arm[BASE]))
    if len(both) < 2:
        return np.nan
    line = paired_lines({arm: _losses(by_arm[arm], both) for arm in (BASE, BOUND)})
    against = next(each.against for each in line if each.against)
    return against.mean if against.mean < -against.half else np.nan


def _losses(some: dict[int, dict], seeds: list[int]) -> np.ndarray:
    return np.array([some[seed]["losses"] for seed in seeds])


def _toward_target(by_arm: dict[str, dict[int, dict]]) -> list[str]:
    """Return how the target does on its own family against the best that balances, in a line."""
    both = sorted(set(by_arm.get("target", {})) & set(by_arm.get(BALANCED, {})))
    if len(both) < 2:
        return []
    column = FAMILIES.index(TARGET_FAMILY)
    found = difference_of((_losses(by_arm["target"], both) - _losses(by_arm[BALANCED], both))[:, column])
    return [f"target against {BALANCED}, {TARGET_FAMILY} alone, {found.n} seeds: {found.mean:+.3f} ± {found.half:.3f}"]


def _of_seeds(pool: MixedPool, by_arm: dict[str, dict[int, dict]], n: int, bound: float) -> list[str]:
    seeds = sorted(next(some for arm, some in by_arm.items() if arm != BASE))
    if any(set(seeds) - set(some) for some in by_arm.values()):
        raise CurationError(f"{pool.name}: arms have other seeds; train again.")
    tables = {arm: _losses(some, seeds) for arm, some in by_arm.items()}
    lines = sorted(paired_lines(tables), key=lambda line: line.against.mean if line.against else 0.0)
    mix = "as it is" if pool.records is None else " / ".join(f"{count:,}" for count in pool.records)
    reported = [
        f"{pool.name} ({mix}), budget {pool.budget}, {n} seeds: shares {' / '.join(FAMILIES)}; against random; of the bound; seeds "
        "ahead; verdict by Holm; worst family; times read"
    ]
    for line in lines:
        shares = np.mean([by_arm[line.arm][seed]["shares"] for seed in seeds], axis=0)
        read = np.mean([by_arm[line.arm][seed]["read"] for seed in seeds])
        told = f"{line.arm:<34} {' / '.join(f'{share:.0%}' for share in shares):<17} "
        if line.against is None:
            reported.append(f"{told}{line.macro:.3f}, worst {line.worst:.3f}, read {read:.2f}")
            continue
        gaps, worst = (tables[line.arm] - tables[BASE]).mean(axis=1), line.worst_against
        of_bound = "   -" if np.isnan(bound) else f"{line.against.mean / bound:4.0%}"
        gap = f"{line.against.mean:+.3f} ± {line.against.half:.3f}  {of_bound}"
        reported.append(
            f"{told}{gap}  {(gaps < 0).sum()} of {n}  {line.verdict:<10} {worst.mean:+.3f} ± {worst.half:.3f}  {read:.2f}"
        )
    return reported
