"""What is asked of a selection, and what comes back. Holds no method."""

import dataclasses
import math
import re
from fractions import Fraction

import numpy as np

from core.errors import CurationError
from core.params import Params, check_choice, check_count, check_share
from core.words import counted

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
_SEPARATED = re.compile(r"\s*(\d+(?:[,'’ \u00a0\u202f]\d+)+)\s*(%?)\s*")
_THOUSANDS = re.compile(r"\d{1,3}(?:([,'’ \u00a0\u202f])\d{3})(?:\1\d{3})*")


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
        object.__setattr__(self, "budget", plain_budget(self.budget))
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
        _parse_budget(self.budget)

    def n_records(self, n_pool: int) -> int:
        """Return the budget as a number of records out of `n_pool`; a percentage is rounded to the nearest, half up."""
        value, is_percentage = _parse_budget(self.budget)
        count = max(1, math.floor(n_pool * value / 100 + Fraction(1, 2))) if is_percentage else int(value)
        if count > n_pool and not self.replacement:
            raise CurationError(
                f"The budget is {counted(count, 'record')}, but there are only {n_pool:,}; ask for that many at most."
            )
        return count


def plain_budget(budget: str) -> str:
    """Return a count such as "1,000" or "12 500" without its separators, so that it is the same budget as "1000".

    Anything else comes back as it is. Raises CurationError for one that could be read in two ways, such as "1,00".
    """
    if not isinstance(budget, str) or not (found := _SEPARATED.fullmatch(budget)):
        return budget
    count = re.sub(r"\D", "", found[1])
    if found[2] or not _THOUSANDS.fullmatch(found[1]):
        raise CurationError(
            f"budget is {budget!r}, which can be read in two ways; write a count as 1000 or 1,000, and a percentage with a point, "
            "as in 12.5%."
        )
    return count


def _parse_budget(budget: str) -> tuple[Fraction, bool]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", str(budget))
    value, is_percentage = (Fraction(match[1]), bool(match[2])) if match else (Fraction(0), False)
    if value <= 0 or (is_percentage and value > 100) or (not is_percentage and value != int(value)):
        raise CurationError(
            f"budget is {budget!r}; it must be a count of records such as 500, or a percentage up to 100%."
        )
    return value, is_percentage


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
