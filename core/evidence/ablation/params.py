"""What an ablation trains and compares."""

import dataclasses

from ...base.errors import CurationError
from ...base.params import Params, check_choice, check_count
from ...models.lora import LmParams
from ...models.scratch_lm import SmallLmParams
from ...selection.params import SelectionParams
from ...selection.method import METHODS

OTHERS = {
    "longest": "The records with the longest responses: quality by length, a baseline hard to beat.",
    "rounds": "Three rounds by the proxy: cluster weights refined by its feedback.",
}
PROVED = tuple(name for name, method in METHODS.items() if not method.is_banded) + tuple(OTHERS)
DEFAULT_METHODS = ("random", "longest", "kmeans-random", "kmq", "rounds")
GROUPINGS = ("auto", "source", "cluster")


@dataclasses.dataclass(frozen=True)
class ProveParams(Params):
    """What to prove, and how. methods: each of PROVED, or "version:NAME". n_seeds: trainings of each, seeds seed, seed + 1, …

    held_out: records drawn by `seed` before anything is selected, never selected and never trained on. by: losses are summed up
    by "source" label, by "cluster", or "auto": by source, or what its labels have before the first "/", where these are few.
    base: "" trains a small model from scratch (`small`: SmallLmParams); else a causal LM by path or hub name, tuned by LoRA
    (`lora`: LmParams).
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    budget: str = "10%"
    n_seeds: int = 3
    held_out: int = 2000
    by: str = "auto"
    seed: int = 0
    base: str = ""
    small: dict = dataclasses.field(default_factory=dict)
    lora: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(self.methods))
        for method in self.methods:
            if not method.startswith("version:"):
                check_choice("a method to prove", method, PROVED)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise CurationError(f"methods are {', '.join(self.methods) or 'none'}; name each once, and one at least.")
        check_count("n_seeds", self.n_seeds, 1)
        check_count("held_out", self.held_out, 1)
        check_count("seed", self.seed, 0)
        check_choice("by", self.by, GROUPINGS)
        object.__setattr__(self, "budget", SelectionParams(self.budget).budget)
        self.small_params()
        if self.base:
            self.lora_params()

    def small_params(self) -> SmallLmParams:
        """Return how the small model is made and trained."""
        return SmallLmParams.from_dict(self.small)

    def lora_params(self) -> LmParams:
        """Return how the real model is tuned."""
        return LmParams.from_dict({"model": self.base} | self.lora)
