"""Ablation, as functions of arrays: what is held out, how losses are summed up. Trains nothing.

A small model from scratch is a proxy: it shows what a selection teaches in a few minutes, not how a tuned large model would do.
"""

import dataclasses
from typing import Any

import numpy as np

from ...base.errors import CurationError
from .params import AblationParams

_MOST_SOURCES, LEAST_HELD = 40, 5
CONFIDENCE = 0.95


def draw_held_out(n: int, params: AblationParams) -> np.ndarray:
    """Return the ascending row ids held out of n records. Raises CurationError where that leaves fewer than half."""
    if params.held_out > n // 2:
        raise CurationError(
            f"held_out is {params.held_out:,} of {n:,} records; hold out half at most, or there is too little to select from."
        )
    return np.sort(np.random.default_rng([params.seed, 7]).choice(n, params.held_out, replace=False))


def families(names: list[str], codes: np.ndarray) -> tuple[list[str], np.ndarray] | None:
    """Return source labels as groups: themselves where they are few, else what stands before their first "/"; or None."""
    if not names:
        return None
    if len(names) <= _MOST_SOURCES:
        return names, codes
    heads = [name.partition("/")[0] for name in names]
    short = list(dict.fromkeys(heads))
    if not 2 <= len(short) <= _MOST_SOURCES:
        return None
    place = np.array([short.index(head) for head in heads] + [-1])
    return short, place[codes].astype(np.int32)


@dataclasses.dataclass(frozen=True)
class AblationLine:
    """What one method's trainings came to, in nats a token of held-out responses; lower is better. Means over seeds.

    groups: {group: mean loss}. macro: mean of the groups', with half the width of its confidence interval. worst: of the
    group it does worst on. against: macro less that of random selections of the same size and seeds, with half its interval's
    width; NaN where none of that size was trained. n_records: selected, of each seed. macros: (n_seeds,) of each seed.
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
    read: float = float("nan")
    overlap: float = float("nan")

    @property
    def judged(self) -> str:
        """Return "better" or "worse" than random by more than the interval is wide, else "chance"; "" where nothing tells."""
        if not (np.isfinite(self.against) and np.isfinite(self.against_half)) or self.method == "random":
            return ""
        return "chance" if abs(self.against) <= self.against_half else "better" if self.against < 0 else "worse"

    def as_dict(self) -> dict[str, Any]:
        """Return the line as JSON-ready values."""
        return dataclasses.asdict(self)


def sum_up(
    losses: dict[str, list[np.ndarray]],
    taken: dict[str, list[np.ndarray]],
    groups: list[str],
    codes: np.ndarray,
) -> list[AblationLine]:
    """Return an AblationLine a method, the best macro first.

    losses: {method: a (h,) array a seed, NaN where a record has no response}. taken: {method: the groups of what was selected,
    an int array a seed}. codes: (h,) group of each held-out record; a
    group with fewer than 5 finite losses is left out, since its mean would be chance.
    """
    finite = np.isfinite(next(iter(losses.values()))[0])
    reported = reported_groups(len(groups), codes[finite])
    means = {
        method: np.array([[np.nanmean(each[codes == g]) for g in reported] for each in some])
        for method, some in losses.items()
    }
    n_records = {method: [len(each) for each in some] for method, some in taken.items()}
    lines = []
    for method, table in means.items():
        fair = [name for name in means if is_random(name) and n_records[name] == n_records[method] and name != method]
        base = means[fair[0]] if fair and not is_random(method) else None
        macros = table.mean(axis=1)
        by_group = table.mean(axis=0)
        both = 0 if base is None else min(len(macros), len(base))
        gaps = macros[:both] - base.mean(axis=1)[:both] if both else np.zeros(0)
        lines.append(
            AblationLine(
                method=method,
                groups={groups[g]: float(by_group[i]) for i, g in enumerate(reported)},
                macro=float(macros.mean()),
                macro_half=half_width(macros),
                worst=float(by_group.max()),
                worst_group=groups[reported[int(by_group.argmax())]],
                against=float(gaps.mean()) if both else float("nan"),
                against_half=half_width(gaps),
                n_records=n_records[method],
                macros=macros.tolist(),
                shares=_shares(taken[method], groups, reported),
            )
        )
    return sorted(lines, key=lambda line: line.macro)


def with_half(mean: str, half: float) -> str:
    """Return a mean with half its interval's width, which a single seed has not."""
    return f"{mean} ± {half:.4f}" if np.isfinite(half) else mean


def _shares(taken: list[np.ndarray], groups: list[str], reported: list[int]) -> dict[str, float]:
    together = np.concatenate(taken)
    return {groups[g]: round(float((together == g).mean()), 6) for g in reported}


def reported_groups(n_groups: int, codes: np.ndarray) -> list[int]:
    """Return the groups with enough held-out records to speak of. Raises CurationError where there is none."""
    reported = [g for g in range(n_groups) if (codes == g).sum() >= LEAST_HELD]
    if not reported:
        raise CurationError(
            f"No group has {LEAST_HELD} held-out records with a response; hold out more, or group otherwise."
        )
    return reported


def is_random(method: str) -> bool:
    """Whether a method is the baseline: "random", or "random:N" of as many records as a version has."""
    return method == "random" or method.startswith("random:")


def half_width(values: np.ndarray) -> float:
    """Return half the width of the 95 % confidence interval of the mean (Student's t), NaN for fewer than two values."""
    from scipy import stats

    n = len(values)
    if n < 2:
        return float("nan")
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
