"""Correcting a field of a record: the original beside the text that takes its place in exports. Opened from the reader."""

from collections.abc import Callable

import streamlit as st

from components.session import decide, people
from core.base import access
from core.base.text import shorten
from core.run.pipeline import Pipeline
from core.workspace.edits import editable_fields, edits_of

_PARTS = {"user": "prompt", "assistant": "response"}


def show(pipeline: Pipeline, row: int, close: Callable[[], None]) -> None:
    """Ask for a field's new text, and keep it as a decision that can be taken back. close: called when the reader is done."""
    st.dialog("Correct a record", width="large", on_dismiss=close)(_ask)(pipeline, row, close)


def _ask(pipeline: Pipeline, row: int, close: Callable[[], None]) -> None:
    fields = editable_fields(pipeline.workspace, row)
    st.caption(
        f"Record {row:,}. The original stays, with its embedding, cluster and quality; exports have the new text, and their "
        "manifest names it."
    )
    if not fields:
        st.caption("It has no field of text that could be corrected.")
        return
    last = max((i for i, field in enumerate(fields) if field.part in ("response", "assistant")), default=0)
    field = fields[0]
    if len(fields) > 1:
        at = st.selectbox(
            "Field",
            range(len(fields)),
            index=last,
            format_func=lambda i: f"{_PARTS.get(fields[i].part, fields[i].part)} · {shorten(fields[i].text, 60)}",
            key=f"edit-field-{row}",
        )
        field = fields[at]
    now = edits_of(pipeline).get(row, {}).get(field.name, field.text)
    text = st.text_area("Its text", now, height=260, key=f"edit-text-{row}-{field.name}")
    note = st.text_input("Why, if you want to say", key=f"edit-note-{row}")
    if now != field.text:
        with st.expander("The original"):
            st.text(field.text)
    with st.container(horizontal=True):
        new = text if st.button("Save", type="primary", key=f"edit-save-{row}", **people.off(access.DECIDE)) else None
        if now != field.text and st.button("Back to the original", key=f"edit-back-{row}", **people.off(access.DECIDE)):
            new = field.text
        is_done = st.button("Cancel", key=f"edit-cancel-{row}")
    if new is not None:
        decide.on_field(row, field.name, new, note)
    if new is not None or is_done:
        close()
        st.rerun()
