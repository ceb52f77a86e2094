"""Taking back and restoring as one of several people: what one did oneself, and what another did only where it is named."""

from collections.abc import Sequence

from ..base.errors import CurationError
from .deciding import revise_together
from .decisions import Decision, next_redo, next_undo
from .told import told_of
from .workspace import Workspace

_NEXT = {"undo": next_undo, "redo": next_redo}


def revise_own(workspace: Workspace, action: str, who: str, number: int = 0) -> list[Decision]:
    """Take back ("undo") or restore ("redo") the last decision of `who`, or decision `number`, whosoever; see `revise_together`.

    Raises CurationError where there is none, naming the last of another, if there is one.
    """
    check_number(workspace, action, number)

    def find(decisions: Sequence[Decision]) -> int | None:
        found = number or _NEXT[action](decisions, who)
        if found is None and (other := _NEXT[action](decisions)):
            last = told_of(decisions, other, who)
            raise CurationError(
                f"There is nothing of yours to {action}; the last that could be is {last}",
                command=f"to {action} it, add --decision {other}.",
                page="on the Review page it can be chosen in the list",
            )
        return found

    return revise_together(workspace, action, find, who)


def check_number(workspace: Workspace, action: str, number: int) -> None:
    """Raise CurationError for a number (0: none is meant) that is no decision's, or that of an undo or redo."""
    if number and not any(each.id == number and each.action not in _NEXT for each in workspace.ledger.decisions()):
        raise CurationError(f"There is no decision {number} to {action}; `decisions` lists them with their numbers.")


def said(action: str, made: Sequence[Decision], decisions: Sequence[Decision], who: str) -> str:
    """Return in a sentence what `revise_own` did. decisions: the log. who: whom it is told."""
    done = "taken back" if action == "undo" else "restored"
    together = f", with the {len(made) - 1:,} made together with it" if len(made) > 1 else ""
    about = told_of(decisions, made[-1].refers, who)
    return f"{about[0].upper()}{about[1:]} is {done}{together}."
