"""What texts are compared by: every n words in a row; where a text, or its prompt, has fewer, these as a whole.

An index of an evaluation's units is asked with the units of a block of records. Hashes only propose; real words decide.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from .words import Hashed, hash_rows, hash_spans

_OCCURRENCES = (
    16  # of one unit in an evaluation that are looked at; more of them are a phrase that many of its items share
)
_SPARSE = 5  # bits: the table of hashes that may be there is so sparsely filled


@dataclasses.dataclass(frozen=True)
class Units:
    """hashes: (u,) uint64. texts: (u,) the text each is of. places: (u,) its first word there. lengths: (u,) words."""

    hashes: np.ndarray
    texts: np.ndarray
    places: np.ndarray
    lengths: np.ndarray

    def take(self, which: np.ndarray) -> "Units":
        """Return some of them. which: (m,) positions."""
        return Units(self.hashes[which], self.texts[which], self.places[which], self.lengths[which])


def units_of(hashed: Hashed, n: int, may: Callable[[np.ndarray], np.ndarray] | None = None) -> Units:
    """Return the units of texts for rows of `n` words. may: tells of (u,) hashes which are worth a closer look."""
    starts, counts = hashed.starts[:-1], np.diff(hashed.starts)
    rows = hash_rows(hashed.words, n)
    at = np.arange(len(rows)) if may is None else np.flatnonzero(may(rows))
    of = np.searchsorted(hashed.starts, at, side="right") - 1
    inside = at + n <= hashed.starts[of + 1]  # not on into the next text
    at, of = at[inside], of[inside]
    whole = np.flatnonzero((counts > 0) & (counts < n))
    asked = np.flatnonzero((hashed.of_prompt > 0) & (hashed.of_prompt < np.minimum(counts, n)))
    short, lengths = np.concatenate([whole, asked]), np.concatenate([counts[whole], hashed.of_prompt[asked]])
    hashes = hash_spans(hashed.words, starts[short], starts[short] + lengths)
    return Units(
        np.concatenate([rows[at], hashes]),
        np.concatenate([of, short]),
        np.concatenate([at - starts[of], np.zeros(len(short), np.int64)]),
        np.concatenate([np.full(len(at), n), lengths]),
    )


@dataclasses.dataclass(frozen=True)
class Runs:
    """Words in a row that a record and an item share: of row `texts` from `places` on, of item `items` from `item_places` on.

    may_be_longer: whether the row has units that more items hold than were looked at, so that a run may go on further.
    """

    texts: np.ndarray
    items: np.ndarray
    places: np.ndarray
    item_places: np.ndarray
    lengths: np.ndarray
    may_be_longer: np.ndarray


class UnitIndex:
    """The units of an evaluation's items, found by their hashes. found: (items,) bool, those that some record shares one with."""

    def __init__(self, units: Units, n_items: int) -> None:
        order = np.argsort(units.hashes, kind="stable")
        self._units = units.take(order)
        self._hashes, self._first, self._counts = np.unique(self._units.hashes, return_index=True, return_counts=True)
        bits = min(max(len(self._hashes).bit_length() + _SPARSE, 8), 26)
        self._shift = np.uint64(64 - bits)
        self._may = np.zeros(1 << bits, bool)
        self._may[self._hashes >> self._shift] = True
        self._seen = np.zeros(len(self._hashes), bool)
        self._n_items = n_items

    @property
    def found(self) -> np.ndarray:
        """Return which items share a unit with a record that was asked for so far, by its hash of 64 bits."""
        shared = np.zeros(self._n_items, bool)
        shared[self._units.texts[np.repeat(self._seen, self._counts)]] = True
        return shared

    def may_have(self, hashes: np.ndarray) -> np.ndarray:
        """Return (u,) bool: which hashes the index may have; few of those it has not are among them."""
        return self._may[hashes >> self._shift]

    def runs(self, units: Units) -> Runs:
        """Return what the texts of `units` share with items, as runs of the units that follow each other in both."""
        if not len(self._hashes):
            return Runs(*(np.zeros(0, np.int64) for _ in range(6)))
        may = np.flatnonzero(self.may_have(units.hashes))
        place = np.minimum(np.searchsorted(self._hashes, units.hashes[may]), len(self._hashes) - 1)
        there = self._hashes[place] == units.hashes[may]
        asked, known = units.take(may[there]), place[there]
        self._seen[known] = True
        times = np.minimum(self._counts[known], _OCCURRENCES)
        each = np.repeat(np.arange(len(known)), times)
        nth = np.arange(len(each)) - np.repeat(np.cumsum(times) - times, times)
        many = asked.texts[times < self._counts[known]]
        return _joined(asked.take(each), self._units.take(self._first[known[each]] + nth), many)


def _joined(ours: Units, theirs: Units, many: np.ndarray) -> Runs:
    """Join the pairs of units that follow each other word by word, the longest run of a text first.

    many: the texts with units of more items than are paired here.
    """
    alike = ours.lengths == theirs.lengths  # else the hashes are the same by chance
    pick = np.flatnonzero(alike)
    ours, theirs = ours.take(pick), theirs.take(pick)
    beside = ours.places - theirs.places
    order = np.lexsort((ours.places, beside, ours.lengths, theirs.texts, ours.texts))
    ours, theirs, beside = ours.take(order), theirs.take(order), beside[order]
    goes_on = np.zeros(len(order), bool)
    goes_on[1:] = ours.places[1:] == ours.places[:-1] + 1
    for values in (ours.texts, theirs.texts, ours.lengths, beside):
        goes_on[1:] &= values[1:] == values[:-1]
    first = np.flatnonzero(~goes_on)
    lengths = ours.lengths[first] + np.diff(np.append(first, len(order))) - 1
    runs = (ours.texts[first], theirs.texts[first], ours.places[first], theirs.places[first], lengths)
    runs = (*runs, np.isin(runs[0], many))
    best = np.lexsort((runs[2], runs[1], -lengths, runs[0]))
    return Runs(*(values[best] for values in runs))
