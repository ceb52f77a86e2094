"""Splits: which part of an export each line is in. By cluster, which stays whole so that near-duplicates don't leak, or at random.

What is asked for is counts or shares of the lines; what is left is the part train. Copies of one record stay together. At random a
part has exactly the lines asked for (where no record comes twice); by cluster, clusters are taken in an order drawn by the seed
until some of them sum to what is asked, and where none do, those that come nearest (a subset sum, found exactly), one at least, the
parts in turn. Stratified, every source gives its share of each part: by cluster, each cluster counts for the source that most
of its lines have.
"""

import dataclasses
import math
import re
from fractions import Fraction

import numpy as np

from ..base.errors import CurationError, lacking
from ..base.params import Params, option
from ..base.text import counted
from ..selection.quotas import allocate_quotas
from ..workspace.results import Results

REST = "train"
_MANY = 4096  # units: more of them are only records that come more than once
BY = {
    "cluster": "a cluster stays whole, so that near-duplicates don't leak from one part into another",
    "random": "every record for itself: exact counts, but near-duplicates may be in several parts",
}
_PART = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


@dataclasses.dataclass(frozen=True)
class SplitParams(Params):
    """split: parts with what they take of the lines, "validation=5%,test=500"; "" for one file.

    split_by: of BY. stratify: by source.
    """

    split: str = option(
        "",
        "parts beside train with what they take, as in validation=5%,test=500",
        label="Parts beside train",
        more="Names with a share of the lines or a count, as in validation=5%,test=500. The rest is train.",
        usual="one file",
    )
    split_by: str = option("cluster", "what stays together in a split", label="Split by", choices=BY)
    stratify: bool = option(
        False,
        "every source gives its share of each part of a split",
        label="Stratify by source",
        more="Every source gives its share of each part.",
    )
    seed: int = option(0, "by which a split is drawn", label="Random seed", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.parts  # noqa: B018 - read once, so that what can't be read is said at once

    @property
    def parts(self) -> dict[str, tuple[Fraction, bool]]:
        """Return {name: (count or per cent, whether that is a share)}, without the rest. Raises CurationError."""
        found: dict[str, tuple[Fraction, bool]] = {}
        for text in self.split.split(",") if self.split.strip() else ():
            read = _PART.fullmatch(text)
            value = Fraction(read[2]) if read else Fraction(0)
            if not read or value <= 0 or (not read[3] and value.denominator != 1):
                raise CurationError(
                    f"{text.strip()!r} is no part of a split; write names with shares or counts, as in validation=5%,test=500."
                )
            if read[1] in found or read[1] == REST:
                why = f"{REST} is what the others leave" if read[1] == REST else "it is there twice"
                raise CurationError(f"A split can't have the part {read[1]} of its own: {why}.")
            found[read[1]] = (value, bool(read[3]))
        return found


WHOLE = SplitParams()


@dataclasses.dataclass(frozen=True)
class Split:
    """names: of the parts, train first. of: (m,) int8, the part of each line. asked: (p,) int64 lines, of train what is left."""

    names: tuple[str, ...]
    of: np.ndarray
    asked: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Return (p,) int64: the lines of each part."""
        return np.bincount(self.of, minlength=len(self.names))


def split_rows(results: Results, rows: np.ndarray, params: SplitParams) -> Split:
    """Return the part of each of `rows`, (m,) row ids of an export's lines. Raises CurationError where the parts can't be had."""
    units = np.asarray(rows)
    if params.split_by == "cluster":
        labels = results.array("cluster")
        if labels is None:
            raise lacking(
                "A split by cluster needs clusters, and the records have none", "cluster", results.workspace.folder
            )
        units = np.asarray(labels)[rows]
    sources = None
    if params.stratify:
        names, codes = results.workspace.records().sources()
        if not names:
            raise CurationError(
                "The records have no source labels to stratify by; leave that out, or name the field that holds them."
            )
        sources = codes[rows] + 1
    return split_lines(units, sources, params)


def split_lines(units: np.ndarray, sources: np.ndarray | None, params: SplitParams) -> Split:
    """Return the part of each line. units: (m,) int, lines of one unit stay together. sources: (m,) int >= 0, or None."""
    m, asked = len(units), _asked(params, len(units))
    _, unit_of, sizes = np.unique(units, return_inverse=True, return_counts=True)
    strata = np.zeros(len(sizes), np.int64) if sources is None else _most_of(unit_of, sources, len(sizes))
    order = np.random.default_rng(params.seed).permutation(len(sizes))
    part = np.zeros(len(sizes), np.int8)
    for i, wanted in enumerate(asked[1:].tolist(), 1):
        for stratum, share in _shares(strata, sizes, part, wanted):
            free = order[(part[order] == 0) & (strata[order] == stratum)]
            taken = int(sizes[part == i].sum())
            part[free[nearest_sum(sizes[free], max(share - taken, 0))]] = i
        free = order[part[order] == 0]
        if not (part == i).any() and len(free):  # nothing comes nearer than the smallest there is
            part[free[np.argmin(sizes[free])]] = i
    split = Split((REST, *params.parts), part[unit_of.reshape(-1)], asked)
    for name, size in zip(split.names, split.sizes.tolist(), strict=True):
        if not size:
            raise CurationError(
                f"The part {name} would be empty: {counted(m, 'line')} in {counted(len(sizes), 'unit')} that stay together are "
                "too few or too large for the parts",
                command="ask for fewer, or split with --split-by random.",
                page="ask for fewer, or split at random",
            )
    return split


def _asked(params: SplitParams, m: int) -> np.ndarray:
    counts = [math.floor(m * v / 100 + Fraction(1, 2)) if share else int(v) for v, share in params.parts.values()]
    if sum(counts) >= m:
        raise CurationError(f"The parts ask for {sum(counts):,} of {counted(m, 'line')}; leave some for {REST}.")
    return np.array([m - sum(counts), *counts], np.int64)


def _most_of(unit_of: np.ndarray, sources: np.ndarray, k: int) -> np.ndarray:
    """Return (k,) int64: the source that most lines of each unit have, of ties the lower."""
    pairs, counts = np.unique(np.stack([unit_of.reshape(-1), sources]), axis=1, return_counts=True)
    order = np.lexsort((-pairs[1], counts, pairs[0]))
    most = np.zeros(k, np.int64)
    most[pairs[0][order]] = pairs[1][order]  # the last one written of a unit is the most frequent
    return most


def _shares(strata: np.ndarray, sizes: np.ndarray, part: np.ndarray, wanted: int) -> list[tuple[int, int]]:
    """Return (stratum, lines that it and those before it give together), the largest first: what one misses the next makes good."""
    lines = np.bincount(strata, sizes)
    left = np.bincount(strata, np.where(part == 0, sizes, 0), minlength=len(lines)).astype(np.int64)
    quotas = allocate_quotas(lines, wanted, left)
    order = np.argsort(-lines, kind="stable")
    return list(zip(order.tolist(), np.cumsum(quotas[order]).tolist(), strict=True))


def nearest_sum(sizes: np.ndarray, wanted: int) -> np.ndarray:
    """Return positions of `sizes`, (k,) int > 0, that sum to `wanted`, or to the nearest sum there is, of ties the smaller.

    The first ones that do are taken, so that an order drawn at random gives a part drawn at random. Sums that can be had are the
    bits of a number: O(k * wanted / 64).
    """
    if wanted <= 0:
        return np.zeros(0, np.int64)
    if (sizes == 1).all():
        return np.arange(min(wanted, len(sizes)))
    if len(sizes) > _MANY:  # so many small ones that the last few of them make up any difference
        start = int(np.searchsorted(np.cumsum(sizes), wanted - _MANY // 32 * int(sizes.max())))
        rest = sizes[start : start + _MANY]
        return np.concatenate([np.arange(start), start + nearest_sum(rest, wanted - int(sizes[:start].sum()))])
    mask, reached = (1 << (2 * wanted + 1)) - 1, [1]
    for size in sizes.tolist():
        reached.append((reached[-1] | reached[-1] << size) & mask)
        if reached[-1] >> wanted & 1:
            break
    total = _nearest_bit(reached[-1], wanted)
    taken = []
    for i in range(len(reached) - 1, 0, -1):
        if not reached[i - 1] >> total & 1:
            taken.append(i - 1)
            total -= int(sizes[i - 1])
    return np.array(taken[::-1], np.int64)


def _nearest_bit(number: int, wanted: int) -> int:
    below = (number & ((1 << (wanted + 1)) - 1)).bit_length() - 1
    above = number >> (wanted + 1)
    over = wanted + 1 + ((above & -above).bit_length() - 1) if above else 3 * wanted + 1
    return below if wanted - below <= over - wanted else over
