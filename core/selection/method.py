"""A method: how records are chosen from a pool. Each module of `methods/` puts one or more into the registry."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..base.params import Params
from ..base.registry import Registry
from .pool import Picks, Pool

Pick = Callable[[Pool, Params, int], Picks]  # pool, `SelectionParams`, budget -> picks among the free records
# pool, `SelectionParams`, the `Selection` made of it, (m,) free rows -> m ends of "Selected by NAME: " or "Not selected by NAME: "
Why = Callable[[Pool, Params, Any, np.ndarray], list[str]]
# pool, `SelectionParams`, the `Selection` made of it -> sentences a curator should know of it
Notes = Callable[[Pool, Params, Any], list[str]]
GROUPED = ("style", "gain", "isolation", "tree", "domains")  # quotas by which groups share the budget first
FAMILIES = {
    "diverse": "Balanced and diverse",
    "quality": "Quality first",
    "target": "Toward a target",
    "papers": "Papers' and baselines",
}


@dataclasses.dataclass(frozen=True)
class Method:
    """One method. help: what it does, for a curator, in one short line. place: where it stands in lists.

    family: of FAMILIES, under which it is listed. best_when: the end of "Works best when …". seconds: about how long it takes to
    take m of n records, of (n, m), on the machine that `expected.py` speaks of, which puts it right for others.
    pick: chooses among the free records; pins are added by `select_records`. needs: the stages that it can't do without.
    options: the params it goes by, beside the budget. why: says why a record is taken or not, where the method can tell.
    closes: gives the row ids that it never takes, though they are not dropped. notes: what a curator should know of a selection
    by it, put among its warnings. scored_by: the scores that it goes by, as they are called among others ("judge-quality"),
    whichever are the current ones; "" takes the current ones. instead: the method to take where this one would take too long.
    on_gpu: whether it chooses on the pool's device where that is a GPU.
    """

    name: str
    help: str
    place: int
    pick: Pick
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    why: Why | None = None
    notes: Notes | None = None
    scored_by: str = ""
    family: str = ""
    best_when: str = ""
    seconds: Callable[[int, int], float] = lambda n, m: 5e-7 * n
    closes: Callable[[Pool], np.ndarray] | None = None
    instead: str = ""
    on_gpu: bool = False

    @property
    def is_seeded(self) -> bool:
        """Whether its picks depend on a seed: its own, or that of the clusters or the probes that it goes by."""
        return not self.needs or bool({"cluster", "reward"} & set(self.needs)) or "seed" in self.options

    @property
    def can_repeat(self) -> bool:
        """Whether it can draw a record more than once."""
        return "replacement" in self.options

    @property
    def is_banded(self) -> bool:
        """Whether it takes a band of records by how alike they are, inside groups of records."""
        return "band" in self.options


METHODS: Registry[Method] = Registry()


def is_seeded(params: Mapping[str, Any]) -> bool:
    """Whether the picks of a selection, by its params' plain form, depend on a seed: its method's, or that of its quota's groups.

    Of rounds, versions and files, which no method made, False.
    """
    name = params.get("method", "")
    return name in METHODS and (METHODS[name].is_seeded or params.get("quota") in GROUPED)
