"""The clusters as a table: what each holds and what was taken; searched and filtered. A click on a row looks at that cluster."""

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.percent import PERCENT, in_percent
from components.records.cluster_frame import ONLY, Wanted, whole_frame
from components.session import state
from components.session.focus import look_at_clusters
from core.base.params import digest
from core.base.text import counted
from core.run.pipeline import Pipeline

_ANY = {"source": "any source", "region": "any region"}
_SORTS = {
    "cluster": "by number",
    "-records": "largest first",
    "records": "smallest first",
    "-quality": "best quality first",
    "quality": "worst quality first",
    "share": "least selected first",
    "-share": "most selected first",
    "-weight": "greatest weight first",
    "-alike": "most alike first",
    "-dropped": "most dropped first",
    "name": "by name",
    "region": "by region",
}
_ORDER = (
    "cluster name region records share quality weight rounds selected pinned dropped alike words source source_share terms"
).split()


def show(pipeline: Pipeline, statuses: np.ndarray, weights: dict[int, float], height: int | str = 320) -> None:
    """Draw the table, its search and its filters."""
    frame = whole_frame(pipeline, statuses, weights)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="cluster_tools"):
        wanted = _wanted(frame)
        shown = _sorted(wanted.of(frame))
    n = int((frame["records"] > 0).sum())
    if len(shown) < n:
        st.caption(f"{counted(len(shown), 'cluster')} of {n:,}")
    current = state.get()
    of = digest(*dataclasses.astuple(wanted), current.sort, current.n_looked)
    key = f"clusters-{pipeline.current('cluster')}-{of}"
    clusters = shown["cluster"].to_numpy()
    focus = current.focus
    picked = () if focus is None else focus.clusters or ((focus.cluster,) if focus.kind == "cluster" else ())
    places = np.flatnonzero(np.isin(clusters, picked)).tolist()
    st.dataframe(
        in_percent(shown, ("share", "source_share")),
        key=key,
        hide_index=True,
        height=height,
        on_select=lambda: _on_select(key, clusters, places),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": places, "columns": [], "cells": []}},
        column_config=_columns(),
        column_order=[name for name in _ORDER if name in shown],
    )


def _wanted(frame: pd.DataFrame) -> Wanted:
    words = st.text_input(
        "Find a cluster",
        placeholder="Find a cluster by its words or number",
        key="cluster_words",
        label_visibility="collapsed",
    )
    with st.popover("Only", icon=":material/filter_alt:", key="cluster_filters"):
        region = _one_of(frame, "region", "In the region")
        source = _one_of(frame, "source", "Mostly from")
        only = st.pills("Only those with", list(ONLY), selection_mode="multi", key="cluster_only")
    return Wanted(words, tuple(only), source, region)


def _one_of(frame: pd.DataFrame, column: str, label: str) -> str:
    """Ask for one of the values of a column; return it, or "" for any."""
    held = sorted({value for value in frame[column] if value}) if column in frame else []
    if not held:
        return ""
    chosen = st.selectbox(as_markdown(label), [_ANY[column], *held], key=f"cluster_{column}")
    return "" if chosen == _ANY[column] else chosen


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """Ask for an order, kept in the address, and return the rows in it."""
    current = state.get()
    there = [sort for sort in _SORTS if sort.lstrip("-") in frame]
    now = current.sort if current.sort in there else ""
    key, stands = f"cluster_sort-{now}", now or there[0]

    def changed() -> None:
        if st.session_state[key] != stands:  # one that is gone may be sent once more (see `choices.switch`)
            current.sort = st.session_state[key]

    st.selectbox(
        "Order",
        there,
        index=there.index(now) if now else 0,
        format_func=_SORTS.get,
        key=key,
        width=150,
        label_visibility="collapsed",
        on_change=changed,
    )
    return frame.sort_values(stands.lstrip("-"), ascending=not stands.startswith("-"), kind="stable")


def _columns() -> dict[str, object]:
    column = st.column_config
    return {
        "cluster": column.NumberColumn(
            "No.", width=52, pinned=True, help="The clusters are numbered by size, the largest is 0."
        ),
        "name": column.TextColumn(
            "Cluster",
            width=185,
            help="Its name, given by people or a model, else the words that set it apart.",
        ),
        "terms": column.TextColumn(
            "Terms", width=200, help="The words that set it apart, beside the name it was given."
        ),
        "region": column.TextColumn("Region", width=130, help="The part of the map that it is in."),
        "records": column.NumberColumn("Records", format="localized", width=76),
        "selected": column.NumberColumn("Selected", format="localized", help="Pinned ones included."),
        "share": column.ProgressColumn("Share selected", width=125, format=PERCENT, min_value=0, max_value=100),
        "pinned": column.NumberColumn("Pinned", format="localized"),
        "dropped": column.NumberColumn("Dropped", format="localized"),
        "weight": column.NumberColumn(
            "Weight ×", format="%g", help="1 leaves the cluster's share of the budget as it is."
        ),
        "rounds": column.LineChartColumn(
            "Over the rounds",
            y_min=0,
            help="What it drew with in each round of the newest run; 1 is an equal share.",
        ),
        "quality": column.NumberColumn("Mean quality", format="%.2f"),
        "alike": column.NumberColumn(
            "Alike", format="%.2f", help="Redundancy: the mean cosine of its records to its centre. 1: all are copies."
        ),
        "words": column.NumberColumn(
            "Typical words",
            format="%.0f",
            help="The median length, in words, of 24 records from its middle to its rim.",
        ),
        "source": column.TextColumn("Mostly from", help="The source that most of its records come from."),
        "source_share": column.ProgressColumn("Of it", format=PERCENT, min_value=0, max_value=100),
    }


def _on_select(key: str, clusters: np.ndarray, before: list[int]) -> None:
    """Look at what was ticked. before: the lines that were; a table that is gone may be sent once more, with just these."""
    lines = st.session_state[key].selection.rows
    if sorted(lines) != before:
        look_at_clusters(tuple(int(clusters[line]) for line in lines))
