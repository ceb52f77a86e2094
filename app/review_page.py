"""Review: every decision that people made, and what is pinned and dropped because of them."""

import streamlit as st

from components import decision_list, guide, opened, record_reader

pipeline = opened.pipeline()
guide.require(pipeline, "review")

overrides = pipeline.overrides()
statuses = opened.statuses(pipeline, overrides)
st.header("Review")
decision_list.show(pipeline, overrides)
for name, rows in (("Pinned", overrides.pinned), ("Dropped", overrides.dropped)):
    if len(rows):
        with st.expander(f"{name} ({len(rows):,})"):
            record_reader.show(pipeline, rows, statuses, key=name.lower())
guide.next_page(pipeline, "compare")
