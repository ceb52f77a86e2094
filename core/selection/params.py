"""What is asked of a selection, and what comes back. Holds no method."""

import dataclasses
import types

import numpy as np

from ..base.budget import checked_budget, records_of, tokens_of
from ..base.errors import CurationError
from ..base.params import Option, Params, option
from .limits import LimitParams
from .method import GROUPED, METHODS
from .pool import Pool

BANDS = ("0-20", "20-40", "40-60", "60-80", "80-100")
QUOTAS = {
    "size": "Large clusters give more.",
    "equal": "Every cluster gives the same, as far as it can.",
    "style": "First kinds of writing, found by the words and signs that records are written with.",
    "gain": "First kinds of writing: a kind gives by how much more of it still teaches a small language model.",
    "isolation": "First a few coarse clusters: the farther one stands alone, the more it gives.",
    "tree": "First groups by halving: each time the records are split in two, either half gives as much.",
    "domains": "First the domains that the Reward page found.",
}
# What is proposed where nothing was selected yet, by the evidence of `python -m tests.benchmarks ablation`.
PROPOSED = types.MappingProxyType({"method": "kmeans-random", "quota": "gain"})
WHY_PROPOSED = (
    "Proposed since, of the ways without labels that were compared, this one taught a small model most beyond random selections "
    "of data that is mostly of one family, was ahead where families are even, and lost next to nothing where the hardest is the "
    "majority (README, Evidence)."
)
DOMAIN_SHARES = {
    "equal": "Every domain gives the same, as far as it can.",
    "size": "Large domains give more.",
    "target": "The target shares set on the Reward page; by size for the rest.",
}
PROBABILITIES = {
    "proportional": "Twice the quality, twice the chance.",
    "softmax": "By the exponential of quality; also for negative scores.",
}
GROUPS = {"domains": "DaaR's domains, as the Reward page found them.", "source": "The records' own source labels."}
BALANCES = {
    "examples": "Every example in turn, as in the paper.",
    "labels": "Every label in turn, and its examples in turn inside it, so that a label with few examples gets as much.",
}
REASONS = ("drawn", "pinned", "filled")


