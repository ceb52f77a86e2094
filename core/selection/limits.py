"""What limits any selection beside its method: a budget in tokens needs a tokenizer, and rules its floors and caps."""

import dataclasses

from ..base.params import Params, option, options_of
from .rules import Rule, parse_rules, plain_rules, rule_needs
from .token_counts import TokenParams

_RULE = "COLUMN=VALUE:AMOUNT, a share as in source=code:10% or a number; repeat it"
_TOKENIZER = dataclasses.replace(options_of(TokenParams)["tokenizer"][1], added=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LimitParams(Params):
    """tokenizer: by which a budget in tokens is counted, see `TokenParams`. at_least, at_most: rules as `parse_rule` reads them.

    A rule's share is one of the budget, in the budget's unit; its number too.
    """

    tokenizer: str = dataclasses.field(default="", metadata={"option": _TOKENIZER})
    at_least: tuple[str, ...] = option(
        (), f"what must come from some records: {_RULE}", label="At least", many=True, added=True
    )
    at_most: tuple[str, ...] = option(
        (), f"what may come from some records: {_RULE}", label="At most", many=True, added=True
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
