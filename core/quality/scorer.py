"""A scorer: where quality scores come from. Each module of `scorers/` puts one or more into the registry."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from ..base.params import Params
from ..base.registry import Registry
from ..workspace.results import Run

Scored = tuple[
    dict[str, Any], pa.Table
]  # what to write down; a row a record: `score`, float32, and what it was made of


@dataclasses.dataclass(frozen=True)
class Scorer:
    """One scorer. title: on a page. help: what it goes by. place: where it stands in lists.

    score: scores every record of a run; a record without a usable score gets NaN. needs: the params that it can't do without.
    called: what its scores are called among others, given its params; its name where it has none.
    """

    name: str
    title: str
    help: str
    place: int
    score: Callable[[Run], Scored]
    needs: tuple[str, ...] = ()
    called: Callable[[Params], str] | None = None


SCORERS: Registry[Scorer] = Registry()
