"""What the search for near-duplicates is asked."""

import dataclasses

from ...base.errors import CurationError
from ...base.params import Params, option

WAYS = {
    "cosine": "alike in meaning, by the cosine of their embeddings",
    "words": "alike in words, by the share of their words that both have (Jaccard)",
    "either": "alike in one of the two",
}
KEEP = {
    "quality": "the one of the highest quality",
    "longest": "the longest",
    "first": "the first in the data",
    "source": "the one whose source comes first in an order of yours",
}


@dataclasses.dataclass(frozen=True)
class DuplicateParams(Params):
    """Which pairs are kept; groups are made of them at any threshold from there on."""

    least_cosine: float = option(
        0.85,
        "the lowest cosine at which a pair is kept",
        label="Lowest cosine",
        more="Thresholds below it can't be tried without looking for pairs again.",
        least=0,
        most=1,
    )
    least_jaccard: float = option(
        0.7, "the lowest share of common words at which a pair is kept", label="Lowest Jaccard", least=0, most=1
    )
    neighbors: int = option(10, "how many nearest records of each are looked at", label="Nearest looked at", least=1)
    permutations: int = option(128, "how many permutations MinHash takes", label="Permutations of MinHash", least=16)
    seed: int = option(0, "the seed", label="Random seed", least=0)


@dataclasses.dataclass(frozen=True)
class Threshold:
    """From where on two records count as near-duplicates. by: one of WAYS."""

    by: str = "cosine"
    cosine: float = 0.95
    jaccard: float = 0.8

    @property
    def label(self) -> str:
        """The threshold in words."""
        parts = {"cosine": f"cosine {self.cosine:g} or more", "words": f"Jaccard {self.jaccard:g} or more"}
        return " or ".join(parts.values()) if self.by == "either" else parts[self.by]

    def check(self, params: DuplicateParams) -> None:
        """Raise CurationError where pairs so far apart were not kept."""
        for way, value, least in (
            ("cosine", self.cosine, params.least_cosine),
            ("words", self.jaccard, params.least_jaccard),
        ):
            if self.by in (way, "either") and not least <= value <= 1:
                name = "cosine" if way == "cosine" else "jaccard"
                raise CurationError(
                    f"The {name} threshold is {value:g}; pairs are kept from {least:g} to 1",
                    command=f"give one in between, or a lower --least-{name}.",
                    page="choose one in between",
                )
