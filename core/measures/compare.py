"""How selections differ: what is only in one, how steady a method is over seeds, which are not beaten in both of two measures."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import CurationError

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True)
class Difference:
    """Two selections beside each other; each a set of ascending int64 row ids. jaccard: shared of all, 1 the same, 0 disjoint."""

    only_a: np.ndarray
    only_b: np.ndarray
    both: np.ndarray

    @property
    def jaccard(self) -> float:
        """Return |A and B| / |A or B|; 1 where both are empty."""
        together = len(self.only_a) + len(self.only_b) + len(self.both)
        return len(self.both) / together if together else 1.0


def compare(a: np.ndarray, b: np.ndarray) -> Difference:
    """Compare two selections of one pool by their row ids; how often a row was drawn does not count."""
    return Difference(np.setdiff1d(a, b), np.setdiff1d(b, a), np.intersect1d(a, b))


def by_cluster(found: Difference, labels: np.ndarray, names: Sequence[str]) -> "pd.DataFrame":
    """Return a line a cluster that either touches: cluster, name, held, only_a, only_b, both; the widest apart first."""
    import pandas as pd  # here, for it would double what a bare command takes to start

    k = len(names)
    counts = {name: np.bincount(labels[getattr(found, name)], minlength=k) for name in ("only_a", "only_b", "both")}
    frame = pd.DataFrame(
        {"cluster": np.arange(k), "name": list(names), "held": np.bincount(labels, minlength=k)} | counts
    )
    frame = frame[frame[["only_a", "only_b", "both"]].sum(axis=1) > 0]
    apart = (frame["only_a"] - frame["only_b"]).abs()
    return frame.assign(apart=apart).sort_values(["apart", "cluster"], ascending=[False, True]).drop(columns="apart")


def mean_jaccard(selections: Sequence[np.ndarray]) -> float:
    """Return the mean Jaccard of all pairs of selections. Raises CurationError for fewer than two."""
    if len(selections) < 2:
        raise CurationError(
            f"There {'is 1 selection' if selections else 'are no selections'}; stability needs two at least."
        )
    return float(np.mean([compare(a, b).jaccard for a, b in itertools.combinations(selections, 2)]))


def pareto(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (m,) bool: whom no other beats, being at least as high in both and higher in one. x, y: (m,) floats."""
    at_least = (x[:, None] >= x) & (y[:, None] >= y)
    higher = (x[:, None] > x) | (y[:, None] > y)
    return ~(at_least & higher).any(axis=0)
