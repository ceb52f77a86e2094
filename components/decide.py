"""What is decided on a page, and which selection is current: written to the workspace and said aloud. Callbacks only."""

import numpy as np

from components import opened, state
from core.current import make_current
from core.errors import CurationError
from core.overrides import Decision, next_redo, next_undo
from core.words import counted

_DONE = {"pin": "Pinned", "drop": "Dropped", "clear": "Cleared", "weight": "Weighted"}


def on_records(action: str, rows: np.ndarray, note: str = "") -> None:
    """Pin, drop or clear records."""
    pipeline = opened.pipeline()
    try:
        decision = pipeline.workspace.decide_records(action, rows, state.get().who, note)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say(f"{_DONE[action]} {counted(len(decision.rows), 'record')}. Undo takes it back.")


def on_cluster(action: str, cluster: int, clustering: str, value: float = 1.0, note: str = "") -> None:
    """Pin, drop, clear or weight a cluster of the clustering that the reader saw."""
    pipeline = opened.pipeline()
    try:
        pipeline.decide_cluster(action, cluster, state.get().who, note, value, clustering)
    except CurationError as error:
        state.say(error.on_page)
        return
    by = f" x {value:g}" if action == "weight" else ""
    state.say(f"{_DONE[action]} cluster {cluster}{by}. Undo takes it back.")


def use(choice_id: str) -> None:
    """Make a selection the current one: see `core.current.make_current`."""
    try:
        current = make_current(opened.pipeline(), choice_id)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say(f"The current selection is {current.title}: {current.size}.")


def undo(decision_id: int | None = None) -> None:
    """Take back a decision, by default the latest."""
    _revise("undo", decision_id, next_undo)


def redo(decision_id: int | None = None) -> None:
    """Restore a decision, by default the one last taken back."""
    _revise("redo", decision_id, next_redo)


def _revise(action: str, decision_id: int | None, find) -> None:
    ledger = opened.pipeline().workspace.ledger
    refers = decision_id or find(ledger.decisions())
    if refers is None:
        state.say(f"There is nothing to {action}.")
        return
    ledger.add_decision(Decision(action=action, refers=refers, who=state.get().who))
    state.say(f"Decision {refers} is {'taken back' if action == 'undo' else 'restored'}.")
