"""Filters on columns: which records hold, and how what matches is spread beside all. Pure functions of arrays."""

import dataclasses
import operator

import numpy as np

from ...base.errors import CurationError
from ...base.text import shorten
from .columns import Column
from .query import MISSING, Filter, number_of, range_of

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
BINS = 32


def mask_of(wanted: Filter, column: Column) -> np.ndarray:
    """Return (n,) bool: the records for which a filter holds. A missing value holds for none but "(missing)" and "!=".

    Raises CurationError for a value that the column can't have.
    """
    if wanted.op in _COMPARE:
        if not column.is_number:
            raise CurationError(f"{column.name} holds labels, not numbers; write {column.name}={_some(column)}.")
        with np.errstate(invalid="ignore"):
            return _COMPARE[wanted.op](column.numbers, number_of(wanted.values[0]))
    held = _numbers_held(wanted, column) if column.is_number else _labels_held(wanted, column)
    return ~held if wanted.op == "!=" else held


def _numbers_held(wanted: Filter, column: Column) -> np.ndarray:
    held = np.zeros(len(column.numbers), bool)
    for value in wanted.values:
        if value == MISSING:
            held |= ~np.isfinite(column.numbers)
        elif (ends := range_of(value)) is None:
            raise CurationError(f"{column.name} holds numbers, and {value!r} is none; write {column.name}=10..50.")
        else:
            held |= (column.numbers >= ends[0]) & (column.numbers <= ends[1])
    return held


def _labels_held(wanted: Filter, column: Column) -> np.ndarray:
    place = {label: code for code, label in enumerate(column.labels)}
    # One place more, the last, for code -1: no value.
    held = np.zeros(len(place) + 1, bool)
    for value in wanted.values:
        if value != MISSING and value not in place:
            raise CurationError(f"{column.name} has no {shorten(value, 60)!r}; it has {_some(column)}.")
        held[-1 if value == MISSING else place[value]] = True
    return held[column.codes]


def _some(column: Column) -> str:
    return ", ".join(shorten(label, 40) for label in column.labels[:5]) + (", …" if len(column.labels) > 5 else "")


@dataclasses.dataclass(frozen=True)
class Spread:
    """How many records each bin or label has: (b,) int of all, of what matches. edges: (b + 1,) of numbers; labels: of labels.

    missing: (all, matching) without a value. The bins of numbers take the middle 98 % evenly; the outer two hold what lies beyond.
    """

    everything: np.ndarray
    matching: np.ndarray
    edges: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    missing: tuple[int, int] = (0, 0)


def spread_of(column: Column, rows: np.ndarray | None = None, bins: int = BINS) -> Spread:
    """Return how a column is spread over all records, and over `rows` (all where None)."""
    if not column.is_number:
        of_all = np.bincount(column.codes + 1, minlength=len(column.labels) + 1)
        of_rows = of_all if rows is None else np.bincount(column.codes[rows] + 1, minlength=len(of_all))
        return Spread(of_all[1:], of_rows[1:], labels=column.labels, missing=(int(of_all[0]), int(of_rows[0])))
    edges = edges_of(column.numbers, bins)
    of_all, missing = _binned(column.numbers, edges)
    of_rows, also = (of_all, missing) if rows is None else _binned(column.numbers[rows], edges)
    return Spread(of_all, of_rows, edges=edges, missing=(missing, also))


def edges_of(numbers: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return (b + 1,) ascending edges whose first and last are the least and the greatest number."""
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return np.array([0.0, 1.0])
    least, most = float(known.min()), float(known.max())
    sample = known[:: max(1, len(known) // 100_000)]
    low, high = (float(each) for each in np.percentile(sample, [1, 99]))
    if low == high:
        low, high = least, most
    if np.issubdtype(numbers.dtype, np.integer) and high - low < bins:
        inner = np.arange(low, high + 1) if high > low else np.array([low])
    else:
        inner = np.linspace(low, high, bins + 1)
    edges = np.unique(np.concatenate([[least], inner, [most]]))
    return edges if len(edges) > 1 else np.array([least, least + 1])


def _binned(numbers: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, int]:
    known = np.isfinite(numbers)
    return np.histogram(numbers[known], edges)[0], int((~known).sum())
