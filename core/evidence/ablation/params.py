"""What an ablation trains and compares."""

import dataclasses

from ...base.budget import checked_budget
from ...base.errors import CurationError
from ...base.params import Params, option
from ...models.lora import LmParams
from ...models.scratch_lm import SmallLmParams
from ...selection.token_counts import TokenParams
from .arm_names import FORMS, Arm, arms_of, parse_arm
from .sequential import StopRule
from .statistics import BASE

# What trainings and the latest ablation are called on disk, since the first version.
KIND, SETTING = "proof", "prove"
DEFAULT_METHODS = ("random", "kmeans-random", "kmq", "rounds", "longest")
GROUPINGS = ("auto", "source", "cluster")
HELD_OUT_BY = {
    "group": "as many records of each group that losses are summed up by, as far as it has them",
    "random": "at random, so as the data is mixed",
}
SIZES = {
    "fast": {"width": 64, "layers": 2, "context": 128},
    "usual": {"width": 128, "layers": 4, "context": 192},
}
SIZE_WORDS = {
    "fast": "width 64, 2 layers, context 128: about a minute a training on 2 cores",
    "usual": "width 128, 4 layers, context 192",
}
_AGAINST = " against "


@dataclasses.dataclass(frozen=True)
class AblationParams(Params):
    """What to compare, and how. methods: arms as `parse_arm` reads them.

    budget: as in SelectionParams, in records or in tokens; tokenizer: by which those are counted. n_seeds, most_seeds: trainings of
    each arm, seeds seed, seed + 1, …: n_seeds at least, then one more until the interval of the contrast leaves out 0, most_seeds
    at most; both the same for a fixed number. contrast: "A against B", two arms, or "A" against random; "" for the first arm that
    is not random.
    held_out: records drawn by `seed` before anything is selected, never selected and never trained on. held_out_by: of
    HELD_OUT_BY. by: losses are summed up by "source" label, by "cluster", or "auto": by source, or what its labels have before the
    first "/", where these are few.
    base: "" trains a small model from scratch (model_size: of SIZES; small: SmallLmParams that differ from it); else a causal LM by
    path or hub name, tuned by LoRA (`lora`: LmParams).
    """

    methods: tuple[str, ...] = option(
        DEFAULT_METHODS,
        f"of {FORMS}",
        label="Methods",
        parse=arms_of,
        usual=",".join(DEFAULT_METHODS),
    )
    budget: str = option(
        "10%", "how much each selects: records, a percentage, or tokens as in '2M tokens'", label="Budget"
    )
    n_seeds: int = option(4, "trainings of each, at least", label="Seeds, at least", least=1, flag="--seeds")
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
    most_seeds: int = option(
        12,
        "trainings of each, at most: seeds are added until the interval of --contrast leaves out 0",
        label="Seeds, at most",
        more="Seeds are added until the interval of the contrast leaves out 0. As many as at least: a fixed number.",
        least=1,
    )
    contrast: str = option(
        "",
        "whose interval decides on more seeds: 'A against B', or A against random",
        label="Contrast",
        usual="the first method that is not random, against random",
    )
    held_out_by: str = option("group", "how those are drawn", label="Held out by", choices=HELD_OUT_BY)
    model_size: str = option("fast", "of the small model, before --set", label="Small model", choices=SIZES)
    tokenizer: str = option(
        "",
        "by which a budget in tokens is counted",
        label="Tokenizer",
        usual=TokenParams.__dataclass_fields__["tokenizer"].metadata["option"].usual,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(self.methods))
        arms = [parse_arm(text) for text in self.methods]
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise CurationError(f"methods are {', '.join(self.methods) or 'none'}; name each once, and one at least.")
        super().__post_init__()
        object.__setattr__(self, "budget", checked_budget(self.budget, tokens=True))
        for arm in arms:
            if arm.method != "version":
                arm.asked(self.budget, self.seed, self.tokenizer)
        object.__setattr__(self, "most_seeds", max(self.n_seeds, self.most_seeds))
        _ = self.contrasted
        self.small_params()
        if self.base:
            self.lora_params()

    @property
    def contrasted(self) -> tuple[str, str] | None:
        """Return the two arms that decide on more seeds, None where nothing is compared. Raises CurationError."""
        if not self.contrast:
            others = [text for text in self.methods if not parse_arm(text).is_random]
            return (others[0], BASE) if others and BASE in self.methods else None
        arm, against, base = (piece.strip() for piece in self.contrast.partition(_AGAINST))
        pair = (arm, base if against else BASE)
        for name in pair:
            if name not in self.methods:
                raise CurationError(
                    f"contrast is {self.contrast!r}, but {name} is not among the methods; write A against B, of "
                    f"{', '.join(self.methods)}."
                )
        if pair[0] == pair[1]:
            raise CurationError(f"contrast is {self.contrast!r}; give two arms.")
        return pair

    @property
    def rule(self) -> StopRule | None:
        """Return by which seeds are added, which takes a contrast; None where there is only one seed, which tells nothing."""
        most = self.most_seeds if self.contrasted else self.n_seeds
        return StopRule(min(max(self.n_seeds, 2), most), most) if most > 1 else None

    def small_params(self) -> SmallLmParams:
        """Return how the small model is made and trained."""
        return SmallLmParams.from_dict(SIZES[self.model_size] | self.small)

    def lora_params(self) -> LmParams:
        """Return how the real model is tuned."""
        return LmParams.from_dict({"model": self.base} | self.lora)

    def arms(self) -> list[Arm]:
        """Return the methods as arms."""
        return [parse_arm(text) for text in self.methods]
