"""What DaaR is asked to do."""

import dataclasses

from ..base.params import Params, option
from .probes import ProbeParams

ASSIGNMENTS = {
    "clusters": "Small clusters go whole to the nearest centre: alike records stay together. The surest here.",
    "nearest": "Every record goes to the nearest centre of seeds, which does not move.",
    "kmeans": "The paper's: k-means that starts at the centres of seeds, and may leave them.",
}


@dataclasses.dataclass(frozen=True)
class DaarParams(Params):
    """What DaaR is to do. domains: `domain_as_dict` of each, with its kept seeds.

    model: "" takes the workspace's embeddings; else path or hub name of a causal LM, whose input embeddings make centroids and
    whose hidden `layer` feeds the probes. encoder: what seeds' texts are embedded by where the workspace's vectors came from
    a file. sample: records that pseudo-labels and probes are made on. assignment: one of ASSIGNMENTS. n_seeds: records
    taken for a domain that has only its description. steps, batch_size, learning_rate: of the domain probe. probes: the key
    of probes that were trained on another pool and carried over (`carry_probes`), which are applied instead of training.
    """

    domains: tuple[dict, ...] = ()
    model: str = option(
        "",
        "a causal language model by path or hub name",
        label="Causal language model",
        more="Its input embeddings find the domains, a hidden layer feeds the probes.",
        usual="the workspace's embeddings",
    )
    encoder: str = option(
        "",
        "what descriptions are embedded by where your embeddings came from a file",
        label="Encoder of your embeddings",
        more="Where the records' embeddings came from a file: what descriptions are embedded by.",
    )
    layer: int = option(3, "of that model: whose states feed the probes", label="Its layer", least=0)
    max_tokens: int = option(512, "of a record, for a causal language model", least=1, flag=None)
    sample: int = option(
        5000,
        "records that pseudo-labels and probes are made on",
        label="Trained on",
        more="Records that the probes see.",
        least=10,
    )
    assignment: str = option("clusters", "of records to domains", label="Records go to domains by", choices=ASSIGNMENTS)
    n_seeds: int = option(10, "records taken for a domain that has only its description", least=1, flag=None)
    steps: int = option(2000, "of the domain probe", flag=None)
    batch_size: int = option(8, "of the domain probe", flag=None)
    learning_rate: float = option(1e-5, "of the domain probe", flag=None)
    seed: int = option(0, "of everything random", label="Random seed", least=0)
    probes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", tuple(dict(domain) for domain in self.domains))
        super().__post_init__()
        self.probe()

    def probe(self) -> ProbeParams:
        """Return the domain probe's params. Trained gently, as in the paper: a probe that is sure of all has no entropy."""
        return ProbeParams(self.steps, self.batch_size, self.learning_rate, seed=self.seed)
