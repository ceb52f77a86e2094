"""What a set of records holds: how many of each status, source and cluster, and how a number is spread. Pure functions of arrays.

One pass over the rows for each; nothing is sorted, no text is read, so that a million records take a few hundredths of a second.
"""

import dataclasses

import numpy as np

from .filters import edges_of

BINS = 24


@dataclasses.dataclass(frozen=True)
class Part:
    """One label of a set of records. share: of the set's records, in 0..1; of_all: of all records."""

    code: int
    n: int
    share: float
    of_all: float


@dataclasses.dataclass(frozen=True)
class Binned:
    """A column of numbers cut into bins, once for all sets of records.

    codes: (n,) uint8, the bin of each record, len(edges) - 1 for one without a number. edges: (b + 1,) ascending.
    counts: (b,) int of all records.
    """

    codes: np.ndarray
    edges: np.ndarray
    counts: np.ndarray


def parts_of(codes: np.ndarray, rows: np.ndarray, counts: np.ndarray, most: int) -> tuple[list[Part], int]:
    """Return the `most` frequent labels among `rows`, the most frequent first, and how many labels there are among them.

    codes: (n,) int, negative for none. counts: (k,) int, how many of all records have each label.
    """
    k = len(counts)
    found = np.bincount(codes[rows].astype(np.int64, copy=False) + 1, minlength=k + 1)[1:]
    there = int((found > 0).sum())
    order = np.argsort(-found, kind="stable")[: min(most, there)]
    n, n_all = max(len(rows), 1), max(len(codes), 1)
    return [Part(code, int(found[code]), found[code] / n, counts[code] / n_all) for code in order.tolist()], there


def binned(numbers: np.ndarray, bins: int = BINS) -> Binned:
    """Cut (n,) numbers into bins; the middle 98 % evenly, see `edges_of`."""
    edges = edges_of(numbers, bins)
    n = len(edges) - 1
    codes = np.searchsorted(edges, numbers, side="right") - 1
    codes = np.where(np.isfinite(numbers), np.clip(codes, 0, n - 1), n).astype(np.uint8)
    return Binned(codes, edges, np.bincount(codes, minlength=n + 1)[:n])


def spread(held: Binned, rows: np.ndarray) -> np.ndarray:
    """Return (b,) int: how many of `rows` are in each bin."""
    return np.bincount(held.codes[rows], minlength=len(held.edges))[: len(held.edges) - 1]


def middle(numbers: np.ndarray, rows: np.ndarray, most: int = 20_000) -> float:
    """Return the median of `rows`, of at most `most` of them, evenly taken; NaN where none has a number."""
    some = numbers[rows[:: max(1, len(rows) // most)]]
    some = some[np.isfinite(some)]
    return float(np.median(some)) if len(some) else float("nan")
