"""A forest plot's rows, as a page and a report draw them: each arm's difference from random, and its shares beside it."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from .losses import AblationLine

OTHERS = "others"
_BASELINE = "the baseline"


@dataclasses.dataclass(frozen=True)
class ForestRow:
    """An arm. mean, half: its difference from its random selections, and half its interval; 0 and NaN of those themselves.

    said: its verdict and the figures, in a few words. judged: as measures are. gaps: (n_seeds,) differences. shares: (g,) of what
    it selected, in the order of `share_names`.
    """

    arm: str
    mean: float
    half: float
    said: str
    judged: str
    gaps: list[float]
    shares: list[float]


def forest_rows(lines: Sequence[AblationLine], most_groups: int) -> list[ForestRow]:
    """Return the arms that are compared, and what they are compared with, by their difference: the best first."""
    bases = {line.base for line in lines if line.base}
    compared = [line for line in lines if line.base or line.method in bases]
    return sorted((_row(line, share_names(lines, most_groups)) for line in compared), key=lambda row: row.mean)


def share_names(lines: Sequence[AblationLine], most: int) -> list[str]:
    """Return the groups whose shares are shown, the largest first; "others" stands for all after the first `most`."""
    mean = {name: np.mean([line.shares[name] for line in lines]) for name in lines[0].shares} if lines else {}
    names = sorted(mean, key=lambda name: -mean[name])
    return names if len(names) <= most else [*names[: most - 1], OTHERS]


def _row(line: AblationLine, names: list[str]) -> ForestRow:
    shown = [line.shares.get(name, 0.0) for name in names]
    if names[-1:] == [OTHERS]:
        shown[-1] = max(0.0, 1 - sum(shown[:-1]))
    mean, half = (line.against, line.against_half) if line.base else (0.0, float("nan"))
    figures = f"{mean:+.3f} ± {half:.3f}" if np.isfinite(half) else f"{mean:+.3f}"
    said = f"{line.verdict} {figures}".strip() if line.base else _BASELINE
    return ForestRow(line.method, mean, half, said, line.judged, line.gaps, shown)
