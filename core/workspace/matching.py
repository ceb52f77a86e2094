"""Matching: records found again in other data by the hashes of their content. Knows no decision and no workspace."""

from collections.abc import Sequence

import numpy as np


class HashIndex:
    """Which of n rows hold a hash. Built once, then asked about any number of hashes, each in a step of a search by halves."""

    def __init__(self, present: np.ndarray) -> None:
        high, low = _halves(present)
        self._order = np.lexsort((low, high))  # stable: the copies of one hash stay in the order of their rows
        high, low = high[self._order], low[self._order]
        new = np.ones(len(high), bool)
        new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        self._first = np.flatnonzero(new)
        self._high, self._low = high[self._first], low[self._first]
        self._copies = np.diff(np.append(self._first, len(high)))

    def names_of(self, wanted: np.ndarray) -> np.ndarray:
        """Return (w,) int64: the number by which this index knows each hash, -1 for one that no row holds."""
        high, low = _halves(wanted)
        at = np.searchsorted(self._high, high)
        last = len(self._high) - 1
        while True:  # two hashes with the same first half are next to each other; there are hardly any
            inside = np.minimum(at, last)
            passed = (at <= last) & (self._high[inside] == high) & (self._low[inside] < low) if last >= 0 else at < 0
            if not passed.any():
                break
            at = at + passed
        if last < 0:
            return np.full(len(high), -1, np.int64)
        same = (at <= last) & (self._high[inside] == high) & (self._low[inside] == low)
        return np.where(same, at, -1).astype(np.int64)

    def rows_of(self, names: np.ndarray) -> np.ndarray:
        """Return the ascending rows that hold the hashes of these numbers; the i-th copy answers the i-th ask."""
        asked, times = np.unique(names[names >= 0], return_counts=True)
        taken = np.minimum(times, self._copies[asked])
        turn = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
        return np.sort(self._order[np.repeat(self._first[asked], taken) + turn])


def as_hashes(wanted: Sequence[bytes]) -> np.ndarray:
    """Return (w,) V16 of hashes of 16 bytes."""
    return np.array(list(wanted), dtype="V16")


def _halves(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    halves = np.asarray(hashes, dtype="V16").astype("V16").view(">u8").reshape(-1, 2).astype(np.uint64)
    return halves[:, 0], halves[:, 1]


def match_hashes(wanted: Sequence[bytes], present: np.ndarray, again: bool = True) -> np.ndarray:
    """Return (w,) int64: for each wanted hash a row of `present` ((n,) S16) that holds it, -1 where none does.

    Asked for again it gives the next copy, and after the last copy the first, or -1 unless `again`.
    """
    present = np.asarray(present, dtype="V16").astype("V16")
    names, inverse = np.unique(np.concatenate([present, as_hashes(wanted)]), return_inverse=True)
    have, ask = inverse[: len(present)], inverse[len(present) :]
    order = np.argsort(have, kind="stable")
    copies = np.bincount(have, minlength=len(names))
    first = np.cumsum(copies) - copies
    turn = np.argsort(ask, kind="stable")
    rank = np.empty(len(ask), np.int64)
    rank[turn] = np.arange(len(ask)) - np.searchsorted(ask[turn], ask[turn])
    rows = np.full(len(ask), -1, np.int64)
    found = copies[ask] > (0 if again else rank)
    rows[found] = order[first[ask[found]] + rank[found] % copies[ask[found]]]
    return rows
