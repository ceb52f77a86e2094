"""Data: what is open, how to open something else, and preparing the map."""

import streamlit as st

from components.data import data_source, data_summary, pool_form, prepare_form, quality_form, suggest_panel, understood
from components.frame import navigation
from components.session import opened
from core.run import jobs

pipeline = opened.pipeline()
job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active

st.header("Data")
if not pipeline.workspace.has_data:
    st.caption("Reading…" if busy else "Open a file of instruction records to begin.")
    if not busy:
        data_source.show()
else:
    with st.expander("Open other data", icon=":material/folder_open:"):
        data_source.show()
    prepare_form.show(pipeline, busy)
    navigation.next_page(pipeline, "map")
    if pipeline.current("embed"):
        with st.expander("How many clusters?", icon=":material/troubleshoot:"):
            suggest_panel.show(pipeline, busy)
    with st.expander("Score quality another way", icon=":material/grade:"):
        quality_form.show(pipeline, busy)
    data_summary.show(pipeline)
    pool_form.show_files(pipeline, busy)
    understood.show(pipeline, busy)
