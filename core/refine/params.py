"""What a run of rounds is asked to do."""

import dataclasses

import numpy as np

from ..base.budget import checked_budget, records_of, tokens_of
from ..base.errors import CurationError
from ..base.params import option
from ..base.text import counted, in_words
from ..selection.limits import LimitParams
from ..selection.params import PROBABILITIES, SelectionParams

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
SCORED = {"all": "the paper", "round": "the released code"}
_TEMPERATURE = 2.0
_RAW_TEMPERATURES = {"proxy": 0.25, "lm": 1.0, "import": 1.0}


@dataclasses.dataclass(frozen=True)
class RefineParams(LimitParams):
    """What a run of rounds is, as methods.md 1.2 names it.

    budget: a count, a percentage, or tokens (see SelectionParams), spread over `rounds` exactly. feedback: one of FEEDBACKS.
    update: one of UPDATES; the default multiplies as the paper does, by a softmax, because scores can be negative and equation
    6's share then has no meaning. scale: one of SCALES, of the scores that the softmax is taken of; standardised, so that a
    judge's points and differences of losses move weights alike. temperature: of the softmax, smaller moves more; 0 takes 2,
    with which a cluster two deviations above the mean gets e times the factor of one at the mean, about what equation 6 gives
    where scores spread by half their mean; for raw scores 0 takes 1 (released code), for proxy 0.25, whose scores lie close
    together. direction: one of DIRECTIONS.
    floor: the least weight of a cluster, as a share of the mean weight, 0..1. inside: the method inside a cluster.
    sampling_probability: see SelectionParams. scored: feedback on "all" taken so far (paper) or this "round" (released code).
    """

    budget: str = option(
        "10%",
        "how many records in all: a count, a percentage, or tokens as in '2M tokens'",
        label="Budget",
        more="How many records in all rounds together: a count, a percentage, or tokens such as 2M tokens.",
    )
    rounds: int = option(
        3,
        "over how many rounds the budget is spread",
        label="Rounds",
        more="The budget is spread over them exactly.",
        least=1,
        most=20,
    )
    feedback: str = option("proxy", "where a round's scores come from", label="Feedback from", choices=FEEDBACKS)
    update: str = option(
        "multiply",
        f"how scores move weights: {in_words(UPDATES)}",
        label="How scores move weights",
        more="Multiply is the paper's way with a softmax in place of a plain share, which negative scores would break.",
        choices=UPDATES,
    )
    temperature: float = option(
        0.0,
        "of the softmax that makes factors of scores; smaller moves more",
        label="Temperature",
        more="How softly scores become factors; smaller moves weights more. 0 takes 2: a cluster two deviations above the mean "
        "gets e times the factor of one at the mean. (Of raw scores 0 takes 1, and 0.25 with the proxy.)",
        least=0,
        step=0.05,
        usual="2",
    )
    floor: float = option(
        0.0,
        "the least weight of a cluster as a share of the mean weight, 0 to 1",
        label="Floor",
        more="No cluster's weight falls below this share of the mean weight, so none dies out.",
        least=0,
        most=1,
        step=0.05,
    )
    inside: str = option("kmq", "the method inside a cluster", label="Inside a cluster", choices=INSIDE)
    sampling_probability: str = option(
        "proportional",
        "of a record in kmq, by its quality",
        label="In kmq, a record's chance",
        more="The sampling probability: proportional to its quality, or to the exponential of it.",
        choices=PROBABILITIES,
        also="--probability",
        stored="probability",
    )
    scored: str = option(
        "all", "score all records taken so far, or this round's", label="Each time, score", choices=SCORED
    )
    seed: int = option(
        0, "of everything random", label="Random seed", more="The same seed draws the same records.", least=0
    )
    scale: str = option(
        "standardised",
        f"scores enter the softmax {in_words(SCALES)}",
        label="Scores enter the softmax",
        choices=SCALES,
    )
    direction: str = option("harder", in_words(DIRECTIONS), label="Direction", choices=DIRECTIONS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.update == "paper" and self.direction != "harder":
            raise CurationError(
                "update paper goes by each cluster's share of the scores, which can't be turned round; take multiply or "
                "replace with direction easier."
            )
        object.__setattr__(self, "budget", checked_budget(self.budget, tokens=True))

    def selection(self, number: int, budget: int) -> SelectionParams:
        """Return the params of round `number`, which is to take `budget` records, or tokens where the run's budget is in tokens."""
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        asked = f"{budget} tokens" if tokens_of(self.budget) else str(budget)
        return SelectionParams(asked, self.inside, sampling_probability=self.sampling_probability, seed=seed)

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that its rounds can't do without."""
        return tuple(dict.fromkeys(["cluster", *(["score"] if self.inside == "kmq" else []), *self.rule_needs]))

    def units(self, n_pool: int) -> int:
        """Return the budget in its unit: records out of `n_pool`, or tokens. Raises CurationError: fewer than rounds."""
        count = tokens_of(self.budget) or records_of(self.budget, n_pool)
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
        reported = f"{self.update}, temperature {self.softmax_temperature:g}"
        reported += " of raw scores" if self.scale == "raw" else ""
        return reported + (", the other way round" if self.direction == "easier" else "")
