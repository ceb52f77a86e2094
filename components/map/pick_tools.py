"""What is picked, worked on: how the next pick joins it, all others, nothing, kept under a name, and what was kept."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import focus, people, state
from core.base import access
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.workspace.picks import Pick, named_picks

_JOINS = {"": "New", "add": "Add", "subtract": "Cut"}
_MORE = {"": "More", "add": "Picks add", "subtract": "Picks cut"}  # what was set stays in sight


def show(pipeline: Pipeline) -> None:
    """Draw the tools."""
    current = state.get()
    kept = named_picks(pipeline.workspace)
    if current.focus is not None:
        with st.popover(_MORE[current.join], type="tertiary", icon=":material/more_horiz:", key="pick_more"):
            _next_pick()
            st.button(
                "All others",
                type="tertiary",
                on_click=focus.look_at_all_others,
                key="pick_others",
                help="Pick the rest instead.",
            )
            if len(current.focus.rows):
                _keep(current.focus.label)
            if kept:
                st.caption(f"Kept ({len(kept)})")
                _list(kept)
        st.button(
            "Nothing",
            type="tertiary",
            icon=":material/close:",
            on_click=focus.look_away,
            key="pick_nothing",
            help="Pick nothing. Escape on the map does it too.",
        )
    elif kept:
        with st.popover(f"Kept ({len(kept)})", type="tertiary", icon=":material/bookmarks:", key="pick_kept"):
            _list(kept)


def _next_pick() -> None:
    current = state.get()
    key = f"pick_join-{current.join}"
    st.segmented_control(
        "The next pick",
        list(_JOINS),
        format_func=_JOINS.get,
        default=current.join,
        required=True,
        key=key,
        on_change=lambda: setattr(current, "join", st.session_state[key]),
        help="What you pick next, on the map, in a table or by a search: instead of what is picked, added to it, or taken away.",
    )


def _keep(label: str) -> None:
    with st.form("keep_pick", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Keep it as", placeholder=shorten(label, 40), key="keep_name", max_chars=80)
        st.form_submit_button("Keep this pick", on_click=_on_keep, **people.off(access.DECIDE))


def _on_keep() -> None:
    focus.keep(st.session_state["keep_name"])


def _list(kept: list[Pick]) -> None:
    for pick in kept:
        with st.container(horizontal=True, vertical_alignment="center"):
            label = f"{as_markdown(shorten(pick.name, 40))} · {counted(len(pick.rows), 'record')}"
            st.button(label, type="tertiary", key=f"kept-{pick.id}", on_click=focus.open_kept, args=(pick.id,))
            st.button(
                "",
                icon=":material/close:",
                type="tertiary",
                key=f"forget-{pick.id}",
                on_click=focus.forget_kept,
                args=(pick.id,),
                **people.off(access.DELETE, help="Take it off this list; decisions about its records stay."),
            )
