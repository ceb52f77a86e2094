"""Map: every record as a point, the clusters as a table, and a reader for what is picked in either."""

import streamlit as st

from components.frame import navigation
from components.map import focus_panel, map_view, names_panel
from components.records import cluster_table
from components.session import opened
from core.workspace.deciding import overrides_of

pipeline = opened.pipeline()
navigation.require(pipeline, "map")

opened.forget_what_changed(pipeline)
overrides = overrides_of(pipeline)
statuses = opened.statuses(pipeline, overrides)
st.header("Map")
map_column, reader_column = st.columns([17, 9], gap="medium")
with map_column:
    focus = map_view.show(pipeline, statuses)
with reader_column:
    focus_panel.show(pipeline, focus, statuses, overrides.multipliers)
names_panel.show(pipeline)
cluster_table.show(pipeline, statuses, overrides.multipliers)
navigation.next_page(pipeline, "select")
