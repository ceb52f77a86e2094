"""The head of a record that stands beside another text: its number and source, what became of it, and a button to drop it."""

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import STATUS_BADGES, STATUS_NAMES
from components.session import decide, people
from core.base import access
from core.base.text import shorten
from core.selection.status import DROPPED


def show_head(record: dict, row: int, status: int, badge: str = "", can_drop: bool = True) -> None:
    """Draw it. record: with its source. status: of `selection.status`. badge: what the record is here, "" for nothing."""
    source = f" · {shorten(record['source'], 60)}" if record["source"] else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", height=40, border=False):
        st.caption(as_markdown(f"record {row:,}{source}"), width="content")
        if badge:
            st.badge(as_markdown(badge), color="primary", icon=":material/check:")
        if status in STATUS_BADGES:
            st.badge(STATUS_NAMES[status], color=STATUS_BADGES[status])
        st.space("stretch")
        if can_drop:
            st.button(
                "Drop this one",
                type="tertiary",
                icon=":material/block:",
                key=f"pair_drop-{row}",
                on_click=decide.on_records,
                **people.off(access.DECIDE, status == DROPPED),
                args=("drop", np.array([row])),
            )
