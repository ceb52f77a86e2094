"""Overrides: the decisions of people, replayed into hard constraints. Stores nothing (`ledger.py` does).

Decisions are replayed in the order they were made and the last word on a record counts, whoever and whatever it came
from. Undo and redo are decisions too; they name the one they take back or restore, and nothing is ever deleted.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..base.errors import CurationError
from ..base.params import check_choice
from .row_sets import unpack_rows

CONSTRAINTS = ("pin", "drop", "weight", "clear")
ACTIONS = (*CONSTRAINTS, "edit", "rename", "merge", "split")
REVISIONS = ("undo", "redo")
FEW = 64  # rows of a decision
_SORT_FOR = 20


class _Rows:
    """A field of row ids that keeps what it was given, an array or the bytes of `pack_rows`, and gives (m,) int64.

    Few rows are kept as they were unpacked: thousands of decisions on a record each would be unpacked at every replay.
    """

    def __get__(self, owner: "Decision | None", kind: type) -> np.ndarray | bytes:
        if owner is None:
            return b""  # the default, no rows
        held = owner.__dict__["rows"]
        if not isinstance(held, bytes):
            return held
        rows = unpack_rows(held)
        rows.flags.writeable = False
        if len(rows) <= FEW:
            owner.__dict__["rows"] = rows
        return rows

    def __set__(self, owner: "Decision", rows: np.ndarray | bytes) -> None:
        owner.__dict__["rows"] = rows


@dataclasses.dataclass(frozen=True)
class Decision:
    """What somebody decided.

    target: "records" (rows: (m,) int64, of the dataset `fingerprint`, whose hashes the workspace keeps; hashes: the records'
    own content hashes, where a ledger of before kept them), or "cluster" (cluster: its id in the clustering whose key is
    `clustering`). value: the multiplier of "weight".
    field, text: of "edit" the field of the one record and its new text; of "rename" text is the cluster's name.
    numbers: of "merge" the clusters that join `cluster`; of "split" the seed, then the ids of the parts; of a constraint on one
    of several clusters a number that those decided together have in common.
    sign: what had been merged and split to give this cluster, "" for one as the clustering found it (see `shape.py`).
    refers: the decision that an "undo" or "redo" is about, or the one that was carried over to a new clustering: it is then
    replayed in that one's place. origin: of one that was replayed from a log, which it was there, else "".
    id and at are given by the ledger.
    """

    action: str
    target: str = "records"
    rows: np.ndarray = _Rows()
    hashes: tuple[bytes, ...] = ()
    fingerprint: str = ""
    cluster: int = -1
    clustering: str = ""
    value: float = 1.0
    note: str = ""
    who: str = ""
    refers: int = 0
    field: str = ""
    text: str = ""
    numbers: tuple[int, ...] = ()
    sign: str = ""
    origin: str = ""
    id: int = 0
    at: str = ""

    def __post_init__(self) -> None:
        check_choice("action", self.action, ACTIONS + REVISIONS)
        check_choice("target", self.target, ("records", "cluster"))
        is_weight = isinstance(self.value, int | float) and np.isfinite(self.value) and self.value >= 0
        if self.action == "weight" and (self.target != "cluster" or not is_weight):
            raise CurationError(
                f"a weight of {self.value!r} on {self.target}; a weight is a number of at least 0 on a cluster."
            )


@dataclasses.dataclass(frozen=True)
class Overrides:
    """The constraints that follow from the decisions.

    pinned, dropped: ascending row ids. multipliers: {cluster: factor}. set_aside: decisions about another clustering.
    lost: decisions about records of an earlier import that nothing tells any more.
    """

    pinned: np.ndarray
    dropped: np.ndarray
    multipliers: dict[int, float]
    set_aside: tuple[Decision, ...] = ()
    lost: tuple[Decision, ...] = ()


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the decisions, in order, that stand after every undo and redo."""
    decisions = list(decisions)
    undone: set[int] = set()
    for decision in decisions:
        if decision.action == "undo":
            undone.add(decision.refers)
        elif decision.action == "redo":
            undone.discard(decision.refers)
    return [d for d in decisions if d.action in ACTIONS and d.id not in undone]


def decision_states(decisions: Sequence[Decision], overrides: Overrides) -> dict[int, str]:
    """Return {id: "in force", "taken back", "set aside" or "lost"} of the decisions that are no undo or redo."""
    standing = {decision.id for decision in in_force(decisions)}
    aside = {decision.id: "set aside" for decision in overrides.set_aside}
    aside |= {decision.id: "lost" for decision in overrides.lost}
    return {
        d.id: aside.get(d.id) or ("in force" if d.id in standing else "taken back")
        for d in decisions
        if d.action in ACTIONS
    }


def is_of(decision: Decision, who: str) -> bool:
    """Whether a decision is `who`'s to take back: their own, or one that nobody signed. Who signs nothing is not told apart."""
    return not who or decision.who in (who, "")


