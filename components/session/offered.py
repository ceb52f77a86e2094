"""What can be chosen on a workspace as it is: a choice that could only fail is not offered. Draws nothing."""

from collections.abc import Iterable

from components.session import opened
from core.run.pipeline import Pipeline
from core.selection.method import METHODS
from core.selection.named_scores import scores_key
from core.selection.params import GROUPS, QUOTAS

_NEEDS = {"rounds": ("cluster", "score")}  # of what an ablation trains beside the methods


def groups(pipeline: Pipeline) -> list[str]:
    """Return what bands can go by: domains found, source labels, both, or nothing."""
    can = {"domains": bool(pipeline.current("reward")), "source": bool(opened.sources(pipeline)[0])}
    return [name for name in GROUPS if can[name]]


def methods(pipeline: Pipeline, names: Iterable[str], by_source: bool = True) -> list[str]:
    """Return those of `names` whose stages are all there. by_source: bands may go by source labels where there are some."""
    banded = by_source and "source" in groups(pipeline)

    def is_there(method: str, need: str) -> bool:
        return bool(pipeline.current(need)) or (
            need == "reward" and method in METHODS and METHODS[method].is_banded and banded
        )

    def is_scored(method: str) -> bool:
        name = METHODS[method].scored_by if method in METHODS else ""
        return not name or bool(scores_key(pipeline, name))

    def needs(name: str) -> tuple[str, ...]:
        return METHODS[name].needs if name in METHODS else _NEEDS.get(name, ())

    return [name for name in names if all(is_there(name, need) for need in needs(name)) and is_scored(name)]


def quotas(pipeline: Pipeline, method: str) -> list[str]:
    """Return what quotas a method can go by: "equal" needs clusters of its own, the groups what finds them."""
    by_cluster = "cluster" in METHODS[method].needs
    needs = {"isolation": "embed", "tree": "embed", "domains": "reward"}
    can = {name: bool(pipeline.current(needs[name])) if name in needs else True for name in QUOTAS}
    return [name for name in QUOTAS if can[name] and (by_cluster or name != "equal")]


def probabilities(pipeline: Pipeline) -> list[str]:
    """Return what a record's chance in kmq can go by: in proportion to quality only where none is negative."""
    quality = opened.quality(pipeline)
    return ["softmax"] if quality is not None and quality.min() < 0 else ["proportional", "softmax"]
