"""Turning the pages of a list: two small buttons below it and where one is. Nothing where all of it is on one page."""

import streamlit as st

from components.charts.escaping import as_markdown


def places(n: int, per_page: int, key: str) -> range:
    """Return which of n places the page shows. key: of the list, so that another list begins at its top."""
    page = min(st.session_state.get(_held(key), 0), max(0, -(-n // per_page) - 1))
    return range(page * per_page, min((page + 1) * per_page, n))


def show(n: int, per_page: int, key: str, what: str) -> None:
    """Draw the buttons. what: is listed, in words for several."""
    shown = places(n, per_page, key)
    if len(shown) == n:
        return
    page = shown.start // per_page
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"pages-{key}"):
        for label, icon, to in (("Previous", "chevron_left", page - 1), ("Next", "chevron_right", page + 1)):
            st.button(
                label,
                icon=f":material/{icon}:",
                icon_position="left" if to < page else "right",
                key=f"{_held(key)}-{label}",
                type="tertiary",
                disabled=not 0 <= to * per_page < n,
                on_click=_turn,
                args=(key, to),
            )
        st.caption(f"{shown.start + 1:,} to {shown.stop:,} of {n:,} {as_markdown(what)}", width="content")


def _turn(key: str, page: int) -> None:
    st.session_state[_held(key)] = page


def _held(key: str) -> str:
    return f"pager-{key}"
