"""Adding a filter to the search: a column, how what matches is spread over it beside all records, and what to keep of it."""

import zlib
from collections.abc import Callable

import numpy as np
import streamlit as st

from components.charts import shown
from components.charts.escaping import as_markdown
from components.charts.spread_figure import spread_figure
from components.charts.theme import is_dark
from components.session import finding, focus, opened, state
from components.session.state import Focus
from core.base.errors import CurationError
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.selection.finding.columns import Column
from core.selection.finding.filters import Spread, mask_of, spread_of
from core.selection.finding.find import find
from core.selection.finding.known import Known
from core.selection.finding.query import COLUMN_NAMES, MISSING, Filter, Query


def show(pipeline: Pipeline, asked: Query, statuses: np.ndarray) -> None:
    """Draw the popover. statuses: (n,) int8."""
    label = f"Filters ({len(asked.filters)})" if asked.filters else "Filters"
    chooser = st.popover(label, icon=":material/filter_alt:", key="find_filters", on_change="rerun")
    if chooser.open:  # counted only for who looks
        with chooser:
            _choose(pipeline, query_key(asked), statuses)


def query_key(asked: Query) -> str:
    """Return a text by which widgets of one search are told from those of another."""
    return f"{zlib.crc32(finding.query_text().encode())}-{len(asked.filters)}"


@st.fragment
def _choose(pipeline: Pipeline, key: str, statuses: np.ndarray) -> None:
    asked, known = finding.query(), Known(pipeline, statuses)
    picked = _picked()
    name = st.selectbox(
        "Filter by", list(known), format_func=lambda each: COLUMN_NAMES.get(each, each), key="filter_column", width=360
    )
    column = known[name]
    rows = picked.rows if picked is not None else _matching(pipeline, asked, statuses)
    spread = spread_of(column, rows)
    figure = spread_figure(spread, rows is not None, is_dark())
    shown.show(figure, f"filter_spread-{name}", _said(spread, rows is not None), _taker(name, column, spread, key), 360)
    st.caption(_said(spread, rows is not None))
    wanted = _numbers(name, column, spread, key) if column.is_number else _labels(name, column, spread, key)
    if wanted and picked is not None:
        _offer_to_narrow(picked, wanted, column)
    elif wanted:
        _offer(pipeline, asked, wanted, statuses)


def _taker(name: str, column: Column, spread: Spread, key: str) -> Callable[[int], None]:
    """Return what a click on a bar does: it sets the bounds, or adds the label to those that are kept."""

    def take(i: int) -> None:
        if column.is_number:
            low, high = (float(edge) for edge in spread.edges[i : i + 2])
            whole = np.issubdtype(column.numbers.dtype, np.integer)
            st.session_state[f"filter_from-{name}-{key}"] = float(np.ceil(low)) if whole else low
            st.session_state[f"filter_to-{name}-{key}"] = float(np.floor(high)) if whole else high
        else:
            kept = st.session_state.get(f"filter_labels-{name}-{key}", [])
            st.session_state[f"filter_labels-{name}-{key}"] = list(dict.fromkeys([*kept, spread.labels[i]]))

    return take


def _picked() -> Focus | None:
    """Ask whether what is picked is to be filtered, where something is; return it, None for all records."""
    looked_at = state.get().focus
    if looked_at is None or looked_at.kind == "search" or not len(looked_at.rows):
        return None
    among = st.segmented_control(
        "Among", ["what is picked", "all records"], default="what is picked", required=True, key="filter_among"
    )
    return looked_at if among == "what is picked" else None


def _matching(pipeline: Pipeline, asked: Query, statuses: np.ndarray) -> np.ndarray | None:
    """Return the rows that the search finds, None for all."""
    found = finding.found_rows()
    if found is not None:
        return found
    try:
        plain = asked.change(like="", more_like=(), in_order=True)
        return None if plain.is_empty else find(pipeline, plain, statuses=statuses).rows
    except CurationError:
        return None  # said beside the search


def _said(spread: Spread, is_part: bool) -> str:
    said = "Grey: all records; coloured: what matches, each as shares." if is_part else "Of all records."
    return said + (
        f" {counted(spread.missing[0], 'record has', 'records have')} no value." if spread.missing[0] else ""
    )


def _numbers(name: str, column: Column, spread: Spread, key: str) -> Filter | None:
    whole = np.issubdtype(column.numbers.dtype, np.integer)
    least, most = float(spread.edges[0]), float(spread.edges[-1])
    left, right = st.columns(2)
    how = {"value": None, "step": 1.0 if whole else None, "format": "%.0f" if whole else "%g"}
    low = left.number_input("From", placeholder=_bound(least, whole), key=f"filter_from-{name}-{key}", **how)
    high = right.number_input("To", placeholder=_bound(most, whole), key=f"filter_to-{name}-{key}", **how)
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        st.caption(":orange[From lies above To.]")
        return None
    return Filter(name, "=", (f"{'' if low is None else f'{low:.10g}'}..{'' if high is None else f'{high:.10g}'}",))


def _bound(bound: float, whole: bool) -> str:
    return f"{bound:,.0f}" if whole else f"{bound:,.4g}"


def _labels(name: str, column: Column, spread: Spread, key: str) -> Filter | None:
    counts = dict(zip(column.labels, spread.matching.tolist(), strict=True)) | {MISSING: spread.missing[1]}
    options = [*column.labels, *([MISSING] if spread.missing[0] else [])]
    values = st.multiselect(
        "Keep",
        options,
        format_func=lambda label: f"{shorten(label, 40)} ({counts[label]:,})",
        key=f"filter_labels-{name}-{key}",
        placeholder="any",
        width=360,
    )
    is_out = st.toggle("All but these", key=f"filter_out-{name}-{key}")
    return Filter(name, "!=" if is_out else "=", tuple(values)) if values else None


def _offer_to_narrow(picked: Focus, wanted: Filter, column: Column) -> None:
    try:
        n = int(mask_of(wanted, column)[picked.rows].sum())
    except CurationError as error:
        st.caption(as_markdown(error.on_page))
        return
    st.caption(f"**{n:,}** of {counted(len(picked.rows), 'record')} picked would be left.")
    if st.button("Keep only these", key="filter_narrow", type="primary", disabled=not n):
        focus.narrow(wanted)
        st.rerun()


def _offer(pipeline: Pipeline, asked: Query, wanted: Filter, statuses: np.ndarray) -> None:
    query = asked.change(filters=(*asked.filters, wanted))
    try:
        found = find(pipeline, query.change(like="", more_like=(), in_order=True), statuses=statuses)
    except CurationError as error:
        st.caption(as_markdown(error.on_page))
        return
    n = len(opened.records(pipeline))
    st.caption(f"**{len(found.rows):,}** of {counted(n, 'record')} would be left.")
    if st.button("Add this filter", key="filter_add", type="primary", disabled=not len(found.rows)):
        finding.ask(query)
        st.rerun()
