"""The reader: records as they are, a few at a time, each with its state and what can be done with it."""

import numpy as np
import orjson
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import ICONS, STATUS_BADGES, STATUS_NAMES
from components.session import decide, opened
from core.data.fields import UnusableRecord, parse_fields, turns_of
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, FREE, PINNED, SELECTED

PER_PAGE = 5
_NO_USE = {"pin": (PINNED,), "drop": (DROPPED,), "clear": (FREE, SELECTED)}  # where an action would change nothing
_LONG = 1400
_ROLES = {"user": "Prompt", "assistant": "Response", "system": "System"}
_ORDERS = ("most typical first", "selected first", "best quality first", "worst quality first", "as in the data")


def show(
    pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray, key: str, orders: bool = True, first: int = -1
) -> None:
    """Draw records. rows: (m,) row ids. statuses: (n,) int8. key: told apart from other readers on the page.

    first: the record that comes before all others in any order, or -1.
    """
    order, page = _controls(len(rows), key) if orders else ("as in the data", 0)
    rows = rows[_order_of(pipeline, rows, statuses, order)]
    rows = np.concatenate([rows[rows == first], rows[rows != first]])
    shown = rows[page * PER_PAGE : (page + 1) * PER_PAGE]
    table = opened.records(pipeline).take(shown, ["prompt", "response", "source", "raw"])
    quality = opened.quality(pipeline)
    for row, record in zip(shown.tolist(), table.to_pylist(), strict=True):
        with st.container(border=True, key=f"record-{key}-{row}"):
            _head(row, record["source"], None if quality is None else float(quality[row]), int(statuses[row]))
            _body(pipeline, record)
            _actions(row, int(statuses[row]), key)


def _controls(n_rows: int, key: str) -> tuple[str, int]:
    """Draw the order and the page; return (order, page counted from 0)."""
    pages = max(1, -(-n_rows // PER_PAGE))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    order = left.selectbox("Order", _ORDERS, key=f"order-{key}")
    page = right.number_input(f"Page of {pages:,}", 1, pages, 1, key=f"page-{key}", disabled=pages == 1)
    return order, int(page) - 1


def _order_of(pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray, order: str) -> np.ndarray:
    quality = opened.quality(pipeline)
    if order == "selected first":
        return np.argsort(statuses[rows] == FREE, kind="stable")
    if order == "most typical first" and (key := pipeline.current("cluster")):
        return np.argsort(pipeline.workspace.array("cluster", key, ".distances.npy")[rows], kind="stable")
    if order in ("best quality first", "worst quality first") and quality is not None:
        return np.argsort(-quality[rows] if order == "best quality first" else quality[rows], kind="stable")
    return np.arange(len(rows))


def _head(row: int, source: str | None, quality: float | None, status: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"record {row:,}" + (f" · quality {quality:.2f}" if quality is not None else ""))
        if source:
            st.text(source)
        if status in STATUS_BADGES:
            st.badge(STATUS_NAMES[status], color=STATUS_BADGES[status])


def _body(pipeline: Pipeline, record: dict) -> None:
    """Records are shown as plain text: what they hold is data, not layout."""
    turns = _turns(pipeline, record["raw"]) or [("user", record["prompt"]), ("assistant", record["response"])]
    for role, text in turns:
        if not text:
            continue
        st.caption(_ROLES.get(role) or as_markdown(role))
        st.text(text if len(text) <= _LONG else text[:_LONG] + " …")
        if len(text) > _LONG:
            with st.popover(f"All {len(text):,} characters"):
                st.text(text)


def _turns(pipeline: Pipeline, raw: str) -> list[tuple[str, str]]:
    fields = parse_fields(pipeline.workspace.dataset().fields)
    if not fields.messages:
        return []
    try:
        return turns_of(orjson.loads(raw), fields)
    except UnusableRecord:
        return []


def _actions(row: int, status: int, key: str) -> None:
    with st.container(horizontal=True):
        for action, label in (("pin", "Pin"), ("drop", "Drop"), ("clear", "Clear")):
            st.button(
                label,
                icon=ICONS[action],
                key=f"{action}-{key}-{row}",
                type="tertiary",
                disabled=status in _NO_USE[action],
                on_click=decide.on_records,
                args=(action, np.array([row])),
            )
