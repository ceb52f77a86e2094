"""Compare: what selections cover, against chance and against each other; what differs; proof; versions."""

import streamlit as st

from components import compare_pick, difference_view, guide, measure_view, opened, proof_panel, version_panel
from core import jobs

pipeline = opened.pipeline()
guide.require(pipeline, "compare")

job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active
st.header("Compare")
view, chosen = compare_pick.show(pipeline)
if view == "measures":
    measure_view.show(pipeline, chosen, busy)
elif view == "difference":
    difference_view.show(pipeline, chosen, busy)
elif view == "pareto":
    measure_view.show_pareto(pipeline, busy)
elif view == "proof":
    proof_panel.show(pipeline, busy)
else:
    version_panel.show(pipeline)
guide.next_page(pipeline, "export")