def next_undo(decisions: Sequence[Decision], who: str = "") -> int | None:
    """Return the id of the decision that "undo" takes back: the latest in force of `who`, "" for anybody's. None: there is none."""
    return max((d.id for d in in_force(decisions) if is_of(d, who)), default=None)


def next_redo(decisions: Sequence[Decision], who: str = "") -> int | None:
    """Return the id of the decision that "redo" restores: the last undone since the last new decision, or None.

    who: by whom it was undone and what is new was decided, "" for anybody.
    """
    stack: list[int] = []
    for decision in decisions:
        if decision.action == "redo":
            stack = [refers for refers in stack if refers != decision.refers]
        elif not is_of(decision, who):
            continue
        elif decision.action == "undo":
            stack.append(decision.refers)
        else:
            stack = []
    return stack[-1] if stack else None


def made_together(decisions: Sequence[Decision], refers: int, stands: bool) -> list[int]:
    """Return the ids of the constraints that were made together with `refers`, itself too, those that stand or that do not."""
    about = next((each for each in decisions if each.id == refers), None)
    if about is None or about.action not in CONSTRAINTS or not about.numbers:
        return [refers]
    standing = {each.id for each in in_force(decisions)}
    mark = (about.action, about.numbers, about.who)
    alike = [each.id for each in decisions if (each.action, each.numbers, each.who) == mark]
    return [each for each in alike if (each in standing) == stands]


def resolve_overrides(
    decisions: Iterable[Decision],
    n_records: int,
    labels: np.ndarray | None,
    clustering: str,
    rows_of: Callable[[Decision], np.ndarray | None] = lambda decision: decision.rows,
    sign_of: Callable[[int], str] = lambda cluster: "",
    members_then: Callable[[Decision], np.ndarray | None] = lambda decision: decision.rows,
) -> Overrides:
    """Replay `decisions` into constraints on `n_records` records.

    labels: (n,) clusters of the clustering whose key is `clustering`, or None. `rows_of` finds a record decision's rows
    in today's data, None where it can't. Decisions about another clustering are set aside, not guessed at (see `carry_over`).
    sign_of: the sign that a cluster has today. A decision on one that was merged or split since is about the records that it
    had, those of `members_then`; a weight on it is set aside.
    """
    state = np.zeros(n_records, np.int8)
    multipliers: dict[int, float] = {}
    set_aside, lost = [], []
    standing = [decision for decision in in_force(decisions) if decision.action in CONSTRAINTS]
    members = _members(labels, sum(decision.target == "cluster" for decision in standing))
    carried = {d.refers for d in standing if d.refers and d.clustering == clustering}
    for decision in sorted(standing, key=lambda d: d.refers or d.id):
        on_cluster = decision.target == "cluster"
        there = on_cluster and labels is not None and decision.clustering == clustering
        same = there and decision.sign == sign_of(decision.cluster)
        if on_cluster and (not there or (decision.action == "weight" and not same)):
            if decision.id not in carried and not (decision.refers and decision.refers in carried):
                set_aside.append(decision)
            continue
        if decision.action == "weight":
            multipliers[decision.cluster] = decision.value
            continue
        find = rows_of if not on_cluster else members_then if not same else lambda d: members(d.cluster)
        if (rows := find(decision)) is None:
            lost.append(decision)
            continue
        state[rows] = {"clear": 0, "pin": 1, "drop": 2}[decision.action]
        if decision.action == "clear" and same:
            multipliers.pop(decision.cluster, None)
    multipliers = {cluster: factor for cluster, factor in sorted(multipliers.items()) if factor != 1}
    pinned, dropped = np.flatnonzero(state == 1), np.flatnonzero(state == 2)
    return Overrides(pinned, dropped, multipliers, tuple(set_aside), tuple(lost))


def _members(labels: np.ndarray | None, n_asks: int) -> Callable[[int], np.ndarray]:
    """Return a function that gives the rows of a cluster; sorted once where many are asked for."""
    if labels is None or n_asks < _SORT_FOR:
        return lambda cluster: np.flatnonzero(labels == cluster)
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    return lambda cluster: order[np.searchsorted(ordered, cluster) : np.searchsorted(ordered, cluster, side="right")]


def carry_over(old_labels: np.ndarray, new_labels: np.ndarray, cluster: int) -> tuple[int, float]:
    """Return (new cluster, overlap) for the new cluster that overlaps an old one most.

    old_labels, new_labels: (n,) int. Overlap is Jaccard's: records in both / records in either, in 0..1.
    """
    return best_overlap(np.flatnonzero(old_labels == cluster), new_labels)


def best_overlap(rows: np.ndarray, new_labels: np.ndarray) -> tuple[int, float]:
    """Return (cluster, overlap) for the cluster that overlaps the records `rows` most; see `carry_over`."""
    shared = np.bincount(new_labels[rows], minlength=int(new_labels.max()) + 1)
    union = len(rows) + np.bincount(new_labels, minlength=len(shared)) - shared
    overlap = shared / np.maximum(union, 1)
    best = int(overlap.argmax())
    return best, float(overlap[best])
