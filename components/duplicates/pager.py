"""Turning the pages of a list: two small buttons and where one is. Nothing where all of it is on one page."""

import streamlit as st

from components.charts.escaping import as_markdown


def show(n: int, per_page: int, key: str, what: str) -> range:
    """Draw it; return the places shown. key: of the list, so that another list begins at its top. what: in words, several."""
    pages = max(1, -(-n // per_page))
    held = f"pager-{key}"
    page = min(st.session_state.get(held, 0), pages - 1)
    shown = range(page * per_page, min((page + 1) * per_page, n))
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for label, icon, to in (("Previous", "chevron_left", page - 1), ("Next", "chevron_right", page + 1)):
                st.button(
                    "",
                    icon=f":material/{icon}:",
                    key=f"{held}-{label}",
                    help=f"{label} page",
                    type="tertiary",
                    disabled=not 0 <= to < pages,
                    on_click=_turn,
                    args=(held, to),
                )
            st.caption(f"{shown.start + 1:,} to {shown.stop:,} of {n:,} {as_markdown(what)}", width="content")
    return shown


def _turn(held: str, page: int) -> None:
    st.session_state[held] = page
