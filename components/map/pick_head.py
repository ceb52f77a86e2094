"""What is picked, in a line: what it is, how it was narrowed, and what can be done with all of it at once, with a note."""

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import ICONS
from components.frame import choices
from components.map import pick_tools
from components.session import decide, focus, people
from components.session.state import Focus
from core.base import access
from core.base.params import digest
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED

_TITLES = {
    "area": "On the map",
    "picked": "Put together",
    "kept": "Kept",
    "similar": "More like it",
    "clusters": "Clusters",
}
_NOTE = "focus_note"
_NOTED = "Kept with the next decision made here, shown in the log on Review, exported and replayed with it."
_WEIGHT = "Weight: multiplies the cluster's share of the budget. 2 doubles it, 0 takes nothing but pinned records."


def show(pipeline: Pipeline, looked_at: Focus, statuses: np.ndarray, weights: dict[int, float]) -> None:
    """Draw the head. statuses: (n,) int8. weights: {cluster: multiplier} of those that have one."""
    with st.container(gap=None, key="pick_title"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(_kind(looked_at), width="stretch")
            pick_tools.show(pipeline)
        st.text(looked_at.label)
        held = np.bincount(statuses[looked_at.rows], minlength=4)
        counts = ((held[SELECTED] + held[PINNED], "selected"), (held[PINNED], "pinned"), (held[DROPPED], "dropped"))
        parts = [counted(len(looked_at.rows), "record"), *(f"{n:,} {name}" for n, name in counts)]
        st.caption(as_markdown(" · ".join(parts)))
    _narrowed(looked_at)
    if len(looked_at.rows):
        _actions(pipeline, looked_at, weights)


def _kind(looked_at: Focus) -> str:
    if looked_at.filters:
        return "Narrowed"
    return f"Cluster {looked_at.cluster}" if looked_at.kind == "cluster" else _TITLES.get(looked_at.kind, "Search")


def _narrowed(looked_at: Focus) -> None:
    """Draw the filters that the pick was narrowed by; one that is unpicked is taken off."""
    if not looked_at.filters:
        return
    labels = {shorten(each.label, 60): each for each in looked_at.filters}
    choices.chips("Narrowed to", labels, f"narrowed-{digest(*labels)}", focus.widen)


def _actions(pipeline: Pipeline, looked_at: Focus, weights: dict[int, float]) -> None:
    clusters = looked_at.clusters or ((looked_at.cluster,) if looked_at.kind == "cluster" else ())
    clustering = pipeline.current("cluster")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="focus_actions"):
        for action, label in (("pin", "Pin all"), ("drop", "Drop all"), ("clear", "Clear")):
            st.button(
                label,
                icon=ICONS[action],
                key=f"focus_{action}",
                on_click=_decide,
                args=(action, looked_at, clusters, clustering),
                **people.off(access.DECIDE),
            )
        if clusters:
            _weight(looked_at, clusters, clustering, weights)
        st.text_input(
            "Note on the decision",
            placeholder="Note: why",
            key=_NOTE,
            max_chars=500,
            width=140,
            label_visibility="collapsed",
            **people.off(access.DECIDE, help=_NOTED),
        )


def _weight(looked_at: Focus, clusters: tuple[int, ...], clustering: str, weights: dict[int, float]) -> None:
    there = {float(weights.get(cluster, 1.0)) for cluster in clusters}
    now = there.pop() if len(there) == 1 else None
    # With the value: an undo, or another tab, may have changed it.
    key = f"weight-{looked_at.cluster}-{now}" if len(clusters) == 1 else f"weights-{len(clusters)}-{now}"
    st.number_input(
        "Weight of this cluster" if len(clusters) == 1 else "Weight of these clusters",
        min_value=0.0,
        max_value=max(100.0, now or 0.0),
        value=now,
        step=0.25,
        format="%g",
        placeholder="several",
        icon=":material/weight:",
        key=key,
        width=130,
        label_visibility="collapsed",
        **people.off(access.DECIDE, help=_WEIGHT),
        on_change=lambda: _reweigh(looked_at, clusters, clustering, now, st.session_state[key]),
    )


def _reweigh(
    looked_at: Focus, clusters: tuple[int, ...], clustering: str, now: float | None, value: float | None
) -> None:
    if value is not None and value != now:  # a browser that has just drawn the field may report what it shows
        _decide("weight", looked_at, clusters, clustering, value)


def _decide(action: str, looked_at: Focus, clusters: tuple[int, ...], clustering: str, value: float = 1.0) -> None:
    note, st.session_state[_NOTE] = st.session_state.get(_NOTE, "").strip(), ""
    if clusters:
        decide.on_clusters(action, clusters, clustering, value, note)
    else:
        decide.on_records(action, looked_at.rows, note)
