"""The shape of a clustering: what people merged, split and renamed, replayed on the clustering as it was found. Pure.

Ids are stable. Clusters that are merged go to one of theirs and leave the others empty; the largest part of a split keeps the
cluster's id and the others get new ones. What made a cluster is its sign: two clusterings with the same base hold the same
cluster where its id and its sign are the same.
"""

import dataclasses
from collections.abc import Iterable

from ..base.params import digest
from .decisions import Decision, in_force
from .results import Results

CLUSTERING = "cluster"  # the stage whose groups of records people decide on as one
_VERSION = 1
STRUCTURE = ("merge", "split")
# How clusters are named: a clustering says by which way its own were; newer names of an older one are kept by its key.
NAMED, NAMING = "named", 2


@dataclasses.dataclass(frozen=True)
class Shape:
    """What stands of what people did to the clustering whose key is `base`.

    steps: the merges and splits that hold, in order. signs: {cluster: sign} of those that they changed. names: {cluster: name}
    of those that people named. aside: merges, splits and names of clusters that are no longer there.
    """

    base: str
    steps: tuple[Decision, ...] = ()
    signs: dict[int, str] = dataclasses.field(default_factory=dict)
    names: dict[int, str] = dataclasses.field(default_factory=dict)
    aside: tuple[Decision, ...] = ()

    @property
    def key(self) -> str:
        """Return the key of the clustering in this shape: the base's own where nothing was merged or split."""
        steps = [[step.action, step.cluster, list(step.numbers)] for step in self.steps]
        return digest("shape", _VERSION, self.base, steps) if steps else self.base

    def sign(self, *clusters: int) -> str:
        """Return the sign of a cluster, or of several together: "" where they are as the clustering found them."""
        signs = [self.signs.get(cluster, "") for cluster in clusters]
        return "" if not any(signs) else signs[0] if len(signs) == 1 else digest(*signs)

    def after(self, step: Decision) -> "Shape":
        """Return the shape after one more merge or split."""
        signs = dict(self.signs)
        if step.action == "merge":
            made = digest("merge", *([each, self.sign(each)] for each in (step.cluster, *step.numbers)))
            signs |= {each: f"{made}-{each}" for each in step.numbers} | {step.cluster: made}
        else:
            made = digest("split", step.cluster, self.sign(step.cluster), list(step.numbers))
            signs |= {each: f"{made}.{place}" for place, each in enumerate(parts_of(step))}
        return dataclasses.replace(self, steps=(*self.steps, step), signs=signs)

    def before(self) -> "Shape":
        """Return the shape without its last merge or split; names are left out."""
        shape = Shape(self.base)
        for step in self.steps[:-1]:
            shape = shape.after(step)
        return shape

    def fits(self, step: Decision) -> bool:
        """Whether a merge or split is about clusters as they are in this shape."""
        about = (step.cluster, *step.numbers) if step.action == "merge" else (step.cluster,)
        new = () if step.action == "merge" else parts_of(step)[1:]
        return step.sign == self.sign(*about) and not any(part in self.signs for part in new)


def parts_of(split: Decision) -> tuple[int, ...]:
    """Return the ids of the parts of a split: the cluster's own first."""
    return split.numbers[1:]


def shape_of(standing: Iterable[Decision], base: str) -> Shape:
    """Replay the decisions that stand on the clustering whose key is `base`; those about another one are set aside."""
    about = [d for d in standing if d.action in (*STRUCTURE, "rename")]
    mine = [d for d in about if d.clustering == base]
    carried = {d.refers for d in mine if d.refers}
    shape, aside = Shape(base), [d for d in about if d.clustering != base and not {d.id, d.refers} & carried]
    for step in sorted((d for d in mine if d.action in STRUCTURE), key=lambda d: d.refers or d.id):
        if shape.fits(step):
            shape = shape.after(step)
        else:
            aside.append(step)
    for named in sorted((d for d in mine if d.action == "rename"), key=lambda d: d.refers or d.id):
        if named.sign == shape.sign(named.cluster):
            shape.names[named.cluster] = named.text
        else:
            aside.append(named)
    return dataclasses.replace(shape, aside=tuple(aside))


def shape_now(results: Results) -> Shape:
    """Return the shape that the current clustering has; its base is "" where there is none."""
    return results.once("shape", lambda: shape_of(_structure(results), results.key(CLUSTERING)))


def _structure(results: Results) -> list[Decision]:
    made = results.workspace.ledger.decisions()
    return in_force(made) if any(decision.action in (*STRUCTURE, "rename") for decision in made) else []


def is_about_today(results: Results, decision: Decision) -> bool:
    """Whether a decision on a cluster is about one that the current clustering has, as it is today or as it was."""
    return bool(results.current(CLUSTERING)) and decision.clustering == shape_now(results).base


def then_called(results: Results, decision: Decision) -> str:
    """Return the name of the cluster that a decision is about: today's where it is as it was then, else the one it had.

    "" where nothing tells it any more.
    """
    if decision.sign == shape_now(results).sign(decision.cluster):
        return cluster_names(results)[decision.cluster]
    names = found_names(results, decision.clustering)
    return names[decision.cluster] if not decision.sign and decision.cluster < len(names) else ""


def base_of(results: Results, key: str) -> str:
    """Return the key of the clustering that the clustering `key` was shaped from, its own where it was not."""
    there = results.workspace.has(CLUSTERING, key)
    return results.workspace.info(CLUSTERING, key).get("base", key) if there else key


def found_names(results: Results, key: str) -> list[str]:
    """Return the names of the clusters of a clustering as they were found; "" for one that was merged into another.

    Of one that was named by an earlier way of naming, the newer names where they were made since.
    """
    info = results.workspace.info(CLUSTERING, key)
    names, base = info["names"], info.get("base", key)
    if info.get(NAMED) == NAMING or not results.workspace.has(NAMED, base):
        return list(names)
    newer, before = (results.workspace.info(kind, base)["names"] for kind in (NAMED, CLUSTERING))
    is_as_found = [name == own for name, own in zip(names, before, strict=False)]
    return [newer[c] if same else names[c] for c, same in enumerate(is_as_found)] + names[len(is_as_found) :]


def cluster_names(results: Results, key: str = "") -> list[str]:
    """Return the names of the clusters of the current clustering, or of the one whose key it is, with people's own in place.

    "" for a cluster that was merged into another.
    """
    key = key or results.current(CLUSTERING)
    names = found_names(results, key)
    shape = shape_now(results)
    if key == shape.key:
        for cluster, name in shape.names.items():
            names[cluster] = name
    return names
