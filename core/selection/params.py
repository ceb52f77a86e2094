"""What is asked of a selection, and what comes back. Holds no method."""

import dataclasses

import numpy as np

from ..base.budget import checked_budget, records_of
from ..base.errors import CurationError
from ..base.params import Params, check_choice, check_count, check_share

METHODS = {
    "kmq": "Every cluster gets its share of the budget; inside a cluster, better records are likelier to be drawn.",
    "kmeans-random": "Every cluster gets its share of the budget; inside a cluster, every record is equally likely.",
    "kmeans-closest": "Every cluster gets its share; inside a cluster, the most typical records come first.",
    "kmeans-median": "Every cluster gets its share; inside a cluster, those at the middle distance from its centre.",
    "k-center": "Always the record farthest from all taken so far: reaches into every corner, outliers too.",
    "deita": "Down the list by quality, leaving out what is too much like something taken. The paper's quality is a judge's "
    "complexity times its quality.",
    "qdit": "Brings every record near to something taken, and weighs in quality.",
    "facility-location": "Brings every record near to something taken: what is common is covered first.",
    "novelselect": "Far from what is taken, but where records are dense: new and not an outlier.",
    "daar": "The records a probe finds hardest to place in one domain: high entropy is the reward.",
    "inter-band": "Inside each domain, a fifth of the records by how near they are to the other domains.",
    "intra-band": "Inside each domain, a fifth of the records by how near they are to its centre.",
    "quality": "The best records by quality, whatever they are about.",
    "random": "Every record of the data is equally likely: the baseline to beat.",
}
# The stages that a method cannot do without.
NEEDS = {
    "kmq": ("cluster", "score"),
    "kmeans-random": ("cluster",),
    "kmeans-closest": ("cluster",),
    "kmeans-median": ("cluster",),
    "k-center": ("embed",),
    "deita": ("embed", "score"),
    "qdit": ("embed", "score"),
    "facility-location": ("embed",),
    "novelselect": ("embed",),
    "daar": ("reward",),
    "inter-band": ("embed", "reward"),
    "intra-band": ("embed", "reward"),
    "quality": ("score",),
    "random": (),
}
DRAWING = ("kmq", "kmeans-random", "random")  # the methods that can draw a record more than once
BANDS = ("0-20", "20-40", "40-60", "60-80", "80-100")
# The methods whose picks depend on a seed: their own, or that of the clusters or the probes that they go by.
SEEDED = tuple(name for name, needs in NEEDS.items() if not needs or {"cluster", "reward"} & set(needs))
GROUPS = {"domains": "DaaR's domains, learnt on the Reward page.", "source": "The records' own source labels."}
BANDED = ("inter-band", "intra-band")
REASONS = ("drawn", "pinned", "filled")


@dataclasses.dataclass(frozen=True)
class SelectionParams(Params):
    """What to select, as methods.md 1.1 names it.

    budget: a count ("500"; of "1,000" the separators are left out), or a percentage of the records ("10%"). method: of METHODS.
    quota: a cluster's share by its "size" (paper) or "equal" (released code, but with the rest redistributed).
    probability: of a record in kmq, "proportional" to quality (paper) or "softmax" of it (released code).
    replacement: draw with replacement (paper; the methods in DRAWING); a record drawn twice is then exported twice.
    threshold: in deita, the cosine above which two records are too much alike. alpha: in qdit, the weight of quality.
    customise: in daar, the name of a domain to favour, "" for none. band: of inter- and intra-band, one of BANDS, from the
    least alike (0-20) to the most (80-100). groups: what those bands go by, one of GROUPS.
    """

    budget: str = "10%"
    method: str = "kmq"
    quota: str = "size"
    probability: str = "proportional"
    replacement: bool = False
    seed: int = 0
    threshold: float = 0.9
    alpha: float = 0.5
    customise: str = ""
    band: str = "0-20"
    groups: str = "domains"

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that this selection cannot do without."""
        needs = NEEDS[self.method]
        return tuple(n for n in needs if n != "reward") if self.groups == "source" else needs

    def __post_init__(self) -> None:
        object.__setattr__(self, "budget", checked_budget(self.budget))
        check_choice("method", self.method, tuple(METHODS))
        check_choice("quota", self.quota, ("size", "equal"))
        check_choice("probability", self.probability, ("proportional", "softmax"))
        check_count("seed", self.seed, 0)
        check_share("threshold", self.threshold)
        check_share("alpha", self.alpha)
        check_choice("band", self.band, BANDS)
        check_choice("groups", self.groups, tuple(GROUPS))
        if self.groups != "domains" and self.method not in BANDED:
            raise CurationError(f"{self.method} has no use for groups; they are for {' and '.join(BANDED)}.")
        if self.replacement and self.method not in DRAWING:
            raise CurationError(f"{self.method} takes each record once; replacement is for {', '.join(DRAWING)}.")

    def n_records(self, n_pool: int) -> int:
        """Return the budget as a number of records out of `n_pool`; a percentage is rounded to the nearest, half up."""
        return records_of(self.budget, n_pool, self.replacement)


@dataclasses.dataclass(frozen=True)
class VersionParams(Params):
    """What a restored version is known by, where other selections have SelectionParams. name, key: the version's. n: records."""

    name: str
    key: str
    n: int
    method: str = "version"

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that it cannot do without: none."""
        return ()

    @property
    def budget(self) -> str:
        """Return its number of records as a budget."""
        return str(self.n)

    def n_records(self, n_pool: int) -> int:
        """Return its number of records."""
        return self.n


@dataclasses.dataclass(frozen=True)
class EarlierParams(Params):
    """What an earlier selection is known by that was made current again, though something it rests on has changed since.

    number: 3 of "#3". key: of its artifact. n: its records. made_by: what made it, as a dict.
    """

    number: int
    key: str
    n: int
    made_by: dict
    method: str = "earlier"

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that it cannot do without: none."""
        return ()

    @property
    def budget(self) -> str:
        """Return the budget that it was made with."""
        return str(self.made_by.get("budget", self.n))

    def n_records(self, n_pool: int) -> int:
        """Return its number of records."""
        return self.n


@dataclasses.dataclass(frozen=True)
class Selection:
    """The chosen records, in the order they were picked; all arrays are (m,).

    rows: int64 row ids. clusters: int32, -1 where the method has none. scores: float32, the quality a pick was drawn by.
    reasons: int8 positions in REASONS. requested: the budget. shortfall: "" or why fewer than requested were found.
    """

    rows: np.ndarray
    clusters: np.ndarray
    scores: np.ndarray
    reasons: np.ndarray
    requested: int
    shortfall: str = ""

    def __len__(self) -> int:
        return len(self.rows)


@dataclasses.dataclass(frozen=True)
class RoundsParams(Params):
    """What a selection by rounds is known by, where other selections have SelectionParams.

    run: of the workspace. rounds: how many are in it. course: a hash of those rounds. budget: of the whole run.
    """

    run: int
    rounds: int
    course: str
    budget: str = "10%"
    method: str = "rounds"

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that such a selection cannot do without."""
        return ("cluster",)

    def n_records(self, n_pool: int) -> int:
        """Return the whole run's budget as a number of records."""
        return SelectionParams(self.budget).n_records(n_pool)
