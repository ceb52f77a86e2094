"""Where quality scores come from, and what is asked of each scorer."""

import dataclasses
from typing import Any, Self

from ..base.errors import CurationError
from ..base.params import Params, check_at_least, option
from ..models.judge import CRITERIA
from .scorer import SCORERS

COMBINED_BY = {
    "rank": "each is ranked first, the ranks weighted and averaged: scores of any scale",
    "product": "they are multiplied, a weight being an exponent: DEITA's complexity x quality",
}


@dataclasses.dataclass(frozen=True)
class QualityParams(Params):
    """Where the scores come from; higher is better.

    column: a numeric field of the records ("score", "meta.rating"). scorer: one of SCORERS; "" takes the column where one
    is named, else the heuristic. model: of ifd and reward a path or hub name, of judge its name at the endpoint.
    criterion: of judge, "quality" or "complexity". max_tokens: of a record, longer ones are cut. missing: what becomes of
    records that a judge gave no usable answer on: "fail", or the "lowest" score given. parts: of combine, (weight, params as
    a dict) each. combine_by: the parts' ranks are averaged by weight, or the scores multiplied ("product": DEITA's complexity x
    quality, arXiv 2312.15685), a weight being an exponent.
    """

    column: str = option("", "a numeric field of the records; else the heuristic", flag="--quality")
    scorer: str = option("", "where scores come from", choices=SCORERS, usual="heuristic")
    model: str = option(
        "", "of ifd and reward a path or hub name, of judge its name at the endpoint", flag="--quality-model"
    )
    criterion: str = option("quality", "what a judge grades", label="It grades", choices=CRITERIA)
    max_tokens: int = option(1024, "of a record, longer ones are cut", least=16, flag=None)
    missing: str = option(
        "fail",
        "what to do with records that got no usable score",
        label="A record without a usable answer",
        choices=("fail", "lowest"),
    )
    parts: tuple[tuple[float, dict[str, Any]], ...] = ()
    combine_by: str = option(
        "rank", "their ranks averaged, or the scores multiplied", label="Together", choices=COMBINED_BY, added=True
    )

    def __post_init__(self) -> None:
        if not self.scorer:
            object.__setattr__(self, "scorer", "column" if self.column else "heuristic")
        object.__setattr__(self, "parts", tuple((float(w), dict(values)) for w, values in self.parts))
        super().__post_init__()
        for name in SCORERS[self.scorer].needs:
            if not getattr(self, name):
                raise CurationError(f"The scorer {self.scorer} needs a {name}; name one.")
        if (self.scorer == "column") != bool(self.column):
            raise CurationError(f"A column is for the scorer column, not for {self.scorer}; leave one of the two out.")
        if (self.scorer == "combine") != bool(self.parts):
            raise CurationError("combine needs the scores to combine, and only combine takes some.")
        for weight, values in self.parts:
            check_at_least("a weight", weight, 0)
            QualityParams.from_dict(values)
        if self.parts and not sum(weight for weight, _ in self.parts):
            raise CurationError("The weights to combine by are all 0; give one at least a positive weight.")

    @property
    def asked(self) -> Self:
        """Return the params without what becomes of missing scores: the same scores are asked for under both."""
        return dataclasses.replace(self, missing="fail")

    @property
    def name(self) -> str:
        """Return what these scores are called among others: "ifd", "judge-complexity", "column-rating"."""
        called = SCORERS[self.scorer].called
        return called(self) if called else self.scorer
