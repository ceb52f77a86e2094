"""Hover and click on a map: the server finds the nearest of all records, a tip beside the pointer names it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from core.vectors.raster import nearest_point

REACH = 16  # pixels from the pointer to the record it means, at most
_HTML = '<div class="tip" role="tooltip" hidden></div>'
_JS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_CSS = """
.tip {
  position: fixed; left: 0; top: 0; z-index: 1000; pointer-events: none; max-width: 22rem; padding: 0.45rem 0.65rem;
  font-family: var(--st-font); font-size: 0.8rem; line-height: 1.35; overflow-wrap: anywhere;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 0.4rem; box-shadow: 0 2px 8px rgba(0, 0, 0, 0.18);
}
.tip div:not(:nth-child(2)) { opacity: 0.72; }
"""


@st.fragment
def show(
    chart: str, xy: np.ndarray, describe: Callable[[int], list[str]], on_click: Callable[[int], None] | None = None
) -> None:
    """Watch the pointer over the Plotly chart whose key is `chart`; only this fragment runs again while it moves.

    xy: (n, 2) of every record. describe: the lines of a row's tip. on_click: what a click on a row does; the page follows.
    """
    key = f"pointer-{chart}"
    asked = st.session_state.get(key, {}).get("hover")
    row = _row(xy, asked)
    answer = {"n": asked["n"], "lines": describe(row) if row >= 0 else []} if asked else None
    mount = st.components.v2.component("map_pointer", html=_HTML, css=_CSS, js=_JS)
    reported = mount(
        key=key,
        data={"chart": chart, "clicks": on_click is not None, "answer": answer},
        on_hover_change=lambda: None,
        on_click_change=lambda: None,
    )
    if on_click is not None and (clicked := _row(xy, reported.click)) >= 0:
        on_click(clicked)
        st.rerun()


def _row(xy: np.ndarray, place: dict | None) -> int:
    if not place:
        return -1
    return nearest_point(xy, (place["x"], place["y"]), (place["per_x"], place["per_y"]), REACH)
