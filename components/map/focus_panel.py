"""Beside the map: the search, what is picked and what can be done with it, and its records or the table of clusters."""

import zlib

import numpy as np
import streamlit as st

from components.finding import filter_panel, find_panel
from components.frame import choices
from components.map import holding_view, names_panel, pick_head, pick_tools
from components.records import cluster_detail, cluster_table, record_reader
from components.session import finding, focus, state
from components.session.state import Focus
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED
from core.workspace.deciding import overrides_of

_HINT = "**Nothing picked yet.** Draw a line around some points, click a point, tick clusters in the table, or search."
_SIDES = {"records": "Records", "clusters": "Clusters"}
_READ = {SELECTED: "selected", PINNED: "pinned", DROPPED: "dropped"}


def side() -> str:
    """Return what the panel shows: "records" or "clusters"."""
    current = state.get()
    return current.side or ("records" if current.focus is not None else "clusters")


def show(pipeline: Pipeline, looked_at: Focus | None, statuses: np.ndarray, weights: dict[int, float]) -> None:
    """Draw the panel. statuses: (n,) int8. weights: {cluster: multiplier} of those that have one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="panel_head"):
        _choose_side()
        if looked_at is None:
            pick_tools.show(pipeline)
        filter_panel.show(pipeline, finding.query(), statuses)
        _by_number(pipeline)
    find_panel.show(pipeline)
    if looked_at is None:
        st.caption(_HINT)
    else:
        pick_head.show(pipeline, looked_at, statuses, weights)
    if side() == "clusters":
        names_panel.show(pipeline)
        with st.container(key="cluster_grid"):
            cluster_table.show(pipeline, statuses, weights, height="stretch")
    elif looked_at is None:
        _nothing(statuses)
    elif len(looked_at.rows):
        _records(pipeline, looked_at, statuses)


def _choose_side() -> None:
    current, now = state.get(), side()
    choices.switch("Beside the map", _SIDES, now, f"map_side-{now}", lambda side: setattr(current, "side", side))


def _by_number(pipeline: Pipeline) -> None:
    """Ask for the number of a record, to be read at once; the same number asked for again opens it again."""
    key = f"open_record-{state.get().n_opened}"
    st.text_input(
        "Open a record by its number",
        placeholder="Record #",
        key=key,
        max_chars=20,
        label_visibility="collapsed",
        on_change=lambda: focus.read_numbered(st.session_state[key]),
    )


def _nothing(statuses: np.ndarray) -> None:
    counts = np.bincount(statuses, minlength=4)
    with st.container(horizontal=True, gap="xsmall", key="read_statuses"):
        for status, name in _READ.items():
            if counts[status]:
                label = f"Read the {int(counts[status]):,} {name}"
                st.button(label, key=f"read_status-{status}", on_click=focus.look_at_status, args=(status,))


def _records(pipeline: Pipeline, looked_at: Focus, statuses: np.ndarray) -> None:
    holding_view.show(pipeline, looked_at, statuses)
    if looked_at.kind == "cluster":
        cluster_detail.show(pipeline, looked_at.cluster, statuses, overrides_of(pipeline))
    record_reader.show(
        pipeline,
        looked_at.rows,
        statuses,
        f"focus-{zlib.crc32(looked_at.id.encode())}",
        first=looked_at.first,
        words=finding.marked(),
        ranked=looked_at.kind == "similar" or (looked_at.kind == "search" and finding.query().by_meaning),
        opens=looked_at.opens,
        remembers=True,
    )
