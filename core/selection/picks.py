"""What a method hands back: the records it picked, in order, and why."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Picks:
    """rows: (m,) int64 row ids in pick order. scores: (m,) float, what each was picked by (its gain, distance, quality).

    n_filled: how many at the end only fill the budget, against the method's own rule.
    """

    rows: np.ndarray
    scores: np.ndarray
    n_filled: int = 0
