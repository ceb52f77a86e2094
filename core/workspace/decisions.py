"""Overrides: the decisions of people, replayed into hard constraints. Stores nothing (`ledger.py` does).

Decisions are replayed in the order they were made and the last word on a record counts, whoever and whatever it came
from. Undo and redo are decisions too; they name the one they take back or restore, and nothing is ever deleted.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..base.errors import CurationError
from ..base.params import check_choice

ACTIONS = ("pin", "drop", "weight", "clear")
REVISIONS = ("undo", "redo")


@dataclasses.dataclass(frozen=True)
class Decision:
    """What somebody decided.

    target: "records" (rows: (m,) int64, of the dataset `fingerprint`; hashes: their content hashes), or "cluster"
    (cluster: its id in the clustering whose key is `clustering`). value: the multiplier of "weight".
    refers: the decision that an "undo" or "redo" is about, or the one that was carried over to a new clustering: it is then
    replayed in that one's place. id and at are given by the ledger.
    """

    action: str
    target: str = "records"
    rows: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    hashes: tuple[bytes, ...] = ()
    fingerprint: str = ""
    cluster: int = -1
    clustering: str = ""
    value: float = 1.0
    note: str = ""
    who: str = ""
    refers: int = 0
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
    """

    pinned: np.ndarray
    dropped: np.ndarray
    multipliers: dict[int, float]
    set_aside: tuple[Decision, ...] = ()


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
    """Return {id: "in force", "taken back" or "set aside"} of the decisions that are no undo or redo."""
    standing = {decision.id for decision in in_force(decisions)}
    aside = {decision.id for decision in overrides.set_aside}
    return {
        d.id: "set aside" if d.id in aside else "in force" if d.id in standing else "taken back"
        for d in decisions
        if d.action in ACTIONS
    }


def next_undo(decisions: Sequence[Decision]) -> int | None:
    """Return the id of the decision that "undo" takes back: the latest in force. None where there is none."""
    return max((d.id for d in in_force(decisions)), default=None)


def next_redo(decisions: Sequence[Decision]) -> int | None:
    """Return the id of the decision that "redo" restores: the last undone since the last new decision, or None."""
    stack: list[int] = []
    for decision in decisions:
        if decision.action == "undo":
            stack.append(decision.refers)
        elif decision.action == "redo":
            stack = [refers for refers in stack if refers != decision.refers]
        else:
            stack = []
    return stack[-1] if stack else None


def resolve_overrides(
    decisions: Iterable[Decision],
    n_records: int,
    labels: np.ndarray | None,
    clustering: str,
    rows_of: Callable[[Decision], np.ndarray] = lambda decision: decision.rows,
) -> Overrides:
    """Replay `decisions` into constraints on `n_records` records.

    labels: (n,) clusters of the clustering whose key is `clustering`, or None. `rows_of` finds a record decision's rows
    in today's data. Decisions about another clustering are set aside, not guessed at (see `carry_over`).
    """
    state = np.zeros(n_records, np.int8)
    multipliers: dict[int, float] = {}
    set_aside = []
    standing = in_force(decisions)
    carried = {d.refers for d in standing if d.refers and d.clustering == clustering}
    for decision in sorted(standing, key=lambda d: d.refers or d.id):
        if decision.target == "cluster" and (labels is None or decision.clustering != clustering):
            if decision.id not in carried and not (decision.refers and decision.refers in carried):
                set_aside.append(decision)
            continue
        if decision.action == "weight":
            multipliers[decision.cluster] = decision.value
            continue
        rows = labels == decision.cluster if decision.target == "cluster" else rows_of(decision)
        state[rows] = {"clear": 0, "pin": 1, "drop": 2}[decision.action]
        if decision.action == "clear" and decision.target == "cluster":
            multipliers.pop(decision.cluster, None)
    multipliers = {cluster: factor for cluster, factor in sorted(multipliers.items()) if factor != 1}
    return Overrides(np.flatnonzero(state == 1), np.flatnonzero(state == 2), multipliers, tuple(set_aside))


def carry_over(old_labels: np.ndarray, new_labels: np.ndarray, cluster: int) -> tuple[int, float]:
    """Return (new cluster, overlap) for the new cluster that overlaps an old one most.

    old_labels, new_labels: (n,) int. Overlap is Jaccard's: records in both / records in either, in 0..1.
    """
    members = old_labels == cluster
    shared = np.bincount(new_labels[members], minlength=int(new_labels.max()) + 1)
    union = members.sum() + np.bincount(new_labels, minlength=len(shared)) - shared
    overlap = shared / np.maximum(union, 1)
    best = int(overlap.argmax())
    return best, float(overlap[best])


def rows_by_hash(wanted: Sequence[bytes], present: np.ndarray) -> np.ndarray:
    """Return the ascending rows of `present` ((n,) S16 hashes) that hold `wanted`; the i-th copy answers the i-th ask."""
    present = np.asarray(present, dtype="V16").astype("V16")
    names, inverse = np.unique(np.concatenate([present, np.array(list(wanted), dtype="V16")]), return_inverse=True)
    n = len(present)
    have, ask = inverse[:n], inverse[n:]
    asked = np.bincount(ask, minlength=len(names))
    order = np.argsort(have, kind="stable")
    copy = np.empty(n, np.int64)
    copy[order] = np.arange(n) - np.searchsorted(have[order], have[order])
    return np.flatnonzero(copy < asked[have])


def match_hashes(wanted: Sequence[bytes], present: np.ndarray, again: bool = True) -> np.ndarray:
    """Return (w,) int64: for each wanted hash a row of `present` ((n,) S16) that holds it, -1 where none does.

    Asked for again it gives the next copy, and after the last copy the first, or -1 unless `again`.
    """
    present = np.asarray(present, dtype="V16").astype("V16")
    names, inverse = np.unique(np.concatenate([present, np.array(list(wanted), dtype="V16")]), return_inverse=True)
    have, ask = inverse[: len(present)], inverse[len(present) :]
    order = np.argsort(have, kind="stable")
    copies = np.bincount(have, minlength=len(names))
    first = np.cumsum(copies) - copies
    turn = np.argsort(ask, kind="stable")
    rank = np.empty(len(ask), np.int64)
    rank[turn] = np.arange(len(ask)) - np.searchsorted(ask[turn], ask[turn])
    rows = np.full(len(ask), -1, np.int64)
    found = copies[ask] > (0 if again else rank)
    rows[found] = order[first[ask[found]] + rank[found] % copies[ask[found]]]
    return rows
