"""The fields that people corrected: what they were, what they are, whose it is, and a way to take each back."""

import streamlit as st

from components.charts.theme import ICONS
from components.session import decide, people
from core.base import access
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.workspace.edits import editable_fields, standing_edits

_MOST_SHOWN = 50


def show(pipeline: Pipeline) -> None:
    """Draw the list, nothing where no edit stands."""
    made = standing_edits(pipeline.workspace)
    if not made:
        return
    with st.expander(f"Edited ({len(made):,})"):
        st.caption(
            "Exports have the new texts, beside everything else of the record as it was. Embeddings, clusters and scores are "
            "those of the original texts."
        )
        for edit in reversed(made[-_MOST_SHOWN:]):
            originals = {field.name: field.text for field in editable_fields(pipeline.workspace, edit.row)}
            by = f" by {edit.decision.who}" if edit.decision.who else ""
            st.text(f"Record {edit.row:,}, {edit.field}{by}")
            left, right = st.columns(2)
            left.text(originals.get(edit.field, ""))
            right.text(edit.text)
            st.button(
                "Take back",
                icon=ICONS["undo"],
                on_click=decide.undo,
                **people.off(access.DECIDE),
                args=(edit.decision.id,),
                key=f"unedit-{edit.decision.id}-{edit.row}",
            )
        if len(made) > _MOST_SHOWN:
            st.caption(f"And {counted(len(made) - _MOST_SHOWN, 'earlier one')}.")
