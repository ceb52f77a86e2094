"""Rules on a selection's make-up, as people write them: "source=code:10%" as a floor or as a cap. Knows no records.

Input -> output: `parse_rule("source=t0:30%", "most")` holds for the records of source t0, which may take 30 % of the budget at
most.
"""

import dataclasses
import math
import re
from collections.abc import Sequence
from fractions import Fraction

from ..base.errors import CurationError
from .finding.query import Filter, parse_filter

KINDS = {"least": "at least", "most": "at most"}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%|[kKmM])?\s*")
_NEEDS = {"cluster": "cluster", "quality": "score", "domain": "reward", "entropy": "reward"}
_TIMES = {"k": 10**3, "m": 10**6}
_HOW = "write a column, a value and an amount, as in source=code:10% or cluster=5:200"


@dataclasses.dataclass(frozen=True)
class Rule:
    """What the records of a filter may take of a selection. kind: of KINDS. amount: as it was written, "10%" or "200".

    units: of the budget, records or tokens, that this comes to whatever the budget; None for a share of it.
    """

    where: Filter
    kind: str
    amount: str
    units: int | None = None

    @property
    def text(self) -> str:
        """What `parse_rule` reads."""
        return f"{self.where.text}:{self.amount}"

    @property
    def words(self) -> str:
        """The rule in words: "source=code at least 10%"."""
        return f"{self.where.text} {KINDS[self.kind]} {self.amount}"

    def of(self, limit: int) -> int:
        """Return the rule in units of a budget of `limit`: a floor's share is rounded up, a cap's down, so that both hold."""
        if self.units is not None:
            return self.units
        exact = Fraction(self.amount.removesuffix("%")) * limit / 100
        return math.ceil(exact) if self.kind == "least" else math.floor(exact)


def parse_rule(text: str, kind: str) -> Rule:
    """Return the rule that a text says. Raises CurationError, saying how one is written."""
    where, colon, amount = str(text).rpartition(":")
    found = _AMOUNT.fullmatch(amount)
    if not colon or not found:
        raise CurationError(f"{text!r} is no rule; {_HOW}.")
    number, unit = Fraction(found[1]), (found[2] or "").lower()
    if unit == "%":
        if number > 100:
            raise CurationError(f"{text!r} asks for more than the whole selection; a share is 100% at most.")
        return Rule(parse_filter(where.strip()), kind, f"{found[1]}%")
    units = number * _TIMES.get(unit, 1)
    if units.denominator != 1:
        raise CurationError(f"{text!r} is no rule: {amount.strip()} is not a whole number; {_HOW}.")
    return Rule(parse_filter(where.strip()), kind, str(units), int(units))


def parse_rules(at_least: Sequence[str], at_most: Sequence[str]) -> tuple[Rule, ...]:
    """Return the floors, then the caps, one each."""
    return tuple(parse_rule(t, "least") for t in at_least) + tuple(parse_rule(t, "most") for t in at_most)


def rule_needs(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return the stages whose results the rules go by."""
    return tuple(dict.fromkeys(_NEEDS[rule.where.column] for rule in rules if rule.where.column in _NEEDS))


def plain_rules(texts: Sequence[str], kind: str) -> tuple[str, ...]:
    """Return rules as params hold them, each written one way and once. Raises CurationError for what is none."""
    texts = (texts,) if isinstance(texts, str) else texts
    return tuple(dict.fromkeys(parse_rule(text, kind).text for text in texts))
