"""What the open data is: its fields, its sources, its first records, and what was not taken."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.records import record_reader
from components.session import opened
from core.run.pipeline import Pipeline
from core.workspace.deciding import overrides_of


def show(pipeline: Pipeline) -> None:
    """Draw the summary."""
    dataset = pipeline.workspace.dataset()
    names, codes = opened.sources(pipeline)
    columns = st.columns(4)
    columns[0].metric("Records", f"{dataset.n_records:,}")
    columns[1].metric("Not taken", f"{dataset.n_rejects:,}", help="Lines that are no JSON, no object, or have no text.")
    columns[2].metric(
        "Sources",
        f"{len(names):,}" if names else "none",
        help="Distinct labels in the source field, where the data has one.",
    )
    columns[3].metric("File", as_markdown(dataset.file))
    if dataset.n_rejects:
        _rejects(pipeline, dataset.n_rejects)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("##### First records")
        rows = np.arange(min(3, dataset.n_records))
        record_reader.show(pipeline, rows, opened.statuses(pipeline, overrides_of(pipeline)), key="first", orders=False)
    with right:
        if names:
            st.markdown("##### Sources")
            counts = np.bincount(codes[codes >= 0], minlength=len(names))
            frame = pd.DataFrame({"source": names, "records": counts})
            st.dataframe(
                frame,
                hide_index=True,
                height=min(420, 38 + 35 * len(names)),
                column_config={
                    "records": st.column_config.ProgressColumn(
                        "Records", format="localized", min_value=0, max_value=int(counts.max())
                    )
                },
            )


def _rejects(pipeline: Pipeline, n_rejects: int) -> None:
    with st.expander(f"Not taken ({n_rejects:,})", icon=":material/warning:", expanded=n_rejects <= 5):
        rejects = pipeline.workspace.rejects()
        frame = pd.DataFrame(
            {
                "line": [r.place for r in rejects],
                "reason": [r.reason for r in rejects],
                "text": [r.raw[:300] for r in rejects],
            }
        )
        st.dataframe(frame, hide_index=True)
        st.text(f"All of them are in {pipeline.workspace.folder / 'rejects.jsonl'}")
