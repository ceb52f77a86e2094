"""Map: every record as a point, the clusters as a table, and a reader for what is picked in either."""

import streamlit as st

from components import cluster_table, focus_panel, guide, map_view, opened

pipeline = opened.pipeline()
guide.require(pipeline, "map")

opened.forget_what_changed(pipeline)
overrides = pipeline.overrides()
statuses = opened.statuses(pipeline, overrides)
st.header("Map")
map_column, reader_column = st.columns([17, 9], gap="medium")
with map_column:
    focus = map_view.show(pipeline, statuses)
with reader_column:
    focus_panel.show(pipeline, focus, statuses, overrides.multipliers)
cluster_table.show(pipeline, statuses, overrides.multipliers)
guide.next_page(pipeline, "select")
