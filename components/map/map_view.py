"""The map on its page: colouring, clicks and lines in, what the reader looks at out."""

import numpy as np
import streamlit as st

from components.canvas import canvas_map
from components.canvas.canvas_map import tip_of
from components.canvas.choices import choices, colouring_of
from components.canvas.desk import Answers
from components.charts.escaping import as_markdown
from components.charts.theme import is_dark
from components.frame import navigation
from components.session import opened, state
from components.session.address import remember_colour, remember_view
from components.session.focus import look_at_area, look_at_record, look_away
from components.session.state import Focus
from core.run.pipeline import Pipeline
from core.vectors.projection import layout_note

_HOW = (
    "Drag a line around points to read them: Shift adds to what is picked, Alt takes away. Click a point to read it and its "
    "cluster. The wheel zooms, the right button moves. A click on an entry of the legend hides or shows it, with Alt it alone "
    "is shown. Stars are the examples of a target."
)


def show(pipeline: Pipeline, statuses: np.ndarray, height: int = 640) -> Focus | None:
    """Draw the map with its controls; return what is looked at. statuses: (n,) int8, see `opened.statuses`."""
    canvas_map.listen(
        pipeline,
        "map",
        lambda: colouring_of(pipeline, state.get().colour_by, statuses, is_dark()),
        Answers(pick=look_at_area, click=look_at_record, clear=look_away),
    )
    _map(pipeline, statuses, height)
    return state.get().focus


@st.fragment
def _map(pipeline: Pipeline, statuses: np.ndarray, height: int) -> None:
    """Draw the map; another colouring draws nothing else anew."""
    current = state.get()
    names = choices(pipeline)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="map_head"):
        st.title("Map", width="content", help=_help(pipeline))
        colour_by = st.selectbox(
            "Colour by",
            names,
            index=names.index(current.colour_by) if current.colour_by in names else 0,
            format_func="Colour by {}".format,
            key="colour_by",
            width="stretch",
            label_visibility="collapsed",
        )
        navigation.next_page(pipeline, "select")
    remember_colour(colour_by)
    picked = current.focus.rows if current.focus is not None else None
    canvas_map.show(
        pipeline,
        "map",
        colouring_of(pipeline, colour_by, statuses, is_dark()),
        tip=lambda row: _tip(pipeline, row),
        height=height,
        picked=picked,
        names=opened.cluster_names(pipeline),
        view=current.view,
        seen=remember_view,
        stars=True,
    )


def _help(pipeline: Pipeline) -> str:
    note = layout_note(pipeline.info("project"))
    return _HOW + (f"\n\n{as_markdown(note)}" if note else "")


def _tip(pipeline: Pipeline, row: int) -> list[str]:
    cluster = int(opened.labels(pipeline)[row])
    return [*tip_of(pipeline, row), f"cluster {cluster}: {opened.cluster_names(pipeline)[cluster]}"]
