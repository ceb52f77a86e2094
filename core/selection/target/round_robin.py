"""Round robin: example after example takes the nearest record that none has taken yet (RDS+, arXiv 2503.01807).

In the paper's code an example whose nearest is taken already passes; here it takes the next nearest. Of several
tasks the code ranks records by each task's highest cosine and lets the tasks take turns; here the examples of a label do so too.
"""

import heapq
import itertools
from collections.abc import Callable

import numpy as np

from ...base.progress import Progress, no_progress

Take = Callable[
    [int], tuple[int, int] | None
]  # an example -> the (row, cosine) that it takes, None where nothing is left


def round_robin(
    take: Take,
    turns: "Turns",
    wanted: int,
    pinned: np.ndarray,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Return ((p,) int64 row ids, (p,) int64 cosines) in the order in which they are taken, `wanted` of them where there are.

    pinned: (n,) bool, records that are taken whatever the examples say: one that is the nearest of an example is its turn, but
    no pick.
    """
    rows, cosines = [], []
    while len(rows) < wanted:
        taken = take(turns.next())
        if taken is None:
            break
        row, cosine = taken
        turns.took(row)
        if not pinned[row]:
            if len(rows) % 256 == 0:
                progress(len(rows), wanted)
            rows.append(row)
            cosines.append(cosine)
    return np.array(rows, np.int64), np.array(cosines, np.int64)


class Turns:
    """Whose turn it is. By label, the one that has taken the least so far is next, of equal ones the first, and inside it one
    example after the other; so labels take turns where every record costs the same.

    labels: (m,) int, all 0 where only the examples take turns. costs: (n,) of the records, None for 1 each.
    """

    def __init__(self, labels: np.ndarray, costs: np.ndarray | None = None) -> None:
        self._costs, held = costs, np.unique(labels).tolist()
        self._inside = {label: itertools.cycle(np.flatnonzero(labels == label).tolist()) for label in held}
        self._waiting = [(0, label) for label in held]  # a heap: what each has taken so far

    def next(self) -> int:
        """Return the next example of the label whose turn it is."""
        return next(self._inside[self._waiting[0][1]])

    def took(self, row: int) -> None:
        """Count a record for the label whose turn it was."""
        spent, label = self._waiting[0]
        cost = 1 if self._costs is None else int(self._costs[row])
        heapq.heapreplace(self._waiting, (spent + cost, label))
