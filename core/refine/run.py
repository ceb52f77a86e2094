"""A run of rounds and its rounds, as the ledger has them."""

import dataclasses

import numpy as np

from ..models.lora import LmParams
from .params import RefineParams

VERSION = 1
ARRAYS = ("weights", "effective", "quotas", "held", "left")


@dataclasses.dataclass(frozen=True)
class RefineRun:
    """One run of rounds. inputs: the keys of the stages it rests on. parent, parent_round: what it was forked from, or 0.

    is_old: it, or the run it was forked from, was made when likelihoods and losses counted the other way round.
    """

    id: int
    at: str
    who: str
    params: RefineParams
    lm: LmParams
    inputs: dict[str, str]
    parent: int
    parent_round: int
    is_old: bool = False

    @property
    def is_reversed(self) -> bool:
        """Whether its scores have the wrong sign: weight went to what the model does well on."""
        return self.is_old and self.params.feedback == "lm" and self.lm.scorer == "likelihood"

    @property
    def warning(self) -> str:
        """Return what whoever opens it must know, or ""."""
        if self.is_reversed:
            return (
                f"Run {self.id} was made when likelihoods counted the other way round: clusters that the model does well on got "
                "more weight. It can be read and exported, not continued; start a new run."
            )
        if self.is_old and self.params.feedback == "import":
            return (
                f"Run {self.id} was made when losses that were brought in counted the other way round. If the scores of its "
                "rounds came as losses or log-probabilities, start a new run."
            )
        return ""


@dataclasses.dataclass(frozen=True)
class Round:
    """One standing round of a run. feedback: the key of its scores, "" while there are none."""

    id: int
    at: str
    who: str
    run: int
    number: int
    key: str
    feedback: str
    last_decision: int
    taken_back: str


def feedback_seed(run: RefineRun, number: int) -> int:
    """Return the seed of everything random in the feedback on a round."""
    return int(np.random.SeedSequence([run.params.seed, number, 1]).generate_state(1)[0] % 2**31)
