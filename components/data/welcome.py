"""The first page before any data is open: what Winnow does, the sample, and the ways to open data of one's own."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.data import data_source
from components.frame import tour
from components.session import people
from core.base import access
from core.run.pipeline import Pipeline
from core.workspace.workspace import known_workspaces


def show(pipeline: Pipeline) -> None:
    """Draw the page."""
    st.title("Winnow finds the records worth training on")
    st.markdown(
        "Open instruction data, see what is in it, let a method choose a small, diverse part of it, correct the choice, and "
        "take it with you as JSONL."
    )
    data_source.show_again(pipeline)
    own, other = st.columns([3, 2], gap="medium")
    with own.container(border=True, height="stretch"):
        st.markdown("## Open your data")
        data_source.show_own()
    with other.container(border=True, height="stretch"):
        st.markdown("## Open the sample")
        st.caption(
            "600 short conversations on some twenty subjects, with near-duplicates and poor responses among them. "
            "A tour of five steps leads from them to a file to train on."
        )
        st.button(
            "Open the sample",
            icon=":material/play_arrow:",
            type="primary",
            key="open_sample",
            on_click=data_source.open_sample,
            **people.off(access.IMPORT),
        )
        folders = known_workspaces()
        if folders:
            st.markdown("## Opened before")
            data_source.show_before(folders)
    st.markdown("## What comes then")
    for i, (column, step) in enumerate(zip(st.columns(len(tour.STEPS), gap="medium"), tour.STEPS, strict=True), 1):
        column.markdown(f"**{as_markdown(f'{i} {step.entry.title}')}**")
        column.caption(as_markdown(step.entry.question))
