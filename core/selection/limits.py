"""What limits any selection beside its method: a budget in tokens needs a tokenizer, and rules its floors and caps."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..base.params import Params, option, options_of
from .rules import Rule, parse_rules, plain_rules, rule_needs
from .token_counts import TokenParams

_RULE = "COLUMN=VALUE:AMOUNT, a share as in source=code:10% or a number; repeat it"
_MORE = "Rules such as source=code:10%, a share of the budget, or cluster=5:200, a number in its unit; parted by semicolons."
_TOKENIZER = dataclasses.replace(options_of(TokenParams)["tokenizer"][1], added=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LimitParams(Params):
    """tokenizer: by which a budget in tokens is counted, see `TokenParams`. at_least, at_most: rules as `parse_rule` reads them.

    A rule's share is one of the budget, in the budget's unit; its number too.
    """

    tokenizer: str = dataclasses.field(default="", metadata={"option": _TOKENIZER})
    at_least: tuple[str, ...] = option(
        (), f"what must come from some records: {_RULE}", label="At least", more=_MORE, many=True, added=True
    )
    at_most: tuple[str, ...] = option(
        (), f"what may come from some records: {_RULE}", label="At most", more=_MORE, many=True, added=True
    )

    def __post_init__(self) -> None:
        for kind in ("least", "most"):
            object.__setattr__(self, f"at_{kind}", plain_rules(getattr(self, f"at_{kind}"), kind))
        super().__post_init__()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return its rules, the floors first."""
        return parse_rules(self.at_least, self.at_most)

    @property
    def rule_needs(self) -> tuple[str, ...]:
        """Return the stages whose results its rules go by."""
        return rule_needs(self.rules)


def limits_in_words(info: Mapping[str, Any]) -> list[str]:
    """Return what is written down of a selection's groups, its budget in tokens and its rules, a line each."""
    told = []
    if groups := info.get("groups"):
        given = ", ".join(f"{each['taken']:,} of {each['records']:,}" for each in groups["each"])
        told.append(f"Groups by {groups['by']} gave {given}")
    if tokens := info.get("tokens"):
        told.append(f"{tokens['selected']:,} of {tokens['budget']:,} tokens, by {tokens['tokenizer']}")
    for rule in info.get("rules", []):
        of = "asked for" if rule["kind"] == "least" else "allowed"
        told.append(f"{rule['rule']}: {rule['taken']:,} {rule['unit']} taken, {rule['asked']:,} {of}")
    return told
