"""A map beside other things, on pages that have no reader of their own: what is picked there is read on the Map page."""

from collections.abc import Callable

import streamlit as st

from components.canvas import canvas_map
from components.canvas.colouring import Colouring
from components.canvas.desk import Answers
from components.session import opened, state
from components.session.focus import look_at_area, look_at_record, look_away
from core.base.text import counted
from core.run.pipeline import Pipeline


def show(
    pipeline: Pipeline,
    name: str,
    colouring: Colouring,
    tip: Callable[[int], list[str]],
    height: int,
    click: Callable[[int, str], None] = look_at_record,
) -> None:
    """Draw the map and the way to read what is picked on it. name, colouring, tip, click, height: see `canvas_map.show`."""
    opened.forget_what_changed(pipeline)
    focus = state.get().focus
    canvas_map.listen(pipeline, name, lambda: colouring, Answers(pick=look_at_area, click=click, clear=look_away))
    canvas_map.show(pipeline, name, colouring, tip, height, focus.rows if focus is not None else None)
    if focus is not None and len(focus.rows):
        label = f"Read {counted(len(focus.rows), 'picked record')} on the Map page"
        st.page_link("map_page.py", label=label, icon=":material/arrow_forward:", icon_position="right")
