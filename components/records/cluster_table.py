"""The clusters as a table: what each holds and what was taken; searched and filtered. A click on a row looks at that cluster."""

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.percent import PERCENT, in_percent
from components.session import opened, state
from components.session.focus import look_at_clusters
from core.base.params import codes_digest, digest
from core.base.text import counted
from core.refine.history import history_of
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED
from core.vectors.cluster_facts import main_sources, redundancy, words_of_clusters

_ONLY = {
    "nothing selected": lambda frame: frame["selected"] == 0,
    "weighted": lambda frame: frame["weight"] != 1,
    "pinned": lambda frame: frame["pinned"] > 0,
    "dropped": lambda frame: frame["dropped"] > 0,
}
_ANY = "any source"
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
}
_ORDER = "cluster name records share quality weight rounds selected pinned dropped alike words source source_share terms".split()


def cluster_frame(
    labels: np.ndarray, names: list[str], statuses: np.ndarray, quality: np.ndarray | None, weights: dict[int, float]
) -> pd.DataFrame:
    """Return one row a cluster. labels: (n,) int, statuses: (n,) int8, quality: (n,) float or None, weights: multipliers."""
    k = len(names)
    by_status = np.bincount(labels.astype(np.int64) * 4 + statuses, minlength=4 * k).reshape(k, 4)
    sizes = by_status.sum(axis=1)
    selected = by_status[:, SELECTED] + by_status[:, PINNED]
    frame = pd.DataFrame(
        {
            "cluster": np.arange(k),
            "name": names,
            "records": sizes,
            "selected": selected,
            "share": selected / np.maximum(sizes, 1),
            "pinned": by_status[:, PINNED],
            "dropped": by_status[:, DROPPED],
            "weight": [weights.get(cluster, 1.0) for cluster in range(k)],
        }
    )
    if quality is not None:
        frame["quality"] = np.bincount(labels, quality, minlength=k) / np.maximum(sizes, 1)
    return frame


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What of the table is wanted. words: each must be in the name, terms or number. only: of _ONLY. source: the main one."""

    words: str = ""
    only: tuple[str, ...] = ()
    source: str = ""

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are wanted, in their order; an empty cluster, merged into another, never is."""
        is_wanted = frame["records"] > 0
        said = frame["cluster"].astype(str) + " " + frame["name"] + (" " + frame["terms"] if "terms" in frame else "")
        said = said.str.casefold()
        for word in self.words.casefold().split():
            is_wanted &= said.str.contains(word, regex=False)
        for name in self.only:
            is_wanted &= _ONLY[name](frame)
        if self.source:
            is_wanted &= frame["source"] == self.source
        return frame[is_wanted]


def show(pipeline: Pipeline, statuses: np.ndarray, weights: dict[int, float], height: int | str = 320) -> None:
    """Draw the table, its search and its filters."""
    names = opened.cluster_names(pipeline)
    frame = _frame(pipeline, names, statuses, weights).assign(**_facts(pipeline))
    if (terms := opened.cluster_terms(pipeline)) != names:
        frame.insert(frame.columns.get_loc("name") + 1, "terms", terms)
    if (history := _history(pipeline)) is not None:
        frame.insert(frame.columns.get_loc("weight") + 1, "rounds", list(history))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="cluster_tools"):
        wanted = _wanted(frame)
        shown = _sorted(wanted.of(frame))
    n = int((frame["records"] > 0).sum())
    if len(shown) < n:
        st.caption(f"{counted(len(shown), 'cluster')} of {n:,}")
    current = state.get()
    of = digest(wanted.words, list(wanted.only), wanted.source, current.sort, current.n_looked)
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
        on_select=lambda: _on_select(key, clusters),
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
        source = ""
        if "source" in frame and (held := sorted({name for name in frame["source"] if name})):
            source = st.selectbox("Mostly from", [_ANY, *held], key="cluster_source")
        only = st.pills("Only those with", list(_ONLY), selection_mode="multi", key="cluster_only")
    return Wanted(words, tuple(only), "" if source == _ANY else source)


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """Ask for an order, kept in the address, and return the rows in it."""
    current = state.get()
    there = [sort for sort in _SORTS if sort.lstrip("-") in frame]
    now = current.sort if current.sort in there else ""
    key = f"cluster_sort-{now}"
    st.selectbox(
        "Order",
        there,
        index=there.index(now) if now else 0,
        format_func=_SORTS.get,
        key=key,
        width=150,
        label_visibility="collapsed",
        on_change=lambda: setattr(current, "sort", st.session_state[key]),
    )
    sort = now or there[0]
    return frame.sort_values(sort.lstrip("-"), ascending=not sort.startswith("-"), kind="stable")


def _frame(pipeline: Pipeline, names: list[str], statuses: np.ndarray, weights: dict[int, float]) -> pd.DataFrame:
    return _known_frame(
        str(pipeline.workspace.folder.resolve()),
        (pipeline.key("records"), pipeline.current("cluster"), pipeline.current("score")),
        digest(names, sorted(weights.items()), codes_digest(statuses)),
        (pipeline, names, statuses, weights),
    ).copy(deep=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_frame(folder: str, keys: tuple[str, ...], of: str, _parts: tuple) -> pd.DataFrame:
    pipeline, names, statuses, weights = _parts
    return cluster_frame(opened.labels(pipeline), names, statuses, opened.quality(pipeline), weights)


def _facts(pipeline: Pipeline) -> dict[str, np.ndarray | list[str]]:
    return _known_facts(
        str(pipeline.workspace.folder.resolve()), pipeline.key("records"), pipeline.current("cluster"), pipeline
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_facts(folder: str, records: str, clustering: str, _pipeline: Pipeline) -> dict[str, np.ndarray | list[str]]:
    labels = opened.labels(_pipeline)
    centroids, distances = (_pipeline.array("cluster", f".{name}.npy") for name in ("centroids", "distances"))
    facts = {"alike": redundancy(centroids, labels, distances), "words": words_of_clusters(_pipeline)}
    sources, codes = opened.sources(_pipeline)
    if sources:
        best, share = main_sources(labels, codes, len(centroids), len(sources))
        facts |= {"source": [sources[code] if code >= 0 else "" for code in best.tolist()], "source_share": share}
    return facts


def _history(pipeline: Pipeline) -> np.ndarray | None:
    """Return (k, r): the weights over the rounds of the newest run on these clusters, None before its second."""
    rounds = Rounds(pipeline)
    runs = [run for run in rounds.runs() if run.inputs.get("cluster") == pipeline.current("cluster")]
    if not runs or not rounds.rounds(runs[-1].id):
        return None
    relative = history_of(rounds, runs[-1]).relative
    return relative if relative.shape[1] > 1 else None


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


def _on_select(key: str, clusters: np.ndarray) -> None:
    look_at_clusters(tuple(int(clusters[row]) for row in st.session_state[key].selection.rows))
