"""Small choices that stand in a line: chips that can be taken out, and a switch between ways."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from components.charts.escaping import as_markdown


def chips(label: str, parts: Mapping[str, Any], key: str, take_out: Callable[[Any], None]) -> None:
    """Draw what holds as chips. parts: {what a chip says: what it stands for}; take_out: called with what one stood for."""

    def changed() -> None:
        for said, part in parts.items():
            if said not in st.session_state[key]:
                take_out(part)

    st.pills(
        as_markdown(label),
        list(parts),
        selection_mode="multi",
        default=list(parts),
        format_func=lambda part: as_markdown(part) + " :material/close:",
        key=key,
        on_change=changed,
        label_visibility="collapsed",
    )


def switch(label: str, ways: Mapping[str, str], now: str, key: str, chosen: Callable[[str], None] | None = None) -> str:
    """Draw a switch and return where it stands. ways: {way: its words}. chosen: called with the way that was switched to.

    Streamlit calls back for a control that is gone, too, with what it stood at, where a browser that is behind sends it once more.
    """

    def changed() -> None:
        if st.session_state[key] != now:
            chosen(st.session_state[key])

    return st.segmented_control(
        as_markdown(label),
        list(ways),
        format_func=lambda way: as_markdown(ways[way]),
        default=now,
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=None if chosen is None else changed,
    )
