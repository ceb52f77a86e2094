"""Data: what is open, how to open something else, and preparing the map."""

import streamlit as st

from components import data_source, data_summary, guide, opened, prepare_form
from core import jobs

pipeline = opened.pipeline()
job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active

st.header("Data")
if not pipeline.workspace.has_data:
    st.caption("Reading…" if busy else "Open a file of instruction records to begin.")
    if not busy:
        data_source.show()
else:
    prepare_form.show(pipeline, busy)
    guide.next_page(pipeline, "map")
    data_summary.show(pipeline)
    with st.expander("Open other data", icon=":material/folder_open:"):
        data_source.show()
