"""Winnow's entry: `python -m core app`, or `streamlit run app/main.py`. The server, its doorkeeper, the page and the navigation.

Streamlit imports this file once, to serve `app`, and then runs it as the script behind every page.
"""

import importlib.util
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
if (
    not (ROOT / "core").is_dir() and "core" not in sys.modules
):  # installed inside the package, by another name than `core`
    spec = importlib.util.spec_from_file_location(
        "core", ROOT.parent / "__init__.py", submodule_search_locations=[str(ROOT.parent)]
    )
    sys.modules["core"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["core"])

import streamlit as st
from starlette.middleware import Middleware

from components.charts.theme import apply_style
from components.data import data_source
from components.frame import gate, look, navigation, serving, sidebar, tour, whole_runs
from components.frame.doorkeeper import Doorkeeper, check_settings
from components.session import address, opened, people, state, trouble
from components.session.turns import TURNS
from core.base.errors import CurationError


def draw() -> None:
    """Draw the page that the reader is on."""
    began = time.perf_counter()
    st.set_page_config(page_title="Winnow", page_icon=str(ROOT / "assets" / "icon.png"), layout="wide")
    st.logo(str(ROOT / "assets" / "logo.svg"), size="large", icon_image=str(ROOT / "assets" / "icon.png"))
    apply_style()
    look.apply()
    pages = [
        st.Page(entry.file, title=entry.title, icon=entry.icon, url_path=entry.name, default=entry.name == "data")
        for entry in navigation.PAGES
    ]
    page = st.navigation(pages, position="hidden")
    if not gate.lets_in():
        st.stop()
    try:
        pipeline = opened.pipeline()
        opened.follow(pipeline)
        address.restore(pipeline)
    except CurationError as error:  # what is open can't be read; something else can be opened
        with st.sidebar.container(gap=None):
            st.text(state.get().workspace.name)
            st.caption("Can't be read")
        st.title("Data")
        trouble.show(error)
        data_source.show()
        st.stop()
    try:
        sidebar.show(pipeline)
        tour.show(pipeline, page.title)
        try:
            page.run()
        finally:  # a page may end early
            address.write(pipeline)
            TURNS.took(time.perf_counter() - began)
    except CurationError as error:
        trouble.show(error)
        if page.url_path:  # not Data's, which has a way of its own
            st.page_link(pages[0], label="Open other data", icon=":material/folder_open:")


if st.runtime.exists():
    draw()
else:
    check_settings()
    serving.begin(people.signed_in, [state.SAMPLE.parent])
    whole_runs.let_runs_end()
    app = st.App(__file__, middleware=[Middleware(Doorkeeper)])
