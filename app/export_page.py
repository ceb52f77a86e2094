"""Export: the selection as JSONL with its manifest."""

import streamlit as st

from components.export import export_panel, push_panel, split_panel, trainer_panel
from components.frame import navigation
from components.session import opened

pipeline = opened.pipeline()
navigation.require(pipeline, "export")

st.title("Export")
export_panel.show(pipeline)
trainer_panel.show(pipeline)
split_panel.show(pipeline)
push_panel.show(pipeline)
export_panel.show_first_lines(pipeline)