@dataclasses.dataclass(frozen=True)
class SelectionParams(LimitParams):
    """What to select, as methods.md 1.1 names it.

    budget: a count ("500"; of "1,000" the separators are left out), a percentage of the records ("10%"), or tokens ("2M
    tokens", kept as "2000000 tokens"), counted by `tokenizer` (see `TokenParams`). method: of METHODS.
    at_least, at_most: rules as `parse_rule` reads them; shares are of the budget, in its unit.
    quota: a cluster's share by its "size" (paper) or "equal" (released code, but with the rest redistributed); or one of GROUPED,
    where coarse groups share the budget first and the method goes by size inside each. n_groups: of "style" and "isolation", 0
    for their own; style_power, isolation_power, split_alpha, domain_shares: how those groups share.
    sampling_probability: of a record in kmq, "proportional" to quality (paper) or "softmax" of it (released code).
    replacement: draw with replacement (paper; the methods that can repeat); a record drawn twice is then exported twice.
    similarity_threshold: in deita, the cosine above which two records are too much alike. alpha: in qdit, the weight of quality.
    target_domain: in daar, the name of a domain to favour, "" for none. band: of inter- and intra-band, one of BANDS, from the
    least alike (0-20) to the most (80-100). groups: what those bands go by, one of GROUPS. balance: of target, one of BALANCES.
    tags: of mig and instag, a field of the data with tags, "" for clusters in their place. edge_threshold: in mig, the cosine
    from which two tags are joined.
    least_score: in alpagasus, the grade from which a record may be drawn.
    """

    budget: str = option(
        "10%",
        "how many records: a count, a percentage, or tokens as in '2M tokens'",
        label="Budget",
        more="How many records to choose: a count such as 500, a selection rate such as 10%, or tokens such as 2M tokens.",
    )
    method: str = option("kmq", "how to choose", label="Method", choices=METHODS)
    quota: str = option(
        "size", "a cluster's share of the budget", label="A cluster's share of the budget", choices=QUOTAS
    )
    sampling_probability: str = option(
        "proportional",
        "of a record in kmq, by its quality",
        label="A record's chance",
        more="The sampling probability.",
        choices=PROBABILITIES,
        also="--probability",
        stored="probability",
    )
    replacement: bool = option(
        False,
        "draw with replacement; a record may then come twice",
        label="Draw with replacement",
        more="A record may then be chosen, and exported, more than once.",
    )
    seed: int = option(
        0, "of everything random", label="Random seed", more="The same seed draws the same records.", least=0
    )
    similarity_threshold: float = option(
        0.9,
        "in deita, the cosine that is too much alike",
        label="Too much alike from",
        also="--threshold",
        stored="threshold",
        more="The similarity threshold: the cosine above which a record counts as a near-duplicate.",
        least=0,
        most=1,
        step=0.01,
    )
    alpha: float = option(
        0.5,
        "in qdit, the weight of quality, 0 to 1",
        label="The weight of quality",
        more="0 only brings every record near to something taken, 1 only takes the best.",
        least=0,
        most=1,
        step=0.05,
    )
    target_domain: str = option(
        "",
        "in daar, a domain to favour",
        label="Favour a domain",
        more="The target domain: half of its records for every tenth of each other's.",
        also="--customise",
        stored="customise",
    )
    band: str = option(
        "0-20",
        "of inter-band and intra-band, least alike first",
        label="Band",
        more="From the least alike, 0-20, to the most, 80-100.",
        choices=BANDS,
    )
    groups: str = option("domains", "what those bands go by", label="Bands go by", choices=GROUPS)
    tags: str = option(
        "",
        "of mig and instag, a field of the data with tags; 'source' for the records' source",
        label="Tags from the field",
        more="A field that holds a list of tags, or a text with commas between them. Empty: the clusters stand in for tags.",
        usual="clusters stand in",
        added=True,
    )
    least_score: float = option(
        4.5,
        "in alpagasus, the judge's grade from which a record may be drawn, 1 to 5",
        label="A grade of at least",
        more="Of the judge's grades 1 to 5. The paper's is 4.5.",
        least=1,
        most=5,
        step=0.5,
        added=True,
    )
    edge_threshold: float = option(
        0.9,
        "in mig, the cosine from which two tags are joined",
        label="Tags are joined from",
        more="The cosine of two tags' mean embeddings from which information spreads between them. The paper's is 0.9.",
        least=0,
        most=1,
        step=0.01,
        added=True,
    )
    n_groups: int = option(
        0,
        "coarse groups of the quotas style, gain and isolation",
        label="Groups",
        more="How many coarse groups; 0 takes 4 for style and gain, 8 for isolation.",
        least=0,
        usual="4 for style and gain, 8 for isolation",
        flag="--quota-groups",
        added=True,
    )
    isolation_power: float = option(
        2.0,
        "of the quota isolation: a group gives its isolation to this power",
        label="Power of isolation",
        more="0 lets every group give the same; the higher, the more the groups give that stand alone.",
        least=0,
        most=10,
        step=0.5,
        added=True,
    )
    style_power: float = option(
        1.0,
        "of the quota style: a kind gives its isolation to this power",
        label="Power of isolation",
        more="0 lets every kind give the same; the higher, the more the kinds give that are unlike the others.",
        least=0,
        most=10,
        step=0.5,
        added=True,
    )
    split_alpha: float = option(
        0.0,
        "of the quota tree: a half gives its size to this power",
        label="Power of size",
        more="At each split: 0 lets both halves give the same, 1 lets them give by size.",
        least=0,
        most=1,
        step=0.1,
        added=True,
    )
    domain_shares: str = option(
        "equal", "of the quota domains", label="A domain's share", choices=DOMAIN_SHARES, added=True
    )
    balance: str = option(
        "examples",
        "in target, who takes turns: its examples or their labels",
        label="Turns",
        choices=BALANCES,
        added=True,
    )

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that this selection cannot do without: its method's, and those that its rules go by."""
        needs = METHODS[self.method].needs
        needs = tuple(n for n in needs if n != "reward") if self.groups == "source" else needs
        needs += {"domains": ("reward",), "isolation": ("embed",), "tree": ("embed",)}.get(self.quota, ())
        return tuple(dict.fromkeys([*needs, *self.rule_needs]))

    def __post_init__(self) -> None:
        object.__setattr__(self, "budget", checked_budget(self.budget, tokens=True))
        super().__post_init__()
        method = METHODS[self.method]
        if self.groups != "domains" and not method.is_banded:
            banded = [name for name, each in METHODS.items() if each.is_banded]
            raise CurationError(f"{self.method} has no use for groups; they are for {' and '.join(banded)}.")
        if self.quota in GROUPED and "quota" not in method.options:
            able = [name for name, each in METHODS.items() if "quota" in each.options]
            raise CurationError(f"{self.method} takes no quota by {self.quota}; it is for {', '.join(able)}.")
        if self.replacement and not method.can_repeat:
            drawing = [name for name, each in METHODS.items() if each.can_repeat]
            raise CurationError(f"{self.method} takes each record once; replacement is for {', '.join(drawing)}.")

    def n_records(self, n_pool: int) -> int:
        """Return the budget as a number of records out of `n_pool`; a percentage is rounded to the nearest, half up.

        Raises CurationError for one in tokens.
        """
        return records_of(self.budget, n_pool, self.replacement)

    def check_size(self, n_pool: int) -> None:
        """Raise CurationError where a budget in records is more than `n_pool`; of one in tokens only the counts can tell."""
        if tokens_of(self.budget) is None:
            self.n_records(n_pool)


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
    reasons: int8 positions in REASONS. requested: the budget; of one in tokens the records that it came to. shortfall: "" or why
    less than the budget was found. tokens: what they take of a budget in tokens, else None.
    """

    rows: np.ndarray
    clusters: np.ndarray
    scores: np.ndarray
    reasons: np.ndarray
    requested: int
    shortfall: str = ""
    tokens: int | None = None

    def __len__(self) -> int:
        return len(self.rows)


def places(pool: Pool, chosen: Selection) -> dict[int, int]:
    """Return {row: its place among a method's picks, 1 for the first}; the pins, which come before them, are left out."""
    return {row: place for place, row in enumerate(chosen.rows[len(pool.pinned) :].tolist(), 1)}


@dataclasses.dataclass(frozen=True)
class RoundsParams(Params):
    """What a selection by rounds is known by, where other selections have SelectionParams.

    run: of the workspace. rounds: how many are in it. history: a hash of those rounds. budget: of the whole run.
    """

    run: int
    rounds: int
    history: str = dataclasses.field(metadata={"option": Option(stored="course", flag=None)})
    budget: str = "10%"
    method: str = "rounds"

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the stages that such a selection cannot do without."""
        return ("cluster",)

    def n_records(self, n_pool: int) -> int:
        """Return the whole run's budget as a number of records. Raises CurationError for one in tokens."""
        return records_of(self.budget, n_pool)
