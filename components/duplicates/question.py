"""Which of two questions the page answers: what is alike among the records, or between them and evaluations."""

import streamlit as st

from components.session import state

VIEWS = {"records": "Among the records", "evaluations": "With evaluations"}


def show() -> str:
    """Draw the choice; return it."""
    current = state.get()
    view = st.segmented_control(
        "Question",
        list(VIEWS),
        default=current.duplicates_view,
        format_func=VIEWS.get,
        key="duplicates_view",
        label_visibility="collapsed",
        required=True,
    )
    current.duplicates_view = view or current.duplicates_view
    return current.duplicates_view
