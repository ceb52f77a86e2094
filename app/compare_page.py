"""Compare: what selections cover, against chance and against each other; what differs; ablation; versions."""

import streamlit as st

from components.compare import ablation_panel, difference_view, measure_view, pick, version_panel
from components.frame import navigation
from components.session import opened
from core.run import jobs

pipeline = opened.pipeline()
navigation.require(pipeline, "compare")

job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active
st.title("Compare")
view, chosen = pick.show(pipeline)
if view == "measures":
    measure_view.show(pipeline, chosen, busy)
elif view == "difference":
    difference_view.show(pipeline, chosen, busy)
elif view == "pareto":
    measure_view.show_pareto(pipeline, busy)
elif view == "ablation":
    ablation_panel.show(pipeline, busy)
else:
    version_panel.show(pipeline)
navigation.next_page(pipeline, "export")
