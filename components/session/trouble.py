"""What went wrong, said on a page in its own words and with nothing of the data read as markup."""

import streamlit as st

from components.charts.escaping import as_markdown
from core.base.errors import CurationError


def show(error: CurationError) -> None:
    """Draw what `core` refused, with the fix as a page has it."""
    st.error(as_markdown(error.on_page), icon=":material/error:")


def warn(text: str) -> None:
    """Draw a warning that `core` gave."""
    st.warning(as_markdown(text))
