"""The reader: records as they are, a page at a time, each with its state, why it has it, and what can be done with it.

Drawn by a component of our own (reader.js), which takes the keys and answers with what is asked for. An ask stays in its list
until it is done, so that of keys that come faster than the server answers none is lost, and none is done twice.
"""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from components.records import record_editor
from components.records.reading import Reading, reading
from components.records.record_view import corrected, turn_view, turns_in
from components.session import decide, finding, opened, state
from components.session.state import Focus
from components.session.uninterrupted import uninterrupted
from core.base.arrays import is_among
from core.base.params import digest, rows_digest
from core.base.text import counted, shorten
from core.evidence.why import why
from core.run.pipeline import Pipeline
from core.selection.finding.find import neighbours_of
from core.selection.finding.meaning import Nearest
from core.selection.stage import last_selection_key
from core.selection.status import FREE
from core.workspace.edits import Edit, edited_raws, edits_among, edits_of

PER_PAGE = 10
N_SIMILAR = 12
NEAR_DUPLICATE = 0.95  # the cosine from which two records count as near-duplicates, as in the near-duplicate rate
WHY_AT_ONCE = 100_000  # records: of more, a page is shown before it is worked out why its records are selected
AS_GIVEN = "as found"
_ORDERS = ("most typical first", "selected first", "best quality first", "worst quality first", AS_GIVEN)
_HTML = '<div class="reader"></div>'
_JS, _CSS = (Path(__file__).with_name(f"reader.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
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
) -> None:
    """Draw records. rows: (m,) row ids. statuses: (n,) int8. key: told apart from other readers on the page.

    orders: whether an order can be chosen. first: the record that comes before all others in any order, or -1. words: marked
    where they occur whole; one that ends in * marks any ending. ranked: the rows come in an order of their own, kept at first.
    """
    held = reading(key)
    _follow(held)
    order = _order_control(key, ranked) if orders else AS_GIVEN
    of = digest(order, rows_digest(rows), first, pipeline.current("cluster"), pipeline.current("score"))
    rows = held.in_order(of, lambda: _arranged(pipeline, rows, statuses, order, first))
    pages = max(1, -(-len(rows) // PER_PAGE))
    held.page = min(held.page, pages - 1)
    shown = rows[held.page * PER_PAGE : (held.page + 1) * PER_PAGE]
    if len(shown) and held.similar not in shown:
        held.similar = -1
    mount = st.components.v2.component("record_reader", html=_HTML, css=_CSS, js=_JS)
    mount(
        key=f"reader-{key}",
        data={
            "session": held.session,
            "done": held.done,
            "mode": held.mode,
            "words": list(words),
            "first": first,
            "page": held.page,
            "pages": pages,
            "from": held.page * PER_PAGE,
            "total": len(rows),
            "can": {"decide": True, "similar": bool(pipeline.current("embed")), "edit": True},
            "records": _views(pipeline, shown, statuses, held),
        },
        on_asks_change=lambda: _on_asks(pipeline, key),
    )
    if held.edit >= 0:
        record_editor.show(pipeline, held.edit, held.close_editor)


def _follow(held: Reading) -> None:
    """Do what an ask wants done outside of the reader: the decision is on the map and in the sidebar too."""
    follow, held.follow = held.follow, ""
    if follow == "map":
        st.switch_page("map_page.py")
    if follow == "page":
        st.rerun()


def _order_control(key: str, ranked: bool) -> str:
    return st.selectbox("Order", _ORDERS, index=_ORDERS.index(AS_GIVEN) if ranked else 0, key=f"order-{key}")


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


def _views(pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray, held: Reading) -> list[dict[str, Any]]:
    """Return what the component draws of each of `rows`: nothing but numbers and texts."""
    table = opened.records(pipeline).take(rows, ["prompt", "response", "source", "raw"])
    quality, chosen = opened.quality(pipeline), opened.selected(pipeline)
    is_chosen = np.zeros(len(rows), bool) if chosen is None else is_among(rows, chosen)
    dataset, labels = pipeline.workspace.dataset(), opened.labels(pipeline)
    edits = {edit.row: edit for edit in edits_among(pipeline.workspace, rows.tolist())}
    raws = edited_raws(pipeline.workspace, {row: edits_of(pipeline)[row] for row in edits})
    views = []
    for i, (row, record, because) in enumerate(
        zip(rows.tolist(), table.to_pylist(), _why(pipeline, rows, held), strict=True)
    ):
        is_original, fields = row in held.original or row not in edits, dataset.fields_of(row)
        turns = turns_in(record if is_original else corrected(record, raws[row], fields), fields)
        views.append(
            {
                "row": row,
                "status": int(statuses[row]),
                "chosen": bool(is_chosen[i]),
                "quality": None if quality is None else float(quality[row]),
                "source": record["source"] or "",
                "cluster": "" if labels is None else f"cluster {labels[row]}",
                "why": because,
                "edited": _edited(edits[row]) if row in edits else "",
                "original": is_original,
                "turns": [turn_view(role, text, held.mode, row in held.whole) for role, text in turns],
                "similar": _similar(pipeline, row, statuses) if row == held.similar else None,
            }
        )
    return views


def _edited(edit: Edit) -> str:
    by = f" by {edit.decision.who}" if edit.decision.who else ""
    note = f": {edit.decision.note}" if edit.decision.note else ""
    return f"{edit.field} corrected{by}{note}"


def _why(pipeline: Pipeline, rows: np.ndarray, held: Reading) -> list[str | None]:
    """Return why each record is selected or not; None where that takes long and the browser has not asked for it yet."""
    stands = (last_selection_key(pipeline), pipeline.current("select"), pipeline.workspace.ledger.last_decision_id())
    asked, held.explains = held.explains, False
    if pipeline.n_records() > WHY_AT_ONCE and not asked and held.explained != (stands, tuple(rows)):
        return [None] * len(rows)
    held.explained = (stands, tuple(rows))
    return _known_why(
        str(pipeline.workspace.folder.resolve()), opened.shown_keys(pipeline), stands, tuple(rows), pipeline
    )


@st.cache_data(max_entries=256, show_spinner=False)
def _known_why(folder: str, shown: str, stands: tuple, rows: tuple[int, ...], _pipeline: Pipeline) -> list[str]:
    return why(_pipeline, np.array(rows, np.int64))


# The records like one


def _similar(pipeline: Pipeline, row: int, statuses: np.ndarray) -> dict[str, Any]:
    found, note = _neighbours(pipeline, row)
    rows, cosines = found.rows, found.cosines
    table = opened.records(pipeline).take(rows, ["prompt", "response"])
    items = [
        {
            "row": other,
            "cosine": float(cosine),
            "near": bool(cosine >= NEAR_DUPLICATE),
            "text": shorten(record["prompt"] or record["response"], 160),
            "status": int(statuses[other]),
        }
        for other, cosine, record in zip(rows.tolist(), cosines.tolist(), table.to_pylist(), strict=True)
    ]
    near = sum(item["near"] for item in items)
    told = f"{counted(near, 'near-duplicate')} (cosine {NEAR_DUPLICATE:g} or more)" if near else "no near-duplicate"
    return {"items": items, "summary": f"Nearest records by cosine: {told}. {note}".strip()}


def _neighbours(pipeline: Pipeline, row: int) -> tuple[Nearest, str]:
    keys = (pipeline.current("embed"), pipeline.current("meaning"))
    return _found(str(pipeline.workspace.folder.resolve()), keys, row, pipeline)


@st.cache_data(max_entries=256, show_spinner=False)
def _found(folder: str, keys: tuple[str, str], row: int, _pipeline: Pipeline) -> tuple[Nearest, str]:
    return neighbours_of(_pipeline, row, N_SIMILAR)


def _look_at_similar(pipeline: Pipeline, row: int, first: int) -> None:
    rows = np.concatenate([[row], _neighbours(pipeline, row)[0].rows])
    label = f"Records like record {row:,}"
    state.get().look_at(Focus("similar", label, rows, made_on=opened.shown_keys(pipeline), first=first))


# What was asked for


@uninterrupted
def _on_asks(pipeline: Pipeline, key: str) -> None:
    held, asked = reading(key), st.session_state[f"reader-{key}"].get("asks") or {}
    if asked.get("session") != held.session:
        return  # of a server that is gone: what was asked of it was done, or is not wanted any more
    for ask in asked.get("list", ()):
        if ask["n"] > held.done:
            held.done = ask["n"]
            _do(pipeline, held, ask)


def _do(pipeline: Pipeline, held: Reading, ask: dict[str, Any]) -> None:
    what, row = ask["what"], int(ask["row"])
    if what in _DECISIONS:
        decide.on_records(what, np.array([row]))
        held.follow = "page"
    elif what == "undo":
        decide.undo()
        held.follow = "page"
    elif what == "page":
        held.page = max(0, int(ask["page"]))
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
