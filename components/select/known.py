"""What is known of a selection before it is made: tokens, seconds, its records where choosing them is quick, what would change.

Each is worked out once for what it rests on; a rerun of the page computes nothing.
"""

import dataclasses

import numpy as np
import streamlit as st

from components.session import opened
from core.base.budget import tokens_of
from core.base.errors import CurationError
from core.evidence.outlook import Change, TokenCounts, change_of, seconds_needed, token_counts, tokens_known_by
from core.run.pipeline import Pipeline
from core.selection.balance.stage import is_balance_at_hand
from core.selection.choosing import check_limits, select_records
from core.selection.params import SelectionParams
from core.selection.stage import last_selection_key, pool_of
from core.selection.token_counts import TokenParams, are_counted, costs_of

AT_ONCE = 1.0  # seconds: what takes longer is left to a job


def tokens(pipeline: Pipeline, params: SelectionParams | None = None) -> TokenCounts:
    """Return the tokens of every record; where `params` have a budget in tokens that can be counted, those that it is spent by."""
    if params is not None and tokens_of(params.budget) is not None and (spent := costs(pipeline, params)) is not None:
        return TokenCounts(spent, True)
    return _tokens(_folder(pipeline), tokens_known_by(pipeline), pipeline)


def is_quick(pipeline: Pipeline, params: SelectionParams) -> bool:
    """Whether a page may choose by `params` itself."""
    return _is_at_hand(pipeline, params) and seconds_needed(pipeline, params) <= AT_ONCE


def _can_count(pipeline: Pipeline, params: SelectionParams) -> bool:
    return tokens_of(params.budget) is None or are_counted(pipeline, params.tokenizer)


def _is_at_hand(pipeline: Pipeline, params: SelectionParams) -> bool:
    """Whether tokens and groups are there, or are found at once."""
    return _can_count(pipeline, params) and is_balance_at_hand(pipeline, params)


def costs(pipeline: Pipeline, params: SelectionParams) -> np.ndarray | None:
    """Return (n,) int32, what each record takes of a budget in tokens, None where they are not counted. Raises CurationError."""
    if not _can_count(pipeline, params):
        return None
    return _costs(_folder(pipeline), pipeline.key("tokens", TokenParams(params.tokenizer)), pipeline, params.tokenizer)


def why_not(pipeline: Pipeline, params: SelectionParams) -> CurationError | None:
    """Return why nothing can be chosen by `params`: the budget, pins over it, or rules that can't hold together; else None."""
    if not _is_at_hand(pipeline, params):
        return None
    key = pipeline.key("select", params)
    return _why_not(_folder(pipeline), key, pipeline, params) if key else _looked(pipeline, params)


def _looked(pipeline: Pipeline, params: SelectionParams) -> CurationError | None:
    limits = params if is_quick(pipeline, params) else dataclasses.replace(params, tags="")  # to read them takes long
    try:
        check_limits(pool_of(pipeline, groups=params.groups, limits=limits), params)
    except CurationError as error:
        return error
    return None


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
    counts = tokens(pipeline, params)
    scored = (pipeline.current("score"), counts.counted)
    return _change(_folder(pipeline), (*keys, *scored), pipeline, rows_now(pipeline), after, counts)


def _folder(pipeline: Pipeline) -> str:
    return str(pipeline.workspace.folder.resolve())


@st.cache_resource(max_entries=2, show_spinner=False)
def _tokens(folder: str, known_by: tuple[str, str], _pipeline: Pipeline) -> TokenCounts:
    return token_counts(_pipeline)


@st.cache_resource(max_entries=2, show_spinner=False)
def _costs(folder: str, key: str, _pipeline: Pipeline, tokenizer: str) -> np.ndarray:
    return costs_of(_pipeline, tokenizer)


@st.cache_resource(max_entries=8, show_spinner=False)
def _why_not(folder: str, key: str, _pipeline: Pipeline, _params: SelectionParams) -> CurationError | None:
    return _looked(_pipeline, _params)


@st.cache_resource(max_entries=6, show_spinner=False)
def _saved(folder: str, key: str, _pipeline: Pipeline) -> np.ndarray:
    return np.sort(_pipeline.workspace.table("select", key)["row_id"].combine_chunks().to_numpy())


@st.cache_resource(max_entries=6, show_spinner=False)
def _chosen(folder: str, key: str, _pipeline: Pipeline, _params: SelectionParams) -> np.ndarray:
    return np.sort(select_records(pool_of(_pipeline, groups=_params.groups, limits=_params), _params).rows)


@st.cache_resource(max_entries=8, show_spinner=False)
def _change(
    folder: str,
    keys: tuple[str | bool, ...],
    _pipeline: Pipeline,
    _before: np.ndarray,
    _after: np.ndarray,
    _tokens: TokenCounts,
) -> Change:
    n = _pipeline.n_records()
    was = _before[_before < n]  # the selection may be of data that was longer
    return change_of(_pipeline, was, _after, opened.labels(_pipeline), opened.sources(_pipeline), _tokens)
