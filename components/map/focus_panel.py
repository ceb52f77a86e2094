"""Beside the map: what is looked at, its numbers, what can be done with all of it, and its records."""

import zlib

import numpy as np
import streamlit as st

from components.charts.theme import ICONS
from components.finding import find_panel
from components.map import pick_tools
from components.records import cluster_detail, record_reader
from components.session import decide, finding
from components.session.state import Focus
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED
from core.workspace.deciding import overrides_of

_TITLES = {"area": "On the map", "picked": "Put together", "kept": "Kept", "similar": "More like it"}


def show(pipeline: Pipeline, focus: Focus | None, statuses: np.ndarray, weights: dict[int, float]) -> None:
    """Draw the panel."""
    find_panel.show(pipeline, statuses)
    pick_tools.show(pipeline)
    if focus is None:
        st.markdown("##### Nothing picked yet")
        st.caption(
            "Draw a line around some points, click a point or a row of the table, or search for words. The records show up here."
        )
        return
    st.caption(f"Cluster {focus.cluster}" if focus.kind == "cluster" else _TITLES.get(focus.kind, "Search"))
    st.text(focus.label)
    held = statuses[focus.rows]
    counts = [
        (int(np.isin(held, (SELECTED, PINNED)).sum()), "selected"),
        (int((held == PINNED).sum()), "pinned"),
        (int((held == DROPPED).sum()), "dropped"),
    ]
    st.caption(" · ".join([counted(len(held), "record"), *(f"{count:,} {name}" for count, name in counts)]))
    if not len(focus.rows):
        return
    _actions(pipeline, focus, weights)
    if focus.kind == "cluster":
        cluster_detail.show(pipeline, focus.cluster, statuses, overrides_of(pipeline))
    with st.container(height=430, border=False):
        key = f"focus-{zlib.crc32(focus.id.encode())}"
        ranked = focus.kind == "similar" or (focus.kind == "search" and finding.query().by_meaning)
        record_reader.show(
            pipeline, focus.rows, statuses, key, first=focus.first, words=finding.marked(), ranked=ranked
        )


def _actions(pipeline: Pipeline, focus: Focus, weights: dict[int, float]) -> None:
    clustering = pipeline.current("cluster")
    with st.container(horizontal=True, key="focus_actions"):
        for action, label in (("pin", "Pin all"), ("drop", "Drop all"), ("clear", "Clear")):
            by_cluster = focus.kind == "cluster"
            st.button(
                label,
                icon=ICONS[action],
                key=f"focus_{action}",
                on_click=decide.on_cluster if by_cluster else decide.on_records,
                args=(action, focus.cluster, clustering) if by_cluster else (action, focus.rows),
            )
    if focus.kind == "cluster":
        now = float(weights.get(focus.cluster, 1.0))
        key = f"weight-{focus.cluster}-{now}"  # with the value: an undo, or another tab, may have changed it
        st.number_input(
            "Weight of this cluster",
            min_value=0.0,
            max_value=max(100.0, now),
            value=now,
            step=0.25,
            format="%g",
            key=key,
            help="Multiplies the cluster's share of the budget: 2 doubles it, 0 takes nothing but pinned records.",
            on_change=lambda: decide.on_cluster("weight", focus.cluster, clustering, float(st.session_state[key])),
        )
