"""Winnow's entry: `streamlit run app/main.py`. Sets the import path, the page and the navigation."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st

from components import guide, opened, sidebar, state
from components.theme import ICONS, apply_style
from core.errors import CurationError

st.set_page_config(page_title="Winnow", page_icon=str(ROOT / "assets" / "icon.png"), layout="wide")
st.logo(str(ROOT / "assets" / "logo.svg"), size="large", icon_image=str(ROOT / "assets" / "icon.png"))
apply_style()
pages = [
    st.Page(entry.file, title=entry.title, icon=ICONS[entry.name], url_path=entry.name, default=entry.name == "data")
    for entry in guide.PAGES
]
page = st.navigation(pages, position="hidden")
st.query_params["workspace"] = state.get().workspace.name
try:
    sidebar.show(opened.pipeline())
    page.run()
except CurationError as error:
    st.error(str(error), icon=":material/error:")
