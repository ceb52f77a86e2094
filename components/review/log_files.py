"""The log of decisions as a file."""

import streamlit as st

from core.export.decision_lines import log_lines
from core.run.pipeline import Pipeline


def show(pipeline: Pipeline) -> None:
    """Draw the button that downloads the log."""
    st.download_button(
        "Download the log",
        lambda: b"".join(log_lines(Pipeline(pipeline.workspace))),  # as it is when the button is pressed
        f"{pipeline.workspace.dataset().name}-decisions.jsonl",
        "application/jsonl",
        icon=":material/download:",
        on_click="ignore",
        key="download_log",
        help="Every decision as a line of JSON, with the hashes by which records are known in any import of the same data.",
    )
