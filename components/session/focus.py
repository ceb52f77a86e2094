"""What a reader looks at on a map: records, a cluster, or nothing; and how a new pick joins what is picked already."""

import numpy as np

from components.session import opened, state
from components.session.state import Focus
from core.base.errors import CurationError
from core.base.text import counted
from core.workspace.picks import forget_pick, keep_pick, pick_of


def look_at_record(row: int, join: str = "") -> None:
    """Look at the cluster that a record is in, the record first; or let that record alone join what is picked."""
    if join or state.get().join:
        keys = opened.shown_keys(opened.pipeline())
        state.get().look_at(Focus("area", f"record {row:,}", np.array([row]), made_on=keys), join)
    else:
        look_at_cluster(int(opened.labels(opened.pipeline())[row]), row)


def look_at_cluster(cluster: int, first: int = -1, join: str = "") -> None:
    """Look at a cluster. first: the record to read first, or -1."""
    pipeline = opened.pipeline()
    rows = np.flatnonzero(opened.labels(pipeline) == cluster)
    name = opened.cluster_names(pipeline)[cluster]
    state.get().look_at(Focus("cluster", name, rows, cluster, opened.shown_keys(pipeline), first), join)


def look_at_area(rows: np.ndarray, join: str = "") -> None:
    """Look at the records inside a line."""
    label = f"{counted(len(rows), 'record')} inside the line" if len(rows) else "No record inside the line"
    state.get().look_at(Focus("area", label, rows, made_on=opened.shown_keys(opened.pipeline())), join)


def look_at_all_others() -> None:
    """Look at every record that is not picked."""
    pipeline, focus = opened.pipeline(), state.get().focus
    others = np.ones(len(opened.records(pipeline)), bool)
    if focus is not None:
        others[focus.rows] = False
    rows = np.flatnonzero(others)
    state.get().look_at(
        Focus("picked", f"{counted(len(rows), 'record')} picked", rows, made_on=opened.shown_keys(pipeline)), "new"
    )


def look_away() -> None:
    """Look at nothing."""
    state.get().look_at(None)


def keep(name: str) -> None:
    """Keep what is picked under a name, for everybody who works here."""
    current = state.get()
    looked_at = current.focus
    if looked_at is None or not name.strip():
        state.say("Give the pick a name to keep it by.")
        return
    try:
        held = keep_pick(
            opened.pipeline().workspace, looked_at.kind, looked_at.label, looked_at.rows, who=current.who, name=name
        )
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say(f"Kept as {held.name}: {counted(len(held.rows), 'record')}.")


def open_kept(pick_id: str) -> None:
    """Look at a pick that was kept."""
    pipeline = opened.pipeline()
    held = pick_of(pipeline.workspace, pick_id)
    if held is None:
        state.say("Those records are not in this data.")
        return
    kind, label = ("kept", held.name) if held.name else (held.kind, held.label)
    state.get().look_at(Focus(kind, label, held.rows, made_on=opened.shown_keys(pipeline)))


def forget_kept(pick_id: str) -> None:
    """Take a pick off the list of those kept."""
    forget_pick(opened.pipeline().workspace, pick_id)
    state.say("Taken off the list; decisions about its records stay.")
