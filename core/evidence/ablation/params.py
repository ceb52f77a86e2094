"""What an ablation trains and compares."""

import dataclasses

from ...base.budget import checked_budget
from ...base.errors import CurationError
from ...base.params import Params, check_choice, option
from ...models.lora import LmParams
from ...models.scratch_lm import SmallLmParams
from ...selection.method import METHODS

# What trainings and the latest ablation are called on disk, since the first version.
KIND, SETTING = "proof", "prove"
OTHERS = {
    "longest": "The records with the longest responses: quality by length, a baseline hard to beat.",
    "rounds": "Three rounds by the proxy: cluster weights refined by its feedback.",
}
ARMS = tuple(name for name, method in METHODS.items() if not method.is_banded) + tuple(OTHERS)
DEFAULT_METHODS = ("random", "longest", "kmeans-random", "kmq", "rounds")
GROUPINGS = ("auto", "source", "cluster")


def names_of(text: str) -> tuple[str, ...]:
    """Return the names of "random,kmq"."""
    return tuple(name.strip() for name in text.split(","))


@dataclasses.dataclass(frozen=True)
class AblationParams(Params):
    """What to compare, and how. methods: each of ARMS, or "version:NAME". n_seeds: trainings of each, seeds seed, seed + 1, …

    held_out: records drawn by `seed` before anything is selected, never selected and never trained on. by: losses are summed up
    by "source" label, by "cluster", or "auto": by source, or what its labels have before the first "/", where these are few.
    base: "" trains a small model from scratch (`small`: SmallLmParams); else a causal LM by path or hub name, tuned by LoRA
    (`lora`: LmParams).
    """

    methods: tuple[str, ...] = option(
        DEFAULT_METHODS,
        f"of {', '.join(ARMS)}, or version:NAME",
        label="Methods",
        parse=names_of,
        usual=",".join(DEFAULT_METHODS),
    )
    budget: str = option("10%", "how many records each selects", label="Budget")
    n_seeds: int = option(3, "trainings of each", label="Seeds", least=1, flag="--seeds")
    held_out: int = option(2000, "records that nothing is trained on", label="Records held out", least=1)
    by: str = option("auto", "what losses are summed up by", label="Summed up by", choices=GROUPINGS)
    seed: int = option(0, "of everything random", least=0)
    base: str = option(
        "",
        "tune this causal language model by LoRA",
        label="Or tune a real model",
        more="A causal language model, tuned by LoRA on each selection instead.",
        usual="a small one from scratch",
    )
    small: dict = dataclasses.field(default_factory=dict)
    lora: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(self.methods))
        for method in self.methods:
            if not method.startswith("version:"):
                check_choice("a method to compare", method, ARMS)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise CurationError(f"methods are {', '.join(self.methods) or 'none'}; name each once, and one at least.")
        super().__post_init__()
        object.__setattr__(self, "budget", checked_budget(self.budget))
        self.small_params()
        if self.base:
            self.lora_params()

    def small_params(self) -> SmallLmParams:
        """Return how the small model is made and trained."""
        return SmallLmParams.from_dict(self.small)

    def lora_params(self) -> LmParams:
        """Return how the real model is tuned."""
        return LmParams.from_dict({"model": self.base} | self.lora)
