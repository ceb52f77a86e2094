"""What the losses of an ablation's trainings say, as functions of arrays: paired differences, their tests, words. Trains nothing.

Every arm of one seed has the same held-out records, initial weights and random numbers for the order of batches. What all arms of
a seed share is in both losses of a pair: the difference is taken first, seed by seed, and only then summed up.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from ...base.errors import CurationError
from .sequential import CONFIDENCE, StopRule

BASE = "random"
AHEAD, BEHIND, UNSURE = "ahead", "behind", "can't tell"
NAN = float("nan")


@dataclasses.dataclass(frozen=True)
class Difference:
    """The mean of paired differences. half: half its 95 % interval (the stop rule's, where there is one). NaN for one pair.

    n: pairs. sd: of the differences. p: two-sided; the rule's repeated one, where there is a rule. least: the least difference
    that as many pairs would have shown with 80 % power.
    """

    n: int
    mean: float
    half: float
    sd: float
    p: float
    least: float

    @property
    def excludes_0(self) -> bool:
        """Whether its interval does."""
        return bool(abs(self.mean) > self.half)


@dataclasses.dataclass(frozen=True)
class Paired:
    """What the trainings of an arm came to, in the unit of the losses; lower is better. Means over seeds.

    groups: (g,) mean losses. macro: the mean of the groups', with half the width of its own 95 % interval. macros: (n_seeds,).
    worst: the loss of `worst_group`, the position of the group that it does worst on. base: the arm it is compared with, "" for
    none; what follows is then NaN, None or "". against: of the macros. worst_against: of each seed's worst group. by_group: of each
    group. adjusted: the p-value of `against` after Holm's correction over the arms. verdict: AHEAD or BEHIND where that is 5 % at
    most, else UNSURE.
    """

    arm: str
    groups: np.ndarray
    macro: float
    macro_half: float
    macros: np.ndarray
    worst: float
    worst_group: int
    base: str = ""
    against: Difference | None = None
    worst_against: Difference | None = None
    by_group: tuple[Difference, ...] = ()
    adjusted: float = NAN
    verdict: str = ""


def paired_lines(
    tables: Mapping[str, np.ndarray], bases: Mapping[str, str] | None = None, rule: StopRule | None = None
) -> list[Paired]:
    """Return a Paired an arm, the best macro first.

    tables: {arm: (n_seeds, n_groups) mean losses}, the same seed in the same row of every arm. bases: {arm: the arm that it is
    compared with}; by default all others are compared with "random". rule: by which seeds were added; without one their number
    was fixed beforehand. Raises CurationError where tables don't fit one another.
    """
    tables = {arm: np.asarray(table, np.float64) for arm, table in tables.items()}
    if bases is None:
        bases = {arm: BASE for arm in tables if arm != BASE and BASE in tables}
    lines = []
    for arm, table in tables.items():
        macros, groups = table.mean(axis=1), table.mean(axis=0)
        line = Paired(
            arm=arm,
            groups=groups,
            macro=float(macros.mean()),
            macro_half=half_width(macros),
            macros=macros,
            worst=float(groups.max()),
            worst_group=int(groups.argmax()),
        )
        if arm in bases:
            other = _fitting(tables, arm, bases[arm])
            gaps = table - other
            line = dataclasses.replace(
                line,
                base=bases[arm],
                against=difference_of(gaps.mean(axis=1), rule),
                worst_against=difference_of(table.max(axis=1) - other.max(axis=1), rule),
                by_group=tuple(difference_of(column, rule) for column in gaps.T),
            )
        lines.append(line)
    return sorted(_judged(lines), key=lambda line: line.macro)


def _fitting(tables: Mapping[str, np.ndarray], arm: str, base: str) -> np.ndarray:
    if base not in tables or tables[base].shape != tables[arm].shape:
        there = f"{tables[base].shape[0]} x {tables[base].shape[1]}" if base in tables else "no"
        raise CurationError(
            f"{arm} has {tables[arm].shape[0]} x {tables[arm].shape[1]} losses (seeds x groups), {base} has {there}; pair them "
            "seed by seed."
        )
    return tables[base]


def _judged(lines: list[Paired]) -> list[Paired]:
    """Return the lines with Holm's correction over those that are compared, and what it says."""
    tested = [i for i, line in enumerate(lines) if line.against and np.isfinite(line.against.p)]
    judged = list(lines)
    for i, p in zip(tested, holm([lines[i].against.p for i in tested]), strict=True):
        sure = p <= 1 - CONFIDENCE + 1e-12
        verdict = (AHEAD if lines[i].against.mean < 0 else BEHIND) if sure else UNSURE
        judged[i] = dataclasses.replace(lines[i], adjusted=float(p), verdict=verdict)
    return judged


def difference_of(gaps: np.ndarray, rule: StopRule | None = None) -> Difference:
    """Return what paired differences, (n,), come to. rule: by which pairs were added; without one n was fixed beforehand.

    Fewer pairs than the rule looks at have a mean and no interval yet.
    """
    n = len(gaps)
    mean = float(np.mean(gaps)) if n else NAN
    if n < 2 or (rule and n < rule.least):
        return Difference(n, mean, NAN, float(np.std(gaps, ddof=1)) if n > 1 else NAN, NAN, NAN)
    rule = rule or StopRule(n, n)
    sd = float(np.std(gaps, ddof=1))
    error = sd / float(np.sqrt(n))
    t = mean / error if error else np.inf if mean else 0.0
    return Difference(n, mean, rule.boundary(n) * error, sd, rule.p_value(t, n), rule.least_detectable(sd, n))


def contrast_of(tables: Mapping[str, np.ndarray], arm: str, base: str, rule: StopRule | None = None) -> Difference:
    """Return the difference of two arms' macros, as `paired_lines` pairs them. Raises CurationError where they don't fit."""
    tables = {name: np.asarray(tables[name], np.float64) for name in (arm, base) if name in tables}
    if arm not in tables:
        raise CurationError(f"There are no losses of {arm}.")
    return difference_of((tables[arm] - _fitting(tables, arm, base)).mean(axis=1), rule)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return p-values adjusted by Holm's step-down method (Scandinavian Journal of Statistics 6, 1979), in the given order."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1)
    return adjusted


def half_width(values: np.ndarray) -> float:
    """Return half the width of the 95 % confidence interval of the mean (Student's t), NaN for fewer than two values."""
    return difference_of(np.asarray(values, np.float64)).half
