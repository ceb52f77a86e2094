"""Select: a method and a budget, what they would change, and what was taken from each cluster."""

import streamlit as st

from components.frame import navigation
from components.records import cluster_table
from components.select import desk
from components.session import opened
from core.run import jobs
from core.run.first_look import REPLACE
from core.selection.stage import last_selection_key
from core.workspace.deciding import overrides_of

pipeline = opened.pipeline()
navigation.require(pipeline, "select")

job = jobs.last_job(pipeline.workspace)
overrides = overrides_of(pipeline)
st.title("Select")
# While a first look is replaced, what is chosen at once can be chosen.
desk.show(pipeline, busy=job is not None and job.is_active and job.step != REPLACE)
if last_selection_key(pipeline):
    cluster_table.show(pipeline, opened.statuses(pipeline, overrides), overrides.multipliers)
    navigation.next_page(pipeline, "review")
