"""A measure: what it is called, what it means, how it is taken. Each module of `kinds/` puts some into the registry."""

import dataclasses
from collections.abc import Callable
from typing import Protocol

import numpy as np

from ..base.progress import Progress
from ..base.registry import Registry
from .domain_means import DomainMeans


class Seen(Protocol):
    """What a selection is measured on. Each part is made when it is first asked for, and is None where the data has none.

    rows: (m,) selected row ids, with repeats. vectors: (m, d) float32, their unit rows. pairs: what
    `pairwise.within_selection` gives of them. coverage: as `pairwise.facility_coverage`. labels: (n,) clusters. quality: (n,).
    similarity: (inter, intra) of DaaR, (n,) each. domain_means: the selection's own, by the same domains.
    words: (n,). tokens: (n, 2). sources, languages: (codes, positions of the
    selection in them).
    """

    rows: np.ndarray
    device: str
    progress: Progress
    vectors: np.ndarray
    pairs: dict[str, float]
    coverage: float
    labels: np.ndarray | None
    quality: np.ndarray | None
    similarity: tuple[np.ndarray, np.ndarray] | None
    domain_means: DomainMeans | None
    words: np.ndarray
    tokens: np.ndarray | None
    sources: tuple[np.ndarray, np.ndarray] | None
    languages: tuple[np.ndarray, np.ndarray] | None


NEEDS = ("clusters", "quality", "groups", "sources", "tokens")  # groups: domains or sources; tokens: of all records
BASES = (
    "pairs",
    "coverage",
    "languages",
)  # the cosines of a selection, those of the data to it, the records' languages


@dataclasses.dataclass(frozen=True)
class Measure:
    """One measure. better: "more", "less", or "" where it is a fact and no merit. place: where it stands in lists.

    value: takes it; None where what it needs is not there. tells_diversity: whether quality is set against it.
    needs: of NEEDS, what must be there. goes_by: of BASES, what takes the time and is estimated where there is much of it.
    """

    name: str
    title: str
    meaning: str
    better: str
    place: int
    value: Callable[[Seen], float | None]
    tells_diversity: bool = False
    needs: str = ""
    goes_by: str = ""


MEASURES: Registry[Measure] = Registry()
