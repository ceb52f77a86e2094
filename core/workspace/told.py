"""What people decided, in words: for a line on a page, a log, a filter by words."""

import datetime
from collections.abc import Sequence

from ..base.text import counted, shorten
from .decisions import Decision

_DONE = {"pin": "pinned", "drop": "dropped", "clear": "cleared"}
_LONGEST_TEXT = 60


def told(decision: Decision) -> str:
    """Return what somebody did, as in "pinned 3 records" or "renamed cluster 5 to Recipes"."""
    action, cluster = decision.action, f"cluster {decision.cluster}"
    if action == "undo":
        return f"took back decision {decision.refers}"
    if action == "redo":
        return f"restored decision {decision.refers}"
    if action == "weight":
        return f"weighted {cluster} x {decision.value:g}"
    if action == "edit":
        return f"edited {decision.field} of record {decision.rows[0]:,}"
    if action == "rename":
        return f"renamed {cluster} to {shorten(decision.text, _LONGEST_TEXT)}"
    if action == "merge":
        return f"merged {counted(len(decision.numbers), 'cluster')} into {cluster}"
    if action == "split":
        return f"split {cluster} into {len(decision.numbers) - 1}"
    if decision.target == "cluster":
        return f"{_DONE[action]} {cluster}"
    rows = decision.rows
    return f"{_DONE[action]} " + (f"record {rows[0]:,}" if len(rows) == 1 else counted(len(rows), "record"))


def told_of(decisions: Sequence[Decision], number: int, who: str = "") -> str:
    """Return a decision with whose it is and what it did, as in "decision 7 of ann (pinned 3 records)".

    who: to whom this is told; of their own decisions it is not said whose they are.
    """
    made = next((each for each in decisions if each.id == number), None)
    if made is None:
        return f"decision {number}"
    of = f" of {made.who}" if made.who and made.who != who else ""
    return f"decision {number}{of} ({told(made)})"


def about_shape(decision: Decision, before: str) -> str:
    """Return what a rename, merge or split makes of its cluster, as in "with 5, 7", behind `before`; "" for the others."""
    if decision.action == "merge":
        return f"{before}with {', '.join(map(str, decision.numbers))}"
    if decision.action == "split":
        return f"{before}into {', '.join(map(str, decision.numbers[1:]))}"
    return f"{before}now {shorten(decision.text, _LONGEST_TEXT)}" if decision.action == "rename" else ""


def ago(at: str, now: datetime.datetime | None = None) -> str:
    """Return how long ago a moment of the ledger was, as in "10 s ago"."""
    now = now or datetime.datetime.now(datetime.UTC)
    seconds = max(0, round((now - datetime.datetime.fromisoformat(at)).total_seconds()))
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago" if seconds > 1 else "just now"


def matching(
    decisions: Sequence[Decision], who: str | None = None, action: str | None = None, words: str = ""
) -> list[Decision]:
    """Return the decisions of a person and an action whose words, note or text hold every one of `words`, in order.

    who, action: None for all. words: cases don't matter.
    """
    wanted = words.lower().split()
    found = []
    for decision in decisions:
        if (who is not None and decision.who != who) or (action is not None and decision.action != action):
            continue
        said = f"{decision.who} {told(decision)} {decision.note} {decision.text}".lower() if wanted else ""
        if all(word in said for word in wanted):
            found.append(decision)
    return found
