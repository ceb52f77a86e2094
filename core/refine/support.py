"""What a cluster's score rests on: the mean of one record is that record, and moves a weight as far as the mean of hundreds.

A page, the command line and the round's own facts tell of it.
"""

import dataclasses
from typing import Any

import numpy as np

from ..base.text import counted
from .weights import FEW, Update

_SHARE, _MOVED = (
    0.1,
    2.0,
)  # such clusters are told of from this share of the scored ones, or where a weight moved this far


@dataclasses.dataclass(frozen=True)
class Support:
    """n_scored: clusters with a score. one, few: those whose score rests on one record, and on fewer than FEW, the one included.

    least, most: the factors between which the weights of the few moved; 1 and 1 where there are none.
    """

    n_scored: int
    one: int
    few: int
    least: float
    most: float

    def as_dict(self) -> dict[str, Any]:
        """Return what is written down with the round."""
        return dataclasses.asdict(self)

    @property
    def warning(self) -> str:
        """Return what a curator must know before the next round is drawn by these scores, or ""."""
        moved = max(self.most, 1 / max(self.least, 1e-9))
        if not self.few or (self.few < _SHARE * self.n_scored and moved < _MOVED):
            return ""
        one = f" ({self.one:,} on one)" if self.one else ""
        return (
            f"The scores of {self.few:,} of {counted(self.n_scored, 'cluster')} rest on fewer than {FEW} records{one}: mostly "
            f"chance, and it multiplied their weights by {self.least:.2f} to {self.most:.2f}. Fewer clusters, a larger budget or "
            "fewer rounds give each score more records."
        )


def support_of(update: Update) -> Support:
    """Return what the scores of a round rest on. Raises ValueError where the update does not say how many records were scored."""
    if update.counts is None:
        raise ValueError("this update holds no counts of the records that were scored")
    scored = update.counts > 0
    few = scored & (update.counts < FEW)
    factors = update.factors[few] if few.any() else np.ones(1)
    return Support(
        n_scored=int(scored.sum()),
        one=int((update.counts == 1).sum()),
        few=int(few.sum()),
        least=float(factors.min()),
        most=float(factors.max()),
    )
