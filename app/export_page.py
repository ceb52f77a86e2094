"""Export: the selection as JSONL with its manifest."""

import streamlit as st

from components import export_panel, guide, opened

pipeline = opened.pipeline()
guide.require(pipeline, "export")

st.header("Export")
export_panel.show(pipeline)
