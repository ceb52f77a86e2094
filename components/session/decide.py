"""What is decided on a page, and which selection is current: written to the workspace and said aloud. Callbacks only."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from components.session import opened, state
from components.session.uninterrupted import uninterrupted
from core.base.errors import CurationError
from core.base.text import counted
from core.evidence.current import make_current
from core.export.decision_replay import Replayed, replay_log
from core.vectors import reshaping
from core.workspace.contested import told_at_once
from core.workspace.deciding import contested_in, decide_clusters, decide_records
from core.workspace.decisions import Decision
from core.workspace.edits import edit_record
from core.workspace.revising import revise_own, said

_REPLAYED = "winnow_replayed"
_DONE = {"pin": "Pinned", "drop": "Dropped", "clear": "Cleared", "weight": "Weighted"}


@uninterrupted
def on_records(action: str, rows: np.ndarray, note: str = "") -> bool:
    """Pin, drop or clear records; return whether it was done."""
    pipeline = opened.pipeline()
    try:
        decision = decide_records(pipeline.workspace, action, rows, state.get().who, note)
    except CurationError as error:
        state.say(error.on_page)
        return False
    against = told_at_once(contested_in(pipeline), decision)
    state.say(f"{_DONE[action]} {counted(len(decision.rows), 'record')}. Undo takes it back. {against}".strip())
    return True


@uninterrupted
def on_clusters(action: str, clusters: Sequence[int], clustering: str, value: float = 1.0, note: str = "") -> None:
    """Pin, drop, clear or weight clusters of the clustering that the reader saw, several of them together."""
    try:
        made = decide_clusters(opened.pipeline(), action, clusters, state.get().who, note, value, clustering)
    except CurationError as error:
        state.say(error.on_page)
        return
    by = f" x {value:g}" if action == "weight" else ""
    what, back = (
        (f"cluster {made[0].cluster}", "it") if len(made) == 1 else (counted(len(made), "cluster"), "all of it")
    )
    state.say(f"{_DONE[action]} {what}{by}. Undo takes {back} back.")


@uninterrupted
def on_field(row: int, field: str, text: str, note: str = "") -> None:
    """Give a field of a record another text; it stands in exports, beside the original."""
    try:
        decision = edit_record(opened.pipeline().workspace, row, field, text, state.get().who, note)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say(f"{decision.field} of record {row:,} is edited; exports will have the new text. Undo takes it back.")


@uninterrupted
def rename_cluster(cluster: int, name: str, clustering: str = "", note: str = "") -> None:
    """Give a cluster another name. clustering: the key of the clustering that the reader saw."""
    if _reshape(reshaping.rename_cluster, cluster, name, clustering=clustering, note=note):
        state.say(f"Cluster {cluster} is called {name.strip()} now. Undo takes it back.")


@uninterrupted
def merge_clusters(clusters: Sequence[int], clustering: str = "", note: str = "") -> None:
    """Make one cluster of several."""
    if made := _reshape(reshaping.merge_clusters, clusters, clustering=clustering, note=note):
        state.say(
            f"{counted(len(made.numbers) + 1, 'cluster')} are one now, cluster {made.cluster}. Undo takes it back."
        )


@uninterrupted
def split_cluster(cluster: int, parts: int = 2, seed: int = 0, clustering: str = "", note: str = "") -> None:
    """Split a cluster into parts by k-means."""
    if made := _reshape(reshaping.split_cluster, cluster, parts, seed, clustering=clustering, note=note):
        ids = ", ".join(map(str, made.numbers[1:]))
        state.say(f"Cluster {cluster} is {len(made.numbers) - 1} clusters now: {ids}. Undo takes it back.")


def _reshape(do: Callable[..., Decision], *arguments, **named) -> Decision | None:
    """Rename, merge or split; return the decision, or None where it can't be, which is said."""
    try:
        return do(opened.pipeline(), *arguments, who=state.get().who, **named)
    except CurationError as error:
        state.say(error.on_page)
        return None


@uninterrupted
def replay(log: bytes) -> None:
    """Replay a log of decisions; what became of it is told by `last_replay`, on the same workspace."""
    pipeline = opened.pipeline()
    try:
        found = replay_log(pipeline, log, state.get().who)
    except CurationError as error:
        state.say(error.on_page)
        return
    st.session_state[_REPLAYED] = (pipeline.workspace.folder, found)
    state.say(f"{counted(found.n_made, 'decision')} replayed. Each can be taken back.")


def last_replay() -> Replayed | None:
    """Return what became of the log that this reader replayed last in the open workspace."""
    folder, found = st.session_state.get(_REPLAYED, (None, None))
    return found if folder == opened.pipeline().workspace.folder else None


@uninterrupted
def use(choice_id: str) -> None:
    """Make a selection the current one: see `core.current.make_current`."""
    try:
        current = make_current(opened.pipeline(), choice_id)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say(f"The current selection is {current.title}: {current.size}.")


@uninterrupted
def undo(decision_id: int = 0) -> bool:
    """Take back a decision, by default the reader's latest; return whether it was done."""
    return _revise("undo", decision_id)


@uninterrupted
def redo(decision_id: int = 0) -> None:
    """Restore a decision, by default the one that the reader took back last."""
    _revise("redo", decision_id)


def _revise(action: str, decision_id: int) -> bool:
    workspace, who = opened.pipeline().workspace, state.get().who
    try:
        made = revise_own(workspace, action, who, decision_id)
    except CurationError as error:
        state.say(error.on_page)
        return False
    state.say(said(action, made, workspace.ledger.decisions(), who))
    return True
