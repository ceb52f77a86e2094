"""Pairs alike in words: MinHash (Broder 1997) and banding (LSH) propose them, the true Jaccard of their word sets decides.

A word is a run of letters and digits without case; of scripts that part no words by blanks, every letter is one.
"""

import dataclasses
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ...base.progress import Progress, no_progress, part_of
from ...data.record_table import RecordTable
from ...workspace.work import Opened, with_whole_paths
from .forest import Pairs, spanning_forest, unique_pairs

UNPARTED = r"\u0e00-\u109f\u1780-\u17ff\u3040-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{UNPARTED}]|[^\W_{UNPARTED}]+")
_ESTIMATE_ROOM = 0.15  # what the estimate may lie below the threshold and still be looked at
_BLOCK = 1 << 20


def words_of(text: str) -> set[str]:
    """Return the distinct words of a text."""
    return set(_WORD.findall(text.lower()))


def jaccard(one: str, other: str) -> float:
    """Return the share of two texts' words that both have, in 0..1; of two without words 0."""
    a, b = words_of(one), words_of(other)
    return len(a & b) / max(len(a | b), 1)


class WordSets:
    """The hashed words of every record: words[starts[i] : starts[i + 1]], ascending uint32, are those of record i."""

    def __init__(self, words: np.ndarray, starts: np.ndarray) -> None:
        self.words, self.starts = words, starts
        self.sizes = np.diff(starts)

    def jaccard(self, pairs: np.ndarray) -> np.ndarray:
        """Return (m,) float32: the true Jaccard of pairs. pairs: (m, 2) rows."""
        found = np.empty(len(pairs), np.float32)
        step = max(1, _BLOCK // max(int(self.sizes.mean()), 1))
        for start in range(0, len(pairs), step):
            a, b = pairs[start : start + step].T
            place = np.arange(len(a), dtype=np.uint64) << np.uint64(32)
            shared = np.intersect1d(self._keyed(a, place), self._keyed(b, place), assume_unique=True)
            both = np.bincount((shared >> np.uint64(32)).astype(np.int64), minlength=len(a))
            found[start : start + step] = both / np.maximum(self.sizes[a] + self.sizes[b] - both, 1)
        return found

    def _keyed(self, rows: np.ndarray, place: np.ndarray) -> np.ndarray:
        sizes = self.sizes[rows]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.repeat(place, sizes) | self.words[np.repeat(self.starts[rows], sizes) + within]


def sets_of(texts: Sequence[str]) -> WordSets:
    """Return the word sets of texts."""
    hashed = [sorted({zlib.crc32(word.encode()) for word in words_of(text)}) for text in texts]
    words = pa.array(hashed, pa.large_list(pa.uint32())).flatten().to_numpy()
    return WordSets(words, np.concatenate([[0], np.cumsum([len(each) for each in hashed], dtype=np.int64)]))


def word_sets(records: RecordTable, progress: Progress = no_progress) -> WordSets:
    """Return the records' word sets."""
    blocks, sizes, done = [], [], 0
    for batch in records.batches(["text"]):
        sets = sets_of(batch["text"].to_pylist())
        sizes += sets.sizes.tolist()
        blocks.append(sets.words)
        done += len(batch)
        progress(done, len(records))
    words = np.concatenate(blocks) if blocks else np.zeros(0, np.uint32)
    return WordSets(words, np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]))


def signatures(sets: WordSets, permutations: int, seed: int, progress: Progress = no_progress) -> np.ndarray:
    """Return (n, permutations) uint32 MinHash signatures, by datasketch."""
    import datasketch

    n = len(sets.sizes)
    found = np.empty((n, permutations), np.uint32)
    each = (sets.words[sets.starts[i] : sets.starts[i + 1]].tolist() for i in range(n))
    hashed = datasketch.MinHash.generator(each, num_perm=permutations, seed=seed + 1, hashfunc=int, scheme="affine32")
    for i, minhash in enumerate(hashed):
        found[i] = minhash.hashvalues
        if i % 4096 == 0:
            progress(i, n)
    return found


@dataclasses.dataclass(frozen=True)
class SignWork:
    """The work of signing records' texts, by `signatures`. records: their path."""

    records: Path
    permutations: int
    seed: int

    def open(self, settled: dict[str, Any]) -> Opened:
        """Open the records."""
        records = RecordTable(self.records)

        def make(start: int, stop: int, within: Progress) -> np.ndarray:
            return signatures(sets_of(records.texts(start, stop)), self.permutations, self.seed, within)

        return Opened(make)

    def sent(self) -> Self:
        """Return it with its path in full."""
        return with_whole_paths(self)


def pairs_by_words(
    records: RecordTable,
    least: float,
    permutations: int,
    seed: int,
    progress: Progress = no_progress,
    sign: Callable[[WordSets, int, int, Progress], np.ndarray] = signatures,
) -> Pairs:
    """Return a spanning forest of the pairs whose word sets have a Jaccard of at least `least`, the most alike first.

    sign: gives the signatures of all records, as `signatures` does, in this process or elsewhere.
    """
    import datasketch

    sets = word_sets(records, part_of(progress, 0, 0.25))
    signed = sign(sets, permutations, seed, part_of(progress, 0.25, 0.8))
    bands = datasketch.MinHashLSH(threshold=least, num_perm=permutations, weights=(0.2, 0.8))
    n, found = len(sets.sizes), np.zeros((0, 2), np.int64)
    for band in range(bands.b):
        part = np.ascontiguousarray(signed[:, band * bands.r : (band + 1) * bands.r])
        proposed, _ = unique_pairs(_alike_in_band(part, sets.sizes), n)
        close = _estimates(signed, proposed) >= least - _ESTIMATE_ROOM
        found, _ = unique_pairs(np.concatenate([found, proposed[close]]), n)
        progress(0.8 + 0.15 * (band + 1) / bands.b, 1)
    values = sets.jaccard(found)
    kept = values >= least
    return spanning_forest(found[kept], values[kept], n)


def _alike_in_band(part: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return pairs of records with the same part of a signature: each with the next such one, and with the first."""
    mixed = np.zeros(len(part), np.uint64)
    for column in part.T:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    order = order[sizes[order] > 0]
    same = np.concatenate([[False], mixed[order[1:]] == mixed[order[:-1]]])
    start = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    later = np.flatnonzero(same)
    after = np.column_stack([order[later - 1], order[later]])
    return np.concatenate([after, np.column_stack([order[start[later]], order[later]])])


def _estimates(signed: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    found = np.empty(len(pairs), np.float32)
    step = max(1, _BLOCK * 8 // signed.shape[1])
    for start in range(0, len(pairs), step):
        a, b = pairs[start : start + step].T
        found[start : start + step] = (signed[a] == signed[b]).mean(axis=1)
    return found
