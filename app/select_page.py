"""Select: a method and a budget, and what they took from each cluster."""

import streamlit as st

from components import cluster_table, guide, opened, select_form, selection_result
from core import jobs

pipeline = opened.pipeline()
guide.require(pipeline, "select")

job = jobs.last_job(pipeline.workspace)
overrides = pipeline.overrides()
st.header("Select")
form, result = st.columns([2, 3], gap="large")
with form:
    select_form.show(pipeline, busy=job is not None and job.is_active)
with result:
    selection_result.show(pipeline)
if pipeline.last_selection_key():
    cluster_table.show(pipeline, opened.statuses(pipeline, overrides), overrides.multipliers)
    guide.next_page(pipeline, "review")
