"""Budgets as people write them: a count of records, or a percentage."""

import math
import re
from fractions import Fraction

from .errors import CurationError
from .text import counted

_SEPARATED = re.compile(r"\s*(\d+(?:[,'’ \u00a0\u202f]\d+)+)\s*(%?)\s*")
_THOUSANDS = re.compile(r"\d{1,3}(?:([,'’ \u00a0\u202f])\d{3})(?:\1\d{3})*")


def checked_budget(budget: str) -> str:
    """Return a budget as params hold it: see `plain_budget`. Raises CurationError for what is none."""
    budget = plain_budget(budget)
    _parse(budget)
    return budget


def records_of(budget: str, n_pool: int, repeats: bool = False) -> int:
    """Return the budget as a number of records out of `n_pool`; a percentage is rounded to the nearest, half up.

    repeats: whether a record may count more than once. Raises CurationError: more than there are, and none may.
    """
    value, is_percentage = _parse(budget)
    count = max(1, math.floor(n_pool * value / 100 + Fraction(1, 2))) if is_percentage else int(value)
    if count > n_pool and not repeats:
        raise CurationError(
            f"The budget is {counted(count, 'record')}, but there are only {n_pool:,}; ask for that many at most."
        )
    return count


def plain_budget(budget: str) -> str:
    """Return a count such as "1,000" or "12 500" without its separators, so that it is the same budget as "1000".

    Anything else comes back as it is. Raises CurationError for one that could be read in two ways, such as "1,00".
    """
    if not isinstance(budget, str) or not (found := _SEPARATED.fullmatch(budget)):
        return budget
    count = re.sub(r"\D", "", found[1])
    if found[2] or not _THOUSANDS.fullmatch(found[1]):
        raise CurationError(
            f"budget is {budget!r}, which can be read in two ways; write a count as 1000 or 1,000, and a percentage with a point, "
            "as in 12.5%."
        )
    return count


def _parse(budget: str) -> tuple[Fraction, bool]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", str(budget))
    value, is_percentage = (Fraction(match[1]), bool(match[2])) if match else (Fraction(0), False)
    if value <= 0 or (is_percentage and value > 100) or (not is_percentage and value != int(value)):
        raise CurationError(
            f"budget is {budget!r}; it must be a count of records such as 500, or a percentage up to 100%."
        )
    return value, is_percentage
