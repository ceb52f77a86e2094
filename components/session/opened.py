"""The open workspace as the pages read it: a Pipeline, and arrays kept between reruns by artifact key."""

import numpy as np
import streamlit as st

from components.session import state
from components.session.following import FOLLOWING
from core.base import access
from core.data.record_table import RecordTable
from core.evidence.candidates import Choice, rows_of
from core.evidence.current import follow_decisions
from core.run.pipeline import Pipeline
from core.selection.stage import last_selection_key
from core.selection.status import DROPPED, FREE, PINNED, SELECTED
from core.vectors.topics import topics_of
from core.workspace import shape
from core.workspace.decisions import Overrides
from core.workspace.workspace import Workspace


def pipeline() -> Pipeline:
    """Return the open workspace's pipeline; one that is not there yet is made, and is empty."""
    access.require(access.READ)
    return Pipeline(Workspace(state.get().workspace, create=True))


def follow(opened: Pipeline) -> None:
    """Let the current selection of a run obey what was decided since, here or elsewhere; where many decide, in a moment."""
    with FOLLOWING.turn() as mine:
        if mine:
            follow_decisions(opened)


def records(opened: Pipeline) -> RecordTable:
    """Return the records."""
    return _records(str(opened.workspace.folder.resolve()), opened.key("records"), opened)


def positions(opened: Pipeline) -> np.ndarray | None:
    """Return the (n, 2) float32 map, or None."""
    key = opened.current("project")
    return _array(str(opened.workspace.folder.resolve()), "project", key, opened) if key else None


def labels(opened: Pipeline) -> np.ndarray | None:
    """Return the (n,) int32 clusters, or None."""
    key = opened.current("cluster")
    return _array(str(opened.workspace.folder.resolve()), "cluster", key, opened) if key else None


def cluster_names(opened: Pipeline) -> list[str]:
    """Return the names of the clusters: a curator's own, else a language model's where one has named them, else their terms."""
    own, topics, names = shape.shape_now(opened).names, topics_of(opened), shape.cluster_names(opened)
    return [name if c in own or not name else topics.get(c, name) for c, name in enumerate(names)]


def cluster_terms(opened: Pipeline) -> list[str]:
    """Return the terms that set each cluster apart, as in "flour, oven, bake"."""
    return shape.found_names(opened, opened.current("cluster"))


def quality(opened: Pipeline) -> np.ndarray | None:
    """Return the (n,) float32 quality, or None."""
    key = opened.current("score")
    return _scores(str(opened.workspace.folder.resolve()), key, opened) if key else None


def whole_order(opened: Pipeline, order: str) -> np.ndarray | None:
    """Return all (n,) row ids by typicality or by quality, as `order` says; None where there is no such order."""
    stage = "cluster" if order == "most typical first" else "score" if order.endswith("quality first") else ""
    key = opened.current(stage) if stage else ""
    return _whole_order(str(opened.workspace.folder.resolve()), key, order, opened) if key else None


def sources(opened: Pipeline) -> tuple[list[str], np.ndarray]:
    """Return (names, (n,) int32 codes) of the source labels."""
    return _sources(str(opened.workspace.folder.resolve()), opened.key("records"), opened)


def selected(opened: Pipeline) -> np.ndarray | None:
    """Return the distinct selected row ids, current or (after a change) the last ones; None where there never were any."""
    key = last_selection_key(opened)
    return _selected(str(opened.workspace.folder.resolve()), key, opened) if key else None


def chosen_rows(opened: Pipeline, choice: Choice) -> np.ndarray:
    """Return the ascending row ids of a selection that can be compared."""
    return _chosen(str(opened.workspace.folder.resolve()), opened.key("records"), choice.id, choice.at, opened, choice)


def statuses(opened: Pipeline, overrides: Overrides) -> np.ndarray:
    """Return (n,) int8: what every record is (see `core.selection.status`)."""
    return opened.once("statuses", lambda: _statuses(opened, overrides))


def _statuses(opened: Pipeline, overrides: Overrides) -> np.ndarray:
    status = np.full(opened.workspace.dataset().n_records, FREE, np.int8)
    chosen = selected(opened)
    if chosen is not None:
        status[chosen[chosen < len(status)]] = SELECTED
    status[overrides.pinned] = PINNED
    status[overrides.dropped] = DROPPED
    status.flags.writeable = False  # shared by all that ask in one run
    return status


def shown_keys(opened: Pipeline) -> str:
    """Return a text that changes with the data, the clusters or the map."""
    return " ".join(opened.current(stage) for stage in ("records", "cluster", "project"))


def forget_what_changed(opened: Pipeline) -> None:
    """Forget what was picked on data, clusters or a map that are no longer shown."""
    current = state.get()
    if current.focus is not None and current.focus.made_on not in ("", shown_keys(opened)):
        current.reset_map()
        state.say("The clusters or the map have changed; pick again.")


@st.cache_resource(max_entries=6, show_spinner=False)
def _whole_order(folder: str, key: str, order: str, _opened: Pipeline) -> np.ndarray:
    if order == "most typical first":
        values = _opened.workspace.array("cluster", key, ".distances.npy")
    else:
        values = quality(_opened) * (-1 if order.startswith("best") else 1)
    return np.argsort(values, kind="stable").astype(np.int32)


@st.cache_resource(max_entries=8, show_spinner=False)
def _array(folder: str, stage: str, key: str, _opened: Pipeline) -> np.ndarray:
    return np.array(_opened.workspace.array(stage, key))


@st.cache_resource(max_entries=4, show_spinner=False)
def _scores(folder: str, key: str, _opened: Pipeline) -> np.ndarray:
    return _opened.column("score", "score")


@st.cache_resource(max_entries=8, show_spinner=False)
def _selected(folder: str, key: str, _opened: Pipeline) -> np.ndarray:
    return np.unique(_opened.workspace.table("select", key)["row_id"].combine_chunks().to_numpy())


# A round that is selected anew keeps its number, not its moment; a version is found again in new data.
@st.cache_resource(max_entries=64, show_spinner=False)
def _chosen(folder: str, records: str, choice: str, at: str, _opened: Pipeline, _choice: Choice) -> np.ndarray:
    return rows_of(_opened, _choice)


@st.cache_resource(max_entries=4, show_spinner=False)
def _records(folder: str, key: str, _opened: Pipeline) -> RecordTable:
    return _opened.workspace.records()


@st.cache_resource(max_entries=4, show_spinner=False)
def _sources(folder: str, key: str, _opened: Pipeline) -> tuple[list[str], np.ndarray]:
    return _records(folder, key, _opened).sources()
