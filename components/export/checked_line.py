"""One line on what evaluation data the selection was checked against: a warning where something that overlaps is in it."""

import streamlit as st

from components.charts.escaping import as_markdown
from core.export.decontamination import checked
from core.run.pipeline import Pipeline


def show(pipeline: Pipeline) -> None:
    """Draw the line."""
    found = checked(pipeline)
    if found is None:
        st.caption("Not checked against evaluation data yet; on the Duplicates page, *With evaluations* does it.")
    elif found.is_clean:
        st.markdown(f":primary[:material/verified_user:] {as_markdown(found.said)}")
    else:
        st.warning(as_markdown(f"{found.said} The Duplicates page shows them."), icon=":material/gpp_maybe:")
