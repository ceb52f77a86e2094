"""What is known of a selection before it is made: tokens, seconds, its records where choosing them is quick, what would change.

Each is worked out once for what it rests on; a rerun of the page computes nothing.
"""

import numpy as np
import streamlit as st

from components.session import opened
from core.evidence.outlook import Change, TokenCounts, change_of, seconds_needed, token_counts, tokens_known_by
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.params import SelectionParams
from core.selection.stage import last_selection_key, pool_of

AT_ONCE = 1.0  # seconds: what takes longer is left to a job


def tokens(pipeline: Pipeline) -> TokenCounts:
    """Return the tokens of every record."""
    return _tokens(_folder(pipeline), tokens_known_by(pipeline), pipeline)


def is_quick(pipeline: Pipeline, params: SelectionParams) -> bool:
    """Whether a page may choose by `params` itself."""
    return seconds_needed(pipeline, params) <= AT_ONCE


def rows_of(pipeline: Pipeline, params: SelectionParams) -> np.ndarray | None:
    """Return the row ids that `params` choose under today's decisions; None where only a job can tell. Raises CurationError."""
    key = pipeline.key("select", params)
    if not key:
        return None
    if pipeline.workspace.has("select", key):
        return _saved(_folder(pipeline), key, pipeline)
    return _chosen(_folder(pipeline), key, pipeline, params) if is_quick(pipeline, params) else None


def work_out(pipeline: Pipeline, params: SelectionParams) -> np.ndarray | None:
    """Return what `rows_of` does, with what would change worked out too: later calls find it."""
    rows = rows_of(pipeline, params)
    if rows is not None and pipeline.key("select", params) != pipeline.current("select"):
        change(pipeline, params, rows)
    return rows


def rows_now(pipeline: Pipeline) -> np.ndarray:
    """Return the row ids of the current selection, or where it is out of date as it was; none where nothing is selected."""
    key = last_selection_key(pipeline)
    return _saved(_folder(pipeline), key, pipeline) if key else np.zeros(0, np.int64)


def change(pipeline: Pipeline, params: SelectionParams, after: np.ndarray) -> Change:
    """Return what changes where the records `after`, which `params` choose, take the place of the current selection."""
    keys = (last_selection_key(pipeline), pipeline.key("select", params), opened.shown_keys(pipeline))
    scored = (pipeline.current("score"), tokens(pipeline).counted)
    return _change(_folder(pipeline), (*keys, *scored), pipeline, rows_now(pipeline), after)


def _folder(pipeline: Pipeline) -> str:
    return str(pipeline.workspace.folder.resolve())


@st.cache_resource(max_entries=2, show_spinner=False)
def _tokens(folder: str, known_by: tuple[str, str], _pipeline: Pipeline) -> TokenCounts:
    return token_counts(_pipeline)


@st.cache_resource(max_entries=6, show_spinner=False)
def _saved(folder: str, key: str, _pipeline: Pipeline) -> np.ndarray:
    return np.sort(_pipeline.workspace.table("select", key)["row_id"].combine_chunks().to_numpy())


@st.cache_resource(max_entries=6, show_spinner=False)
def _chosen(folder: str, key: str, _pipeline: Pipeline, _params: SelectionParams) -> np.ndarray:
    return np.sort(select_records(pool_of(_pipeline, groups=_params.groups, limits=_params), _params).rows)


@st.cache_resource(max_entries=8, show_spinner=False)
def _change(
    folder: str, keys: tuple[str | bool, ...], _pipeline: Pipeline, _before: np.ndarray, _after: np.ndarray
) -> Change:
    n = _pipeline.n_records()
    was = _before[_before < n]  # the selection may be of data that was longer
    return change_of(_pipeline, was, _after, opened.labels(_pipeline), opened.sources(_pipeline), tokens(_pipeline))
