"""The budget as one bar: selected, pinned, not selected, dropped."""

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import is_dark, status_colours
from core.selection.status import DROPPED, FREE, PINNED, SELECTED


def show(statuses: np.ndarray, budget: int | None, is_stale: bool = False, in_tokens: str = "") -> None:
    """Draw the bar. statuses: (n,) int8. budget: the records asked for, or None before there is a selection.

    is_stale: what is selected does not yet obey the latest decisions. in_tokens: of a budget in tokens, what it came to.
    """
    counts = np.bincount(statuses, minlength=4)
    n, colours = max(len(statuses), 1), status_colours(is_dark())
    parts = [(SELECTED, "selected"), (PINNED, "pinned"), (FREE, "free"), (DROPPED, "dropped")]
    bars = "".join(
        f'<div style="width:{100 * counts[status] / n:.3f}%;background:{colours[status]};{_least(counts[status])}"></div>'
        for status, _ in parts
    )
    # Numbers only: nothing of the data is in this markup.
    st.html(f'<div style="display:flex;height:10px;border-radius:5px;overflow:hidden;gap:1px">{bars}</div>')
    if is_stale:
        st.caption(f"Budget {budget:,}, out of date" if budget else "Out of date")
    elif budget:
        st.caption(f"{counts[SELECTED] + counts[PINNED]:,} of {budget:,} selected")
    elif in_tokens:
        st.caption(f"{counts[SELECTED] + counts[PINNED]:,} selected, {as_markdown(in_tokens)}")
    else:
        st.caption("Nothing selected yet")
    st.caption(f"{counts[PINNED]:,} pinned · {counts[DROPPED]:,} dropped · {counts[FREE]:,} free")


def _least(count: int) -> str:
    return "min-width:3px" if count else ""
