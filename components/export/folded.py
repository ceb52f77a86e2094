"""The ways to write the current selection that are folded until they are looked at: for a trainer, in parts, to a hub."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from core.base.errors import CurationError
from core.evidence.current import current_selection
from core.export.delivery import selected_rows
from core.run.pipeline import Pipeline


def show(pipeline: Pipeline, title: str, icon: str, key: str, draw: Callable[[np.ndarray], None]) -> None:
    """Draw the fold, where there is a selection that can be written. draw: called with its rows, (m,) int64, once it is open."""
    try:
        rows = selected_rows(pipeline)
    except CurationError:
        return  # the page says why
    if not len(rows) or not current_selection(pipeline).is_finished:
        return
    with st.expander(as_markdown(title), icon=icon, key=key, on_change="rerun") as panel:
        if panel.open:
            draw(rows)
