"""The log of decisions as a file: downloaded, or one of another import of the same data replayed here."""

import streamlit as st

from components.session import decide, people
from core.base import access
from core.base.text import counted
from core.export.decision_lines import log_lines
from core.run.pipeline import Pipeline

_MOST_NAMED = 50


def show(pipeline: Pipeline) -> None:
    """Draw the two."""
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.download_button(
            "Download the log",
            access.as_now(
                lambda: b"".join(log_lines(Pipeline(pipeline.workspace)))
            ),  # as it is when the button is pressed
            f"{pipeline.workspace.dataset().name}-decisions.jsonl",
            "application/jsonl",
            icon=":material/download:",
            on_click="ignore",
            key="download_log",
            **people.off(
                access.EXPORT,
                help="Every decision as a line of JSON, with the hashes by which records are known in any import of the same "
                "data.",
            ),
        )
        with st.popover("Replay a log", icon=":material/history:"):
            replay()


def replay() -> None:
    """Ask for a log and replay it."""
    st.caption(
        "A log downloaded from another workspace with the same data: its decisions are made here, in order, each signed by "
        "whoever made it. Records are known by their content, clusters where they are the same or overlap."
    )
    log = st.file_uploader("Log of decisions", type="jsonl", key="replay_file", **people.off(access.DECIDE))
    st.button(
        "Replay it",
        key="replay",
        on_click=lambda: decide.replay(log.getvalue()),
        **people.off(access.DECIDE, log is None),
        type="primary",
    )
    if found := decide.last_replay():
        st.caption(f"{counted(found.n_made, 'decision')} replayed, {found.n_here_before:,} were here before.")
        for number, said, why in found.missing[:_MOST_NAMED]:
            st.text(f"Decision {number}, {said}: {why}")
        if len(found.missing) > _MOST_NAMED:
            st.caption(f"And {len(found.missing) - _MOST_NAMED:,} more.")
