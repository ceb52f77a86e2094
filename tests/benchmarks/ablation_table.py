"""The ablation's kept trainings as README's table: arms down, pools across, each against random by the same seeds."""

import dataclasses

import numpy as np

from core.evidence.ablation.statistics import AHEAD, BASE, BEHIND, UNSURE, Difference, difference_of, holm
from tests.benchmarks.ablation_pools import FAMILIES, POOLS, MixedPool

SEEDS, LEAST = 8, 4
BOUND = "equal by true family"
BALANCED = "kmeans-random:quota=gain"
TARGET_FAMILY = "gsm8k"
Trainings = dict[str, dict[int, dict]]  # of one pool: {arm: {seed: what is kept}}


@dataclasses.dataclass(frozen=True)
class Row:
    """An arm on a pool. mean: of the families' losses less random's, worst: of the worst family's; shares: of the families."""

    mean: Difference
    worst: Difference
    ahead: int
    verdict: str
    shares: np.ndarray

    @property
    def text(self) -> str:
        """The difference, its 95 % interval, the seeds where they are fewer than all, and the verdict."""
        fewer = "" if self.mean.n == SEEDS else f" ({self.mean.n} seeds)"
        return f"{self.mean.mean:+.2f} ± {self.mean.half:.2f}{fewer}, {self.verdict}"


def trainings_of(pool: MixedPool, kept: list[dict]) -> Trainings:
    """Return what is kept of a pool."""
    by_arm: Trainings = {}
    for entry in kept:
        if entry["pool"] == pool.name:
            by_arm.setdefault(entry["arm"], {})[entry["seed"]] = entry
    return by_arm


def rows_of(by_arm: Trainings) -> dict[str, Row]:
    """Return each arm with LEAST seeds or more that random has too; the verdict is Holm's over these arms, at 5 %."""
    base = by_arm.get(BASE, {})
    seeds = {arm: sorted(set(some) & set(base)) for arm, some in by_arm.items() if arm != BASE}
    seeds = {arm: both for arm, both in seeds.items() if len(both) >= LEAST}
    losses = {arm: _losses(by_arm[arm], both) for arm, both in seeds.items()}
    against = {arm: _losses(base, both) for arm, both in seeds.items()}
    gaps = {arm: (losses[arm] - against[arm]).mean(axis=1) for arm in seeds}
    means = {arm: difference_of(gap) for arm, gap in gaps.items()}
    adjusted = dict(zip(means, holm([each.p for each in means.values()]), strict=True))
    return {
        arm: Row(
            mean,
            difference_of(losses[arm].max(axis=1) - against[arm].max(axis=1)),
            int((gaps[arm] < 0).sum()),
            UNSURE if adjusted[arm] > 0.05 else AHEAD if mean.mean < 0 else BEHIND,
            np.mean([by_arm[arm][seed]["shares"] for seed in seeds[arm]], axis=0),
        )
        for arm, mean in means.items()
    }


def table(kept: list[dict]) -> list[str]:
    """Return the table in Markdown, the best on the first pool first."""
    pools = {pool.name: rows_of(trainings_of(pool, kept)) for pool in POOLS}
    first, *others = POOLS
    mixes = [f"{pool.name} ({_mix(pool, kept)})" for pool in POOLS]
    head = [
        "selected",
        f"of it {' / '.join(FAMILIES)}, %",
        mixes[0],
        "of the bound",
        "seeds ahead",
        "worst family",
        *mixes[1:],
    ]
    lines = [_line(head), _line(["---"] * len(head))]
    bound = pools[first.name][BOUND].mean.mean
    for arm, row in sorted(pools[first.name].items(), key=lambda each: each[1].mean.mean):
        shares = " / ".join(f"{share:.0%}".rstrip("%") for share in row.shares)
        of_bound = f"{row.mean.mean / bound:.0%}" if row.mean.mean < 0 else ""
        told = [arm if arm == BOUND else f"`{arm}`", shares, row.text, of_bound, f"{row.ahead} of {row.mean.n}"]
        elsewhere = [pools[pool.name][arm].text if arm in pools[pool.name] else "" for pool in others]
        lines.append(_line([*told, f"{row.worst.mean:+.2f}", *elsewhere]))
    return lines


def toward_target(kept: list[dict]) -> str:
    """Return how the target does on its own family against the best that balances, on the first pool."""
    by_arm = trainings_of(POOLS[0], kept)
    both = sorted(set(by_arm["target"]) & set(by_arm[BALANCED]))
    column = FAMILIES.index(TARGET_FAMILY)
    found = difference_of((_losses(by_arm["target"], both) - _losses(by_arm[BALANCED], both))[:, column])
    return f"target against {BALANCED}, {TARGET_FAMILY} alone, {found.n} seeds: {found.mean:+.2f} ± {found.half:.2f}"


def _losses(some: dict[int, dict], seeds: list[int]) -> np.ndarray:
    return np.array([some[seed]["losses"] for seed in seeds])


def _mix(pool: MixedPool, kept: list[dict]) -> str:
    loss = np.mean([entry["losses"] for entry in trainings_of(pool, kept)[BASE].values()])
    records = "as it is" if pool.records is None else " / ".join(f"{count:,}" for count in pool.records)
    return f"{records}; random {loss:.2f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
