"""Which records each rule of a selection is about, in a workspace as it stands."""

from collections.abc import Sequence

import numpy as np

from ..base.errors import CurationError, lacking
from ..base.text import shorten
from ..workspace.results import Results
from .finding.columns import Column
from .finding.data_columns import AT_ONCE_UP_TO, data_columns
from .finding.filters import mask_of
from .pool import Bound
from .rules import Rule


def bounds_of(results: Results, rules: Sequence[Rule]) -> tuple[Bound, ...]:
    """Return each rule with the (n,) bool of its records. Raises CurationError for a column or a value that there is not."""
    masks: dict[str, np.ndarray] = {}
    for rule in rules:
        name = rule.where.text
        if name not in masks:
            masks[name] = np.asarray(mask_of(rule.where, _column(results, rule.where.column)))
            if not masks[name].any():
                raise CurationError(
                    f"No record is {rule.where.label}, so the rule {rule.words} is about nothing; take it out."
                )
    return tuple(Bound(rule, masks[rule.where.text]) for rule in rules)


def _column(results: Results, name: str) -> Column:
    """Return a column by its name: of the records, or of a stage's result. What depends on the selection itself is none here."""
    if name == "source":
        names, codes = results.workspace.records().sources()
        return Column(name, labels=tuple(names), codes=codes)
    if name == "cluster":
        return Column(name, numbers=np.asarray(_there(results, results.array("cluster"), "cluster")))
    if name == "quality":
        return Column(name, numbers=_there(results, results.column("score", "score"), "score"))
    if name == "entropy":
        return Column(name, numbers=_there(results, results.column("reward", "reward"), "reward"))
    if name == "domain":
        codes = _there(results, results.column("reward", "domain"), "reward")
        return Column(name, labels=tuple(results.info("reward")["names"]), codes=np.asarray(codes))
    held = data_columns(results)
    if name in held or f"data.{name}" in held:
        return held.get(name) or held[f"data.{name}"]
    if not held and results.n_records() > AT_ONCE_UP_TO:
        raise lacking(f"A rule is on {name!r}, and the columns are not read yet", "columns", results.workspace.folder)
    there = ", ".join(["source", "cluster", *(column.name for column in held.values())])
    raise CurationError(f"A rule is on {shorten(name, 60)!r}, and there is no such column; there are {there}.")


def _there(results: Results, values: np.ndarray | None, stage: str) -> np.ndarray:
    if values is None:
        raise lacking(
            f"A rule needs the {stage} stage, which has not run on this data", stage, results.workspace.folder
        )
    return values
