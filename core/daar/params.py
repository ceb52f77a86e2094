"""What DaaR is asked to do."""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.params import Params, option
from .probes import ProbeParams

ASSIGNMENTS = {
    "clusters": "Small clusters go whole to the nearest centre: alike records stay together. The surest here.",
    "nearest": "Every record goes to the nearest centre of seeds, which does not move.",
    "kmeans": "The paper's: k-means that starts at the centres of seeds, and may leave them.",
}
MOST_DRAWS = 100
USUAL_DRAWS = 5  # what people are offered; params say 1, the paper's, so that what was made before keeps its key
LABELS = {
    "pseudo": "Domains that you describe; records are given to them by their seeds.",
    "source": "The records' own source labels are the domains: no descriptions, no seeds.",
}


@dataclasses.dataclass(frozen=True)
class DaarParams(Params):
    """What DaaR is to do. domains: `domain_as_dict` of each, with its kept seeds.

    model: "" takes the workspace's embeddings; else path or hub name of a causal LM, whose input embeddings make centroids and
    whose hidden `layer` feeds the probes. encoder: what seeds' texts are embedded by where the workspace's vectors came from
    a file. sample: records that pseudo-labels and probes are made on. assignment: one of ASSIGNMENTS. n_seeds: records
    taken for a domain that has only its description. steps, batch_size, learning_rate: of the domain probe. probes: the key
    of probes that were trained on another pool and carried over (`carry_probes`), which are applied instead of training.
    draws: how many times all that is random is drawn; rewards are the means over them. draw: which of them this is, where it is
    one by itself; the first, 0, is the paper's only one. labels: one of LABELS; by "source" there are no domains here, for the
    data has them (appendix F.4 of the paper).
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
    draws: int = option(
        1,
        "draws of seeds and probes whose rewards are averaged",
        label="Draws",
        more="How many times seeds, sample and probes are drawn; rewards are averaged over them. 1 is the paper's; 5 are steadier.",
        least=1,
        added=True,
    )
    draw: int = option(0, "which draw this is", least=0, flag=None, added=True)
    labels: str = option(
        "pseudo", "what the domains are: described ones, or sources", label="Domains are", choices=LABELS, added=True
    )

    def __post_init__(self) -> None:
        kept = () if self.labels == "source" else self.domains  # what has no effect must not change the key
        object.__setattr__(self, "domains", tuple(dict(domain) for domain in kept))
        super().__post_init__()
        if self.draws > MOST_DRAWS:
            raise CurationError(f"draws is {self.draws}; it may be {MOST_DRAWS} at most, and 5 to 10 are usual.")
        self.probe()

    def probe(self) -> ProbeParams:
        """Return the domain probe's params. Trained gently, as in the paper: a probe that is sure of all has no entropy."""
        return ProbeParams(self.steps, self.batch_size, self.learning_rate, seed=self.draw_seed)

    def of_draw(self, i: int) -> "DaarParams":
        """Return the params of draw `i` by itself."""
        return dataclasses.replace(self, draws=1, draw=i)

    @property
    def draw_seed(self) -> int:
        """Return the seed of everything random in this draw.

        Later draws' are hashes of seed and draw, so that no draw of one seed is a draw of the next: selections by two seeds
        would else have most of their draws in common, and look alike for that.
        """
        return int(np.random.SeedSequence([self.seed, self.draw]).generate_state(1)[0] >> 1) if self.draw else self.seed
