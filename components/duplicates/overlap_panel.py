"""What overlaps with evaluations: the counts, what is shown of it, and the button that drops it."""

import dataclasses

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.duplicates import overlap_filter, overlap_form
from components.frame import job_panel
from components.session import decide, opened, people, state
from components.session.state import Focus
from core.base import access
from core.base.text import counted
from core.export.decontamination import Checked, checked
from core.run import jobs
from core.run.pipeline import Pipeline
from core.vectors.overlap.hits import Hits, hits_of, note_of, to_drop
from core.vectors.overlap.params import OverlapParams


@dataclasses.dataclass(frozen=True)
class Shown:
    """The hits to list, the strongest first. key: changes with them."""

    params: OverlapParams
    hits: Hits
    key: str


def show(pipeline: Pipeline) -> Shown | None:
    """Draw it; return what is to be listed, None where there is nothing."""
    st.caption(
        "A model that was trained on what an evaluation asks is judged too well by it. Here stand the records that share words "
        "in a row with an item of it, or are near one in meaning; dropped ones can't be selected, and undo takes that back."
    )
    job = jobs.last_job(pipeline.workspace)
    if job_panel.is_doing(job, "decontaminate"):
        job_panel.watch(pipeline)
        return None
    busy, found = job is not None and job.is_active, checked(pipeline)
    if found is None or not found.is_up_to_date:
        if found is not None:
            st.info(as_markdown(found.said), icon=":material/update:")
        overlap_form.show(pipeline, busy)
        return None
    return _result(pipeline, found)


def _result(pipeline: Pipeline, found: Checked) -> Shown | None:
    overlap_filter.show_table(found, pipeline.info("decontaminate")["evaluations"])
    for file in found.files:
        if file.n_unread:
            st.warning(as_markdown(f"{counted(file.n_unread, 'entry', 'entries')} of {file.name} could not be read."))
    if not found.n_overlapping:
        st.success(as_markdown(f"{found.said} By {found.params.rule}."), icon=":material/check_circle:")
        return None
    asked = overlap_filter.show(found)
    hits = hits_of(pipeline).only(asked.evaluation, asked.way, asked.cosine)
    files = found.params.evaluations if asked.evaluation < 0 else [found.params.evaluations[asked.evaluation]]
    _count(pipeline, hits, note_of(files, found.params.only(asked.way_name, asked.cosine)))
    if not len(hits):
        return None
    key = f"{pipeline.current('decontaminate')}-{asked.evaluation}-{asked.way}-{asked.cosine}"
    return Shown(found.params, hits.strongest_first(), key)


def _count(pipeline: Pipeline, hits: Hits, note: str) -> None:
    rows, drop = np.unique(hits.rows), to_drop(pipeline, hits)
    left, look, right = st.columns([6, 3, 4], vertical_alignment="center", gap="medium")
    left.markdown(
        f"**{counted(len(rows), 'record overlaps', 'records overlap')}**; **{counted(len(drop), 'record')}** would be dropped."
    )
    look.button(
        "Look at on the map",
        type="tertiary",
        icon=":material/scatter_plot:",
        key="overlap_look",
        disabled=not len(rows),
        on_click=_look_at,
        args=(pipeline, rows),
    )
    right.button(
        f"Drop {counted(len(drop), 'record')}" if len(drop) else "All of them are dropped or pinned",
        icon=":material/block:",
        type="primary",
        on_click=decide.on_records,
        **people.off(
            access.DECIDE, not len(drop), help=as_markdown(f"One decision, noted as “{note}”. What is pinned stays.")
        ),
        args=("drop", drop, note),
        key="overlap_drop",
        width="stretch",
    )


def _look_at(pipeline: Pipeline, rows: np.ndarray) -> None:
    label = f"{counted(len(rows), 'record')} that overlap with evaluations"
    state.get().look_at(Focus("picked", label, rows, made_on=opened.shown_keys(pipeline)))
    state.say("They are picked on the Map page.")
