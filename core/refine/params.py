"""What a run of rounds is asked to do."""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.params import Params, check_at_least, check_choice, check_count
from ..base.text import counted
from ..selection.params import SelectionParams

FEEDBACKS = {
    "proxy": "Winnow's own stand-in for a model, not the paper's: how badly a small regression predicts the response "
    "from the prompt. Seconds, needs nothing.",
    "lm": "A language model tuned here on what is taken so far; what it answers worse than the data says so.",
    "import": "You train elsewhere, with anything, and bring back a score for every record.",
}
UPDATES = {
    "multiply": "a softmax of the scores, multiplied into the weights",
    "replace": "a softmax of the scores, in place of the weights (the released code)",
    "paper": "equation 6 as printed: a cluster's share of the scores, multiplied into its weight",
}
SCALES = {
    "standardised": "as standard deviations from the mean over clusters, whatever scorer they come from",
    "raw": "as they are (the released code)",
}
DIRECTIONS = {
    "harder": "more weight to clusters that the model does badly on (equation 7)",
    "easier": "more weight to clusters that it does well on: the other reading of the paper's section 2.2",
}
INSIDE = ("kmq", "kmeans-random", "kmeans-closest", "kmeans-median")
SCORED = ("all", "round")
_TEMPERATURE = 2.0
_RAW_TEMPERATURES = {"proxy": 0.25, "lm": 1.0, "import": 1.0}


@dataclasses.dataclass(frozen=True)
class RefineParams(Params):
    """What a run of rounds is, as methods.md 1.2 names it.

    budget: a count or a percentage, spread over `rounds` exactly. feedback: one of FEEDBACKS. update: one of UPDATES; the
    default multiplies as the paper does, by a softmax, because scores can be negative and equation 6's share then has no
    meaning. scale: one of SCALES, of the scores that the softmax is taken of; standardised, so that a judge's points and
    differences of losses move weights alike. temperature: of the softmax, smaller moves more; 0 takes 2, with which a
    cluster two deviations above the mean gets e times the factor of one at the mean, about what equation 6 gives where
    scores spread by half their mean; for raw scores 0 takes 1 (released code), for proxy 0.25, whose scores lie close
    together. direction: one of DIRECTIONS.
    floor: the least weight of a cluster, as a share of the mean weight, 0..1. inside: the method inside a cluster.
    probability: see SelectionParams. scored: feedback on "all" taken so far (paper) or this "round" (released code).
    """

    budget: str = "10%"
    rounds: int = 3
    feedback: str = "proxy"
    update: str = "multiply"
    temperature: float = 0.0
    floor: float = 0.0
    inside: str = "kmq"
    probability: str = "proportional"
    scored: str = "all"
    seed: int = 0
    scale: str = "standardised"
    direction: str = "harder"

    def __post_init__(self) -> None:
        check_count("rounds", self.rounds, 1)
        check_choice("feedback", self.feedback, tuple(FEEDBACKS))
        check_choice("update", self.update, tuple(UPDATES))
        check_choice("scale", self.scale, tuple(SCALES))
        check_choice("direction", self.direction, tuple(DIRECTIONS))
        if self.update == "paper" and self.direction != "harder":
            raise CurationError(
                "update paper goes by each cluster's share of the scores, which can't be turned round; take multiply or "
                "replace with direction easier."
            )
        check_at_least("temperature", self.temperature, 0)
        check_at_least("floor", self.floor, 0)
        if self.floor > 1:
            raise CurationError(f"floor is {self.floor!r}; it is a share of the mean weight and must be 1 at most.")
        check_choice("inside", self.inside, INSIDE)
        check_choice("scored", self.scored, SCORED)
        asked = SelectionParams(self.budget, self.inside, probability=self.probability, seed=self.seed)
        object.__setattr__(self, "budget", asked.budget)

    def selection(self, number: int, budget: int) -> SelectionParams:
        """Return the params of round `number`, which is to take `budget` records."""
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        return SelectionParams(str(budget), self.inside, probability=self.probability, seed=seed)

    def n_records(self, n_pool: int) -> int:
        """Return the budget as a number of records out of `n_pool`. Raises CurationError: fewer records than rounds."""
        count = SelectionParams(self.budget).n_records(n_pool)
        if count < self.rounds:
            raise CurationError(
                f"A budget of {count:,} can't be spread over {counted(self.rounds, 'round')}; ask for more records."
            )
        return count

    @property
    def softmax_temperature(self) -> float:
        """Return the temperature that applies."""
        return self.temperature or (_RAW_TEMPERATURES[self.feedback] if self.scale == "raw" else _TEMPERATURE)

    @property
    def update_words(self) -> str:
        """Return how scores move weights, in a few words."""
        if self.update == "paper":
            return "equation 6 as printed"
        told = f"{self.update}, temperature {self.softmax_temperature:g}"
        told += " of raw scores" if self.scale == "raw" else ""
        return told + (", the other way round" if self.direction == "easier" else "")
