"""What is picked, before it is read: its statuses, sources, clusters, quality and length beside all records. A click narrows it."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from components.charts.theme import STATUS_NAMES
from components.session import focus, opened
from components.session.state import Focus
from core.base.text import shorten
from core.run.pipeline import Pipeline
from core.selection.finding.columns import Column
from core.selection.finding.holding import Binned, Part, binned, middle, parts_of, spread
from core.selection.finding.known import STATES, Known
from core.selection.finding.query import Filter

_MOST = 4  # labels of each kind
_FOLDER = Path(__file__).parent
_HTML = '<div class="holding"></div>'
_JS, _CSS = ((_FOLDER / f"holding.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))


def show(pipeline: Pipeline, looked_at: Focus, statuses: np.ndarray) -> None:
    """Draw what a focus holds. statuses: (n,) int8."""
    mount = st.components.v2.component("holding", html=_HTML, css=_CSS, js=_JS)
    mount(
        key="holding",
        data=held_by(pipeline, looked_at, statuses),
        on_narrow_change=lambda: _narrow(st.session_state["holding"].get("narrow")),
    )


def held_by(pipeline: Pipeline, looked_at: Focus, statuses: np.ndarray) -> dict[str, Any]:
    """Return what is drawn: plain numbers and texts."""
    rows, known = looked_at.rows, Known(pipeline, statuses)
    names = opened.cluster_names(pipeline)
    labels = opened.labels(pipeline)
    states, _ = parts_of(statuses, rows, np.zeros(len(STATES), np.int64), len(STATES))
    lists = []
    sources, codes = opened.sources(pipeline)
    if sources:
        lists.append(_list(pipeline, "Sources", "source", codes, rows, lambda part: sources[part.code], len(sources)))
    if looked_at.kind != "cluster":
        lists.append(_list(pipeline, "Clusters", "cluster", labels, rows, lambda part: names[part.code], len(names)))
    spreads = [_spread(pipeline, "Quality", known, rows, pipeline.current("score"))]
    spreads.append(_spread(pipeline, "Words", known, rows, pipeline.key("records")))
    return {
        "total": len(rows),
        "states": [
            {"name": STATUS_NAMES[part.code], "code": part.code, "n": part.n, "value": STATES[part.code]}
            for part in sorted(states, key=lambda part: -part.code)
        ],
        "lists": [each for each in lists if each["parts"]],
        "spreads": [each for each in spreads if each is not None],
    }


def _list(
    pipeline: Pipeline, title: str, column: str, codes: np.ndarray, rows: np.ndarray, name, k: int
) -> dict[str, Any]:
    parts, there = parts_of(codes, rows, _totals(pipeline, column, codes, k), _MOST)
    return {
        "title": title,
        "column": column,
        "there": there,
        "parts": [_part(part, column, name(part)) for part in parts],
    }


def _part(part: Part, column: str, name: str) -> dict[str, Any]:
    value = name if column == "source" else str(part.code)
    return {"name": shorten(name, 60), "value": value, "n": part.n, "share": part.share, "of_all": part.of_all}


def _totals(pipeline: Pipeline, column: str, codes: np.ndarray, k: int) -> np.ndarray:
    key = pipeline.current("cluster") if column == "cluster" else pipeline.key("records")
    return _known_totals(str(pipeline.workspace.folder.resolve()), column, key, codes, k)


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_totals(folder: str, column: str, key: str, _codes: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(_codes[_codes >= 0], minlength=k)


def _spread(pipeline: Pipeline, title: str, known: Known, rows: np.ndarray, key: str) -> dict[str, Any] | None:
    name = title.lower()
    if name not in known:
        return None
    column = known[name]
    held = _known_bins(str(pipeline.workspace.folder.resolve()), name, key, column)
    counts, edges = spread(held, rows), held.edges
    return {
        "title": title,
        "column": name,
        "edges": edges.tolist(),
        "shares": (counts / max(int(counts.sum()), 1)).tolist(),
        "counts": counts.tolist(),
        "of_all": (held.counts / max(int(held.counts.sum()), 1)).tolist(),
        "middle": middle(column.numbers, rows),
        "whole": bool(np.issubdtype(column.numbers.dtype, np.integer)),
    }


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_bins(folder: str, name: str, key: str, _column: Column) -> Binned:
    return binned(_column.numbers)


def _narrow(told: dict[str, Any] | None) -> None:
    if told:
        focus.narrow(Filter(str(told["column"]), "=", (str(told["value"]),)))
