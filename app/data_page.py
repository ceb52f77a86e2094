"""Data: what is open, preparing the map, and how to open something else."""

import streamlit as st

from components.data import (
    data_source,
    data_summary,
    pool_form,
    prepare_form,
    quality_form,
    suggest_panel,
    understood,
    welcome,
)
from components.frame import first_look, job_panel
from components.session import opened
from core.run import jobs

pipeline = opened.pipeline()
job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active

if not pipeline.workspace.has_data:
    if not busy:
        welcome.show(pipeline)
        st.stop()
    st.title("Data")
    job_panel.in_place(pipeline, "fetch", "import")
    st.stop()
head, other = st.columns(2)
head.title("Data")
with (
    other.container(horizontal=True, horizontal_alignment="right"),
    st.popover("Open other data", icon=":material/folder_open:"),
):
    data_source.show()
ready = prepare_form.is_ready(pipeline)
data_summary.show_facts(pipeline, ready)
if ready:
    first_look.show(pipeline, busy)
else:
    prepare_form.show(pipeline, busy)
beside = opened.sources(pipeline)[0] or len(pipeline.workspace.dataset().files) > 1
records, sources = st.columns([3, 2], gap="large") if beside else (st.container(), st.container())
with records:
    first, read = st.tabs(["First records", "How it was read"])
    with first:
        data_summary.show_first(pipeline)
    with read:
        understood.show(pipeline, busy)
with sources:
    data_summary.show_sources(pipeline)
    pool_form.show_files(pipeline, busy)
st.markdown("## Settings")
if ready:
    with st.expander("Prepare again", icon=":material/play_arrow:"):
        prepare_form.show(pipeline, busy)
if pipeline.current("embed"):
    with st.expander("How many clusters?", icon=":material/troubleshoot:"):
        suggest_panel.show(pipeline, busy)
with st.expander("Score quality another way", icon=":material/grade:"):
    quality_form.show(pipeline, busy)
