"""The reader: records as a list, a page at a time, each with its state; one at a time is read whole in a dialog.

Drawn by a component of our own (js/), which takes the keys and answers with what is asked for. An ask stays in its list until
it is done, so that of keys that come faster than the server answers none is lost, and none is done twice.
"""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from components.records import record_editor
from components.records.reading import Reading, reading
from components.records.record_views import lines, neighbours, views
from components.session import address, decide, finding, opened, running, state
from components.session.state import Focus
from components.session.turns import TURNS
from components.session.uninterrupted import uninterrupted
from core.base import access
from core.base.params import digest, rows_digest
from core.run.pipeline import Pipeline
from core.selection.status import FREE
from core.workspace.deciding import overrides_of

PER_PAGE = 50
AS_GIVEN = "as found"
ORDERS = ("most typical first", "selected first", "best quality first", "worst quality first", AS_GIVEN)
_HTML = '<div class="reader"></div>'
_FOLDER = Path(__file__).parent
_JS = "\n".join(
    (_FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8")
    for name in (
        "trees",
        "marks",
        "turns",
        "places",
        "rows",
        "note",
        "sheet",
        "edges",
        "keys",
        "asking",
        "presence",
        "reader",
    )
)
_CSS = (_FOLDER / "reader.css").read_text(encoding="utf-8")
_DECISIONS = ("pin", "drop", "clear")


@st.fragment
def show(
    pipeline: Pipeline,
    rows: np.ndarray,
    statuses: np.ndarray,
    key: str,
    orders: bool = True,
    first: int = -1,
    words: tuple[str, ...] = (),
    ranked: bool = False,
    opens: int = 0,
    remembers: bool = False,
) -> None:
    """Draw records. rows: (m,) row ids. statuses: (n,) int8. key: told apart from other readers on the page.

    orders: whether an order can be chosen. first: the record that comes before all others in any order, or -1. words: marked
    where they occur whole; one that ends in * marks any ending. ranked: the rows come in an order of their own, kept at first.
    opens: a number, new whenever the first record is to be read at once; 0 for none. remembers: whether the page and the order
    are the session's, which stand in the address.
    """
    held = reading(key)
    follow = _to_follow(held)
    if held.is_ahead:  # of `statuses`, which are those of when the page was drawn
        pipeline.forget()
        statuses = opened.statuses(pipeline, overrides_of(pipeline))
    current = state.get()
    if remembers:
        held.page = current.page
        held.order = held.order or ("" if ranked else current.order)
    order = (held.order or (AS_GIVEN if ranked else ORDERS[0])) if orders else AS_GIVEN
    of = digest(order, rows_digest(rows), first, pipeline.current("cluster"), pipeline.current("score"))
    rows = held.in_order(of, lambda: _arranged(pipeline, rows, statuses, order, first))
    pages = max(1, -(-len(rows) // PER_PAGE))
    held.page = min(held.page, pages - 1)
    if remembers:
        current.page = held.page
        address.remember_list()
    shown = rows[held.page * PER_PAGE : (held.page + 1) * PER_PAGE]
    if len(shown) and held.similar not in shown:
        held.similar = -1
    why = access.why_not(access.DECIDE)
    mount = st.components.v2.component("record_reader", html=_HTML, css=_CSS, js=_JS)
    mount(
        key=f"reader-{key}",
        data={
            "session": held.session,
            "done": held.done,
            "mode": held.mode,
            "words": list(words),
            "first": first,
            "open": opens if opens != held.opened else 0,
            "editing": held.edit >= 0,
            "order": order,
            "orders": list(ORDERS) if orders else [],
            "page": held.page,
            "pages": pages,
            "from": held.page * PER_PAGE,
            "total": len(rows),
            "can": {"decide": not why, "similar": bool(pipeline.current("embed")), "edit": not why, "why": why},
            "records": lines(pipeline, shown, statuses),
            "views": views(pipeline, shown, statuses, held),
        },
        on_asks_change=lambda: _on_asks(pipeline, key, opens, remembers),
    )
    if held.edit >= 0:
        record_editor.show(pipeline, held.edit, held.close_editor)
    if follow == "page" or (follow == "turn" and TURNS.take(running.session_id())):
        st.rerun()  # last: a run that ended before the reader would take it off the page until another one puts it back


def _to_follow(held: Reading) -> str:
    """Go to the map where an ask wants that; return how the page is to be drawn anew: a decision is in the sidebar too."""
    follow, held.follow = held.follow, ""
    if follow == "map":
        st.switch_page("map_page.py")
    is_part = running.draws_a_part()  # else the page is drawn just now
    held.is_ahead = is_part and (held.is_ahead or follow == "turn")
    return follow if is_part else ""


def _arranged(pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray, order: str, first: int) -> np.ndarray:
    rows = _order_of(pipeline, rows, statuses, order)
    return np.concatenate([rows[rows == first], rows[rows != first]])


def _order_of(pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray, order: str) -> np.ndarray:
    """Return `rows` in an order."""
    if order == "selected first":
        return rows[np.argsort(statuses[rows] == FREE, kind="stable")]
    whole = opened.whole_order(pipeline, order)
    if whole is None:
        return rows
    if len(rows) * 20 < len(whole):
        place = np.empty(len(whole), np.int64)
        place[whole] = np.arange(len(whole))
        return rows[np.argsort(place[rows], kind="stable")]
    wanted = np.zeros(len(whole), bool)
    wanted[rows] = True
    return whole[wanted[whole]]


def _look_at_similar(pipeline: Pipeline, row: int, first: int) -> None:
    rows = np.concatenate([[row], neighbours(pipeline, row)[0].rows])
    label = f"Records like record {row:,}"
    state.get().look_at(Focus("similar", label, rows, made_on=opened.shown_keys(pipeline), first=first))


# What was asked for


@uninterrupted
def _on_asks(pipeline: Pipeline, key: str, opens: int, remembers: bool) -> None:
    held, asked = reading(key), st.session_state[f"reader-{key}"].get("asks") or {}
    if asked.get("session") != held.session:
        return  # of a server that is gone: what was asked of it was done, or is not wanted any more
    held.opened = opens  # the browser has it
    for ask in asked.get("list", ()):
        if ask["n"] > held.done:
            held.done = ask["n"]
            _do(pipeline, held, ask)
    if remembers:
        current = state.get()
        current.page, current.order = held.page, held.order or current.order


def _do(pipeline: Pipeline, held: Reading, ask: dict[str, Any]) -> None:
    what, row = ask["what"], int(ask["row"])
    if what in _DECISIONS:
        held.wants_page(in_turn=decide.on_records(what, np.array([row]), str(ask.get("note", ""))))
    elif what == "undo":
        held.wants_page(in_turn=decide.undo())
    elif what == "read":
        held.at = row
    elif what == "page":
        held.page = max(0, int(ask["page"]))
    elif what == "order" and ask["order"] in ORDERS:
        held.order, held.page = ask["order"], 0
    elif what == "mode":
        held.mode = "rendered" if ask["mode"] == "rendered" else "written"
    elif what == "whole":
        held.whole.add(row)
    elif what == "why":
        held.explains = True
    elif what == "original":
        held.original ^= {row}
    elif what == "edit":
        held.edit = row
    elif what == "similar":
        held.similar = -1 if held.similar == row else row
    elif what == "open":
        _look_at_similar(pipeline, row, int(ask["to"]))
        held.follow = "map"
    elif what == "more":
        finding.look_like(row)
        held.follow = "map"
