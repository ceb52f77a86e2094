"""An ablation's lines: the losses of held-out records summed up by group and arm, ready to be kept and shown. Trains nothing.

A small model from scratch is a proxy: it shows what a selection teaches in a few minutes, not how a tuned large model would do.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .held_out import reported_groups
from .sequential import StopRule
from .statistics import AHEAD, BASE, BEHIND, NAN, UNSURE, Difference, Paired, paired_lines

_JUDGED = {AHEAD: "better", UNSURE: "chance", BEHIND: "worse", "": ""}


@dataclasses.dataclass(frozen=True)
class AblationLine:
    """What one arm's trainings came to, in nats a token of held-out responses; lower is better. Means over seeds.

    groups: {group: mean loss}. macro: mean of the groups', with half the width of its own confidence interval. worst: of the
    group it does worst on. base: the random selections it is compared with, of the same size and seeds; "" where none were trained.
    against: macro less the base's, paired by seed, with half its interval (of the rule, where seeds were added), its p-value,
    that after Holm's correction over the arms, the verdict in a word, and the least difference that as many seeds show four times
    in five. worst_against, with half its interval: of each seed's worst group. group_against: {group: (difference, half)}. NaN and
    "" where nothing tells. n_records: selected, of each seed. macros: (n_seeds,) of each seed. gaps: (n_seeds,) against the base.
    shares: {group: its share of what was selected}. read: how often a training read its selection, on average; below 1 a part
    of it was never read. overlap: the mean share of records that two seeds selected both; NaN for one seed.
    """

    method: str
    groups: dict[str, float]
    macro: float
    macro_half: float
    worst: float
    worst_group: str
    against: float
    against_half: float
    n_records: list[int]
    macros: list[float]
    shares: dict[str, float]
    read: float = NAN
    overlap: float = NAN
    base: str = ""
    p: float = NAN
    adjusted: float = NAN
    verdict: str = ""
    least: float = NAN
    worst_against: float = NAN
    worst_half: float = NAN
    group_against: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    gaps: list[float] = dataclasses.field(default_factory=list)

    @property
    def judged(self) -> str:
        """Return its verdict as measures are judged: "better", "chance" or "worse"; "" where nothing tells."""
        return _JUDGED[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """Return the line as JSON-ready values."""
        return dataclasses.asdict(self)


def sum_up(
    losses: Mapping[str, list[np.ndarray]],
    taken: Mapping[str, list[np.ndarray]],
    groups: list[str],
    codes: np.ndarray,
    bases: Mapping[str, str] | None = None,
    rule: StopRule | None = None,
) -> list[AblationLine]:
    """Return an AblationLine an arm, the best macro first.

    losses: {arm: a (h,) array a seed, NaN where a record has no response}. taken: {arm: the groups of what was selected, an int
    array a seed}. codes: (h,) group of each held-out record; a group with fewer than 5 finite losses is left out, since its mean
    would be chance. bases, rule: as `paired_lines` has them; by default all are compared with "random" where it selected as
    many records.
    """
    reported = losses_reported(losses, len(groups), codes)
    tables = loss_tables(losses, codes, reported)
    n_records = {arm: [len(each) for each in some] for arm, some in taken.items()}
    if bases is None:
        bases = {arm: BASE for arm in tables if arm != BASE and n_records[arm] == n_records.get(BASE)}
    names = [groups[g] for g in reported]
    return [
        _line(each, names, n_records[each.arm], _shares(taken[each.arm], reported), tables)
        for each in paired_lines(tables, bases, rule)
    ]


def losses_reported(losses: Mapping[str, list[np.ndarray]], n_groups: int, codes: np.ndarray) -> list[int]:
    """Return the groups with enough finite losses to speak of. Raises CurationError where there is none."""
    finite = np.isfinite(next(iter(losses.values()))[0])
    return reported_groups(n_groups, codes[finite])


def loss_tables(
    losses: Mapping[str, list[np.ndarray]], codes: np.ndarray, reported: list[int]
) -> dict[str, np.ndarray]:
    """Return {arm: (n_seeds, n_reported) float64 mean losses} of the groups `reported`; the rest as in `sum_up`."""
    masks = [codes == g for g in reported]
    return {
        arm: np.array([[np.nanmean(each[mask], dtype=np.float64) for mask in masks] for each in some])
        for arm, some in losses.items()
    }


def with_half(mean: str, half: float) -> str:
    """Return a mean with half its interval's width, which a single seed has not."""
    return f"{mean} ± {half:.4f}" if np.isfinite(half) else mean


def _line(
    paired: Paired, names: list[str], n_records: list[int], shares: list[float], tables: Mapping[str, np.ndarray]
) -> AblationLine:
    nothing = Difference(0, NAN, NAN, NAN, NAN, NAN)
    against, worst = paired.against or nothing, paired.worst_against or nothing
    gaps = (tables[paired.arm] - tables[paired.base]).mean(axis=1).tolist() if paired.base else []
    return AblationLine(
        method=paired.arm,
        groups=dict(zip(names, paired.groups.tolist(), strict=True)),
        macro=paired.macro,
        macro_half=paired.macro_half,
        worst=paired.worst,
        worst_group=names[paired.worst_group],
        against=against.mean,
        against_half=against.half,
        n_records=n_records,
        macros=paired.macros.tolist(),
        shares=dict(zip(names, shares, strict=True)),
        base=paired.base,
        p=against.p,
        adjusted=paired.adjusted,
        verdict=paired.verdict,
        least=against.least,
        worst_against=worst.mean,
        worst_half=worst.half,
        group_against={name: [each.mean, each.half] for name, each in zip(names, paired.by_group, strict=False)},
        gaps=gaps,
    )


def _shares(taken: list[np.ndarray], reported: list[int]) -> list[float]:
    together = np.concatenate(taken)
    return [round(float((together == g).mean()), 6) for g in reported]
