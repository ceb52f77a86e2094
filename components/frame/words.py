"""The words of Winnow, each with its one line, in a dialog that every page can open."""

import streamlit as st

from components.charts.escaping import as_markdown
from core.base.glossary import GLOSSARY


@st.dialog("Words", width="large")
def show() -> None:
    """Draw the dialog."""
    with st.container(gap=None):
        for word, meaning in GLOSSARY.items():
            left, right = st.columns([1, 4], gap="small")
            left.markdown(f"**{as_markdown(word)}**")
            right.markdown(as_markdown(meaning))
