"""Duplicates: groups of near-duplicates at a threshold, what differs inside them, and dropping all but the best of each."""

import streamlit as st

from components.duplicates import group_list, group_view, threshold_panel
from components.frame import navigation
from components.session import opened
from core.workspace.deciding import overrides_of

pipeline = opened.pipeline()
navigation.require(pipeline, "duplicates")

statuses = opened.statuses(pipeline, overrides_of(pipeline))
st.title("Duplicates")
asked = threshold_panel.show(pipeline)
if asked is not None:
    group = group_list.show(pipeline, asked)
    if group is not None:
        group_view.show(pipeline, asked, group, statuses)
navigation.next_page(pipeline, "select")
