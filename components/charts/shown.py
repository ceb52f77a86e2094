"""A chart on a page: told in words to who can't see it, calm under the mouse, and answering to a click.

What can be clicked carries its number, of a cluster, a record or a part, as Plotly's `customdata`.
"""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

_CONFIG = {"displayModeBar": False, "doubleClick": "reset"}
_MARKED = ("scatter", "scattergl", "bar")


def show(
    figure: go.Figure, key: str, says: str, on_pick: Callable[[Any], None] | None = None, width: int | str = "stretch"
) -> None:
    """Draw a chart. says: what it shows, for who can't see it. on_pick: what a click does, given the customdata of its point."""
    if on_pick is None:
        st.plotly_chart(figure, key=key, theme=None, config=_CONFIG, alt=says, width=width)
        return

    def hear() -> None:
        picked = _picked(st.session_state[key])
        if picked is not None:
            on_pick(picked)

    st.plotly_chart(
        _calm(figure),
        key=key,
        theme=None,
        config=_CONFIG,
        alt=says,
        width=width,
        on_select=hear,
        selection_mode="points",
    )


def clicked(figure: go.Figure, key: str, says: str) -> Any:
    """Draw a chart whose click leads to another page; return the customdata of the point clicked, None where none is."""
    how = {"theme": None, "config": _CONFIG, "alt": says, "on_select": "rerun", "selection_mode": "points"}
    return _picked(st.plotly_chart(_calm(figure), key=key, **how))


def _picked(answer: Any) -> Any:
    for point in answer.selection.points:
        held = point.get("customdata")
        if held is not None:
            return held[0] if isinstance(held, list) else held
    return None


def _calm(figure: go.Figure) -> go.Figure:
    """Let a click change nothing by itself: what is picked the page shows, on every chart alike."""
    for trace in figure.data:
        if trace.type in _MARKED:
            opacity = 1 if trace.marker.opacity is None else trace.marker.opacity
            trace.update({side: {"marker": {"opacity": opacity}} for side in ("selected", "unselected")})
    return figure
