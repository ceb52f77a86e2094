"""Records on which people decided otherwise: the last word counts, and both the one who had it and the one before are told."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..base.text import counted
from .decisions import FEW, Decision, in_force
from .told import told

_CODES = {"clear": 0, "pin": 1, "drop": 2}


@dataclasses.dataclass(frozen=True)
class Overruled:
    """A decision (`by`) that has the last word on records that somebody else (`of`) had decided otherwise; how many of these."""

    by: Decision
    of: Decision
    n: int


def overruled(decisions: Sequence[Decision], fingerprint: str, n_records: int) -> list[Overruled]:
    """Return what stands against what somebody else decided before, of records, the newest first.

    fingerprint, n_records: of today's data; what is about an earlier import is left out. Decisions on clusters count for none of
    their records here. Where several people were overruled by one decision, each gives one.
    """
    made = [d for d in in_force(decisions) if d.action in _CODES and d.target == "records"]
    made = [d for d in made if d.fingerprint == fingerprint]
    people = {who: i for i, who in enumerate(dict.fromkeys(d.who for d in made))}
    if len(people) < 2:
        return []
    whose = np.array([people[d.who] for d in made], np.int32)
    action = np.array([_CODES[d.action] for d in made], np.int8)
    again, positions = _decided_again(made, n_records)
    last, before = np.full(n_records, -1, np.int32), np.full(n_records, -1, np.int32)  # positions in `made`
    for at in positions:
        rows = made[at].rows
        rows = rows[again[rows]]
        held, first = last[rows], before[rows]
        held = np.where((first >= 0) & (whose[held] == whose[at]) & (whose[first] != whose[at]), first, held)
        against = (held >= 0) & (whose[held] != whose[at]) & (action[held] != action[at]) & (action[held] > 0)
        before[rows], last[rows] = np.where(against, held, -1), at
    there = np.flatnonzero(before >= 0)
    pairs, n = np.unique(np.stack([last[there], before[there]], axis=1), axis=0, return_counts=True)
    found = [Overruled(made[by], made[of], count) for (by, of), count in zip(pairs.tolist(), n.tolist(), strict=True)]
    return sorted(found, key=lambda each: each.by.id, reverse=True)


def _decided_again(made: Sequence[Decision], n_records: int) -> tuple[np.ndarray, list[int]]:
    """Return (n_records,) bool: which were decided on more than once: only there something can stand against something; and the
    ascending positions of the decisions that may be on such.
    """
    seen, again = np.zeros(n_records, bool), np.zeros(n_records, bool)
    few, many = [], []
    for at, decision in enumerate(made):
        rows = decision.rows
        if len(rows) <= FEW:
            few.append(at)
            continue
        many.append(at)
        again[rows] |= seen[rows]
        seen[rows] = True
    if not few:
        return again, many
    rows = np.concatenate([made[at].rows for at in few])  # thousands on a record each, as by keys: together
    times = np.bincount(rows, minlength=n_records)
    again |= (times > 1) | (seen & (times > 0))
    whose = np.repeat(few, [len(made[at].rows) for at in few])
    return again, sorted({*many, *whose[again[rows]].tolist()})


def told_overruled(each: Overruled, who: str) -> str:
    """Return it in words for one of the two people, as in "ben dropped record 3, which you had pinned"."""
    by = "you" if each.by.who == who else each.by.who or "somebody"
    of = "you" if each.of.who == who else each.of.who or "somebody"
    done = {"pin": "pinned", "drop": "dropped"}[each.of.action]
    rows = len(each.by.rows)
    which = "which" if rows == each.n else f"{each.n:,} of which"
    return f"{by} {told(each.by)}, {which} {of} had {done}"


def told_at_once(found: Sequence[Overruled], made: Decision) -> str:
    """Return a sentence of what a decision just made overrules, "" where nothing."""
    mine = [each for each in found if each.by.id == made.id]
    if not mine:
        return ""
    n, people = sum(each.n for each in mine), ", ".join(dict.fromkeys(each.of.who or "somebody" for each in mine))
    return f"{counted(n, 'record of them was', 'records of them were')} decided otherwise by {people}; the last word counts."
