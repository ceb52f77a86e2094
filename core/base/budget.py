"""Budgets as people write them: a count of records, a percentage of them, or a count of tokens."""

import math
import re
from fractions import Fraction

from .errors import CurationError
from .text import counted

_SEPARATED = re.compile(r"\s*(\d+(?:[,'’ \u00a0\u202f]\d+)+)\s*(%?)\s*")
_THOUSANDS = re.compile(r"\d{1,3}(?:([,'’ \u00a0\u202f])\d{3})(?:\1\d{3})*")
_IN_TOKENS = re.compile(r"\s*(.*?)\s*([kmb]?)\s*tokens?\s*", re.IGNORECASE)
_TIMES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_FORMS = "a count of records such as 500, or a percentage up to 100%"


def checked_budget(budget: str, tokens: bool = False) -> str:
    """Return a budget as params hold it: see `plain_budget`. tokens: whether one in tokens is allowed, too.

    Raises CurationError for what is none.
    """
    budget = plain_budget(budget)
    if tokens_of(budget) is None:
        _parse(budget, tokens)
    elif not tokens:
        raise CurationError(f"budget is {budget!r}; here it must be {_FORMS}.")
    return budget


def tokens_of(budget: str) -> int | None:
    """Return the tokens of a budget in tokens, in its plain form such as "2000000 tokens"; None for one in records."""
    count, _, unit = str(budget).partition(" ")
    return int(count) if unit == "tokens" and count.isdecimal() else None


def records_of(budget: str, n_pool: int, repeats: bool = False) -> int:
    """Return the budget as a number of records out of `n_pool`; a percentage is rounded to the nearest, half up.

    repeats: whether a record may count more than once. Raises CurationError: more than there are, and none may; or one in tokens.
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

    One in tokens such as "2M tokens" or "2,000,000 tokens" becomes "2000000 tokens". Anything else comes back as it is. Raises
    CurationError for one that could be read in two ways, such as "1,00".
    """
    if not isinstance(budget, str):
        return budget
    if found := _IN_TOKENS.fullmatch(budget):
        return _plain_tokens(budget, *found.groups())
    if not (found := _SEPARATED.fullmatch(budget)):
        return budget
    count = re.sub(r"\D", "", found[1])
    if found[2] or not _THOUSANDS.fullmatch(found[1]):
        raise CurationError(
            f"budget is {budget!r}, which can be read in two ways; write a count as 1000 or 1,000, and a percentage with a point, "
            "as in 12.5%."
        )
    return count


def _plain_tokens(budget: str, number: str, times: str) -> str:
    number = plain_budget(number)
    count = Fraction(number) * _TIMES[times.lower()] if re.fullmatch(r"\d+(\.\d+)?", number) else Fraction(0)
    if count <= 0 or count.denominator != 1:
        raise CurationError(
            f"budget is {budget!r}; it must be {_FORMS}, or a whole number of tokens such as 500k tokens, 2M tokens or "
            "2,000,000 tokens."
        )
    return f"{count} tokens"


def in_words(budget: str) -> str:
    """Return a budget that was checked as it is said: "10 %", "500 records", "2,000,000 tokens"."""
    budget = str(budget).strip()
    if budget.endswith("%"):
        return f"{budget.removesuffix('%').strip()} %"
    tokens = tokens_of(budget)
    return f"{float(budget):,.0f} records" if tokens is None else counted(tokens, "token")


def _parse(budget: str, tokens: bool = False) -> tuple[Fraction, bool]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", str(budget))
    value, is_percentage = (Fraction(match[1]), bool(match[2])) if match else (Fraction(0), False)
    if value <= 0 or (is_percentage and value > 100) or (not is_percentage and value != int(value)):
        more = ", or a count of tokens such as 2M tokens" if tokens else ""
        raise CurationError(f"budget is {budget!r}; it must be {_FORMS}{more}.")
    return value, is_percentage
