"""Review: every decision that people made, and what is pinned and dropped because of them."""

import streamlit as st

from components.frame import navigation
from components.records import record_reader
from components.review import decision_list, edit_list
from components.session import opened
from core.workspace.deciding import overrides_of

pipeline = opened.pipeline()
navigation.require(pipeline, "review")

overrides = overrides_of(pipeline)
statuses = opened.statuses(pipeline, overrides)
st.title("Review")
decision_list.show(pipeline, overrides)
for name, rows in (("Pinned", overrides.pinned), ("Dropped", overrides.dropped)):
    if len(rows):
        with st.expander(f"{name} ({len(rows):,})"):
            record_reader.show(pipeline, rows, statuses, key=name.lower())
edit_list.show(pipeline)
navigation.next_page(pipeline, "compare")
