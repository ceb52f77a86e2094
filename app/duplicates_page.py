"""Duplicates: near-duplicates among the records, and records that overlap with evaluations; what is alike, and dropping it."""

import streamlit as st

from components.duplicates import (
    group_list,
    group_view,
    overlap_form,
    overlap_panel,
    overlap_view,
    question,
    threshold_panel,
)
from components.frame import navigation
from components.session import opened
from core.workspace.deciding import overrides_of

pipeline = opened.pipeline()
navigation.require(pipeline, "duplicates")

statuses = opened.statuses(pipeline, overrides_of(pipeline))
st.title("Duplicates")
if question.show() == "evaluations":
    hits = overlap_panel.show(pipeline)
    if hits is not None:
        overlap_view.show(pipeline, hits, statuses)
    overlap_form.show_again(pipeline)
else:
    asked = threshold_panel.show(pipeline)
    group = group_list.show(pipeline, asked) if asked is not None else None
    if group is not None:
        group_view.show(pipeline, asked, group, statuses)
navigation.next_page(pipeline, "select")
