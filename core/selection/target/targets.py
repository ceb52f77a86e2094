"""A target as a method goes by it: its examples' vectors beside those of the records, and which records overlap with them."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from ...base.errors import CurationError

SCALE = (
    1_000_000  # cosines count to six decimals, so that equal records are equal whatever block they were multiplied in
)
_AT_ONCE = 32_000_000  # cosines held at once
_BLOCK = 8192
_FIRST = 64  # records on an example's first list, at least


@dataclasses.dataclass(frozen=True)
class Targets:
    """m examples of a pool of n records.

    vectors: (m, d) and space: (n, d), float32 unit rows of the examples and of the records. labels: (m,) int32, which of `names`.
    texts: of the examples. left_out: (r,) int64 ascending row ids of the records that overlap with an example; by: (r,) that
    example; words: (r,) how many words in a row they share, 0 where the record is the example itself.
    """

    vectors: np.ndarray
    space: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    texts: tuple[str, ...]
    left_out: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    by: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    words: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if self.vectors.shape[1] != self.space.shape[1]:
            raise CurationError(
                f"The examples' embeddings have {self.vectors.shape[1]} dimensions and the records' {self.space.shape[1]}; "
                "set the target anew."
            )

    def __len__(self) -> int:
        return len(self.vectors)

    def cosines(self, rows: np.ndarray, examples: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return (e, r) int32: the cosines of examples with records in millionths. rows: (r,) row ids."""
        vectors = np.ascontiguousarray(self.vectors[examples], np.float32)
        found = np.empty((len(vectors), len(rows)), np.int32)
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            found[:, part] = np.rint(vectors @ np.asarray(self.space[rows[part]], np.float32).T * np.float32(SCALE))
        return found

    def taken_by(self, rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Return (r,) the example that took each record: the one with the cosine that it was taken by, of several the first.

        scores: (r,) those cosines.
        """
        asked, found = np.rint(np.asarray(scores, np.float64) * SCALE).astype(np.int64), np.empty(len(rows), np.int64)
        step = max(1, _AT_ONCE // max(len(self), 1))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            found[part] = np.abs(self.cosines(rows[part]) - asked[part]).argmin(axis=0)
        return found


class Nearest:
    """The records nearest to each example that nobody has taken yet, found for all examples at once, more as they are needed.

    An example's list holds its nearest first, of equal ones the lower row; once all on it are taken, every example gets a list
    twice as long of what is left. So what is held stays bounded, and the answers are those of a list of all records.
    """

    def __init__(self, targets: Targets, usable: np.ndarray, expected: int) -> None:
        """usable: (u,) ascending row ids. expected: how many will be asked for in all."""
        self._targets, self._n = targets, len(targets.space)
        self._taken = bytearray(b"\x01" * self._n)
        self._is_taken = np.frombuffer(self._taken, np.uint8)
        self._is_taken[usable] = 0
        self._length = max(_FIRST, 2 * -(-expected // max(len(targets), 1)))
        self._is_whole = False
        self._lists = [iter(()) for _ in range(len(targets))]

    def take(self, example: int) -> tuple[int, int] | None:
        """Take the nearest to an example: return (row, cosine in millionths), None where no record is left."""
        found = next(self._lists[example], None)
        while found is None and not self._is_whole:
            self._fill()
            found = next(self._lists[example], None)
        if found is not None:
            self._taken[found[0]] = 1
        return found

    def _fill(self) -> None:
        left, m = np.flatnonzero(self._is_taken == 0), len(self._targets)
        most = max(1, _AT_ONCE // max(m, 1))
        k = min(len(left), self._length, most)
        self._is_whole, self._length = k == len(left), 2 * self._length
        step = max(1, _AT_ONCE // max(len(left), 1))
        for start in range(0, m, step):
            cosines = self._targets.cosines(left, slice(start, start + step))
            for i, row in enumerate(cosines, start):
                best = top(row, k)
                self._lists[i] = self._untaken(left[best].astype(np.int32), row[best])

    def _untaken(self, rows: np.ndarray, cosines: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yield (row, cosine) of those that are not taken by the time they are asked for."""
        step = 256
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            free = self._is_taken[rows[part]] == 0
            for row, cosine in zip(rows[part][free].tolist(), cosines[part][free].tolist(), strict=True):
                if not self._taken[row]:
                    yield row, cosine


def top(values: np.ndarray, k: int) -> np.ndarray:
    """Return the positions of the k largest of (n,) values, the largest first, of equal ones the first."""
    if k < len(values):
        cut = np.partition(values, len(values) - k)[len(values) - k]
        above = np.flatnonzero(values > cut)
        kept = np.sort(np.concatenate([above, np.flatnonzero(values == cut)[: k - len(above)]]))
    else:
        kept = np.arange(len(values))
    return kept[np.argsort(-values[kept], kind="stable")]
