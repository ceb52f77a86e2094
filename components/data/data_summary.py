"""What the open data is: its figures, its first records, its sources, and what was not read."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import navigation
from components.records import record_reader
from components.session import opened, trouble
from core.base.glossary import meaning
from core.run.pipeline import Pipeline
from core.workspace.deciding import overrides_of
from core.workspace.sources import source_fault

_FIRST = 12


def show_facts(pipeline: Pipeline, ready: bool) -> None:
    """Draw the figures that matter and, where the map is ready, the way to it."""
    dataset = pipeline.workspace.dataset()
    facts = [
        ("Records", f"{dataset.n_records:,}", meaning("record")),
        ("Not read", f"{dataset.n_rejects:,}", "Entries that are no JSON, no object, or have no text."),
        (
            "Sources",
            f"{len(opened.sources(pipeline)[0]):,}" if opened.sources(pipeline)[0] else "none",
            meaning("source"),
        ),
    ]
    if pipeline.current("cluster"):
        facts.append(("Clusters", f"{len(opened.cluster_names(pipeline)):,}", meaning("cluster")))
    if key := pipeline.current("columns"):
        length = _typical_length(str(pipeline.workspace.folder.resolve()), key, pipeline)
        facts.append(("Typical length", f"{length:,} words", "Of prompt and response: half of the records are longer."))
    columns = st.columns([*[2] * len(facts), 3], vertical_alignment="center")
    for column, (label, value, about) in zip(columns, facts, strict=False):
        column.metric(as_markdown(label), as_markdown(value), help=as_markdown(about))
    if ready:
        with columns[-1].container(horizontal=True, horizontal_alignment="right"):
            navigation.next_page(pipeline, "map")
    fetched = (
        f"{part.repo} at commit {part.commit[:8]}, licence: {part.licence or 'not said'}" for part in dataset.hub
    )
    st.caption(as_markdown(" · ".join([f"{dataset.file}, kept in {pipeline.workspace.folder}", *fetched])))
    if moved := source_fault(dataset):
        trouble.warn(f"{moved}.")
    if dataset.n_rejects:
        _rejects(pipeline, dataset.n_rejects)


@st.cache_data(max_entries=8, show_spinner=False)
def _typical_length(folder: str, key: str, _pipeline: Pipeline) -> int:
    return round(float(np.median(_pipeline.column("columns", "words"))))


def show_first(pipeline: Pipeline) -> None:
    """Draw the first records."""
    rows = np.arange(min(_FIRST, pipeline.n_records()))
    record_reader.show(pipeline, rows, opened.statuses(pipeline, overrides_of(pipeline)), key="first", orders=False)


def show_sources(pipeline: Pipeline) -> None:
    """Draw what comes from which source."""
    names, codes = opened.sources(pipeline)
    if not names:
        return
    st.markdown("## Sources")
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    frame = pd.DataFrame({"source": [names[i] for i in order], "records": counts[order]})
    st.dataframe(
        frame,
        hide_index=True,
        height=33 * (min(12, len(names)) + 1) + 3,
        column_config={
            "source": st.column_config.TextColumn("Source", width=150),  # long names must not push the counts out
            "records": st.column_config.ProgressColumn(
                "Records", width=125, format="localized", min_value=0, max_value=int(counts.max())
            ),
        },
    )


def _rejects(pipeline: Pipeline, n_rejects: int) -> None:
    with st.expander(f"Not read ({n_rejects:,})", icon=":material/warning:"):
        rejects = pipeline.workspace.rejects()
        columns = {
            "line": [r.place for r in rejects],
            "reason": [r.reason for r in rejects],
            "text": [r.raw[:300] for r in rejects],
        }
        if any(r.file for r in rejects):
            columns = {"file": [r.file for r in rejects]} | columns
        st.dataframe(pd.DataFrame(columns), hide_index=True)
        st.text(f"All of them are in {pipeline.workspace.folder / 'rejects.jsonl'}")
