"""What DaaR is asked to do."""

import dataclasses

from ..base.params import Params, check_choice, check_count
from .probes import ProbeParams

ASSIGNMENTS = {
    "clusters": "Small clusters go whole to the nearest centre: alike records stay together. The surest here.",
    "nearest": "Every record goes to the nearest centre of seeds, which does not move.",
    "kmeans": "The paper's: k-means that starts at the centres of seeds, and may leave them.",
}


@dataclasses.dataclass(frozen=True)
class RewardParams(Params):
    """What DaaR is to do. domains: `domain_as_dict` of each, with its kept seeds.

    model: "" takes the workspace's embeddings; else path or hub name of a causal LM, whose input embeddings make centroids and
    whose hidden `layer` feeds the probes. encoder: what seeds' texts are embedded by where the workspace's vectors came from
    a file. sample: records that pseudo-labels and probes are made on. assignment: one of ASSIGNMENTS. n_seeds: records
    taken for a domain that has only its description. steps, batch_size, learning_rate: of the domain probe. probes: the key
    of probes that another pool learnt and that were carried over (`carry_probes`), which are applied instead of learning.
    """

    domains: tuple[dict, ...] = ()
    model: str = ""
    encoder: str = ""
    layer: int = 3
    max_tokens: int = 512
    sample: int = 5000
    assignment: str = "clusters"
    n_seeds: int = 10
    steps: int = 2000
    batch_size: int = 8
    learning_rate: float = 1e-5
    seed: int = 0
    probes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", tuple(dict(domain) for domain in self.domains))
        check_choice("assignment", self.assignment, tuple(ASSIGNMENTS))
        for name in ("max_tokens", "n_seeds"):
            check_count(name, getattr(self, name), 1)
        check_count("layer", self.layer, 0)
        check_count("sample", self.sample, 10)
        check_count("seed", self.seed, 0)
        self.probe()

    def probe(self) -> ProbeParams:
        """Return the domain probe's params. Trained gently, as in the paper: a probe that is sure of all has no entropy."""
        return ProbeParams(self.steps, self.batch_size, self.learning_rate, seed=self.seed)
