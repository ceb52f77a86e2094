"""Reward: DaaR, from domain descriptions to the records hardest to place in one domain."""

import streamlit as st

from components.frame import navigation
from components.reward import domain_editor, form, seed_panel, view
from components.session import opened
from core.run import jobs

pipeline = opened.pipeline()
navigation.require(pipeline, "reward")

job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active
st.title("Reward")
ready = bool(pipeline.current("reward"))
with st.expander("Domains", expanded=not ready):
    st.caption(
        "Say in a sentence each what the data may be about. A probe is trained to tell these domains apart; a record that it can't "
        "place in one has high entropy, and that is its reward."
    )
    domains = domain_editor.show(pipeline)
    domain_editor.show_actions(pipeline, domains)
    form.show(pipeline, busy, domains)
with st.expander("Seeds"):
    seed_panel.show(pipeline, busy)
if ready:
    view.show(pipeline, busy)
    navigation.next_page(pipeline, "review")
else:
    st.caption(
        "No rewards yet. The domains above are a start; change them to what your data may hold, and press Train and select."
    )
