"""The Map page's two columns: the map as high as the screen, and beside it a panel of the same height that scrolls by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_WIDTHS = [13, 11]  # the same for all that the panel shows: the map must not move when something is picked
# The rooms above the map and below it, in the page's own measure.
_STYLE = """<style>
.stMainBlockContainer:has(.st-key-map_stage) { padding: 1.1rem 1.5rem 0.6rem; }
:is(.st-key-map_head, .st-key-panel_head) { flex-wrap: nowrap !important; }
:is(.st-key-map_head, .st-key-panel_head) > * { min-width: 0; }
.st-key-map_head .st-key-colour_by { max-width: 13rem; }
.st-key-panel_head [class*="st-key-open_record"] { max-width: 7.2rem; min-width: 4rem; }
.st-key-panel_head > :has(> .st-key-find_filters), .st-key-panel_head > .st-key-find_filters { margin-inline-start: auto; }
.stMain:has(.st-key-map_stage) { overflow-y: hidden; }
.st-key-map_stage { --winnow-map-height: max(20rem, calc(100dvh - 6.2rem)); }
.st-key-map_stage .st-key-map { flex: none !important; height: var(--winnow-map-height) !important; }
.st-key-map_panel { flex: none; height: max(20rem, calc(100dvh - 1.8rem)); overflow: hidden auto; padding: 0 0.5rem 0 0.2rem;
  scrollbar-gutter: stable; }
.st-key-map_panel > div { flex-shrink: 0; }
.st-key-map_panel:has(.st-key-cluster_grid) { overflow-y: hidden; }
.st-key-map_panel > div:has(> .st-key-cluster_grid) { flex: 1 1 16rem; min-height: 16rem; }
.st-key-cluster_grid { flex: 1 1 16rem; min-height: 0; }
.st-key-cluster_grid > :has([data-testid="stDataFrame"]) { flex: 1 1 10rem !important; min-height: 10rem; }
.st-key-cluster_grid :is([data-testid="stFullScreenFrame"], [data-testid="stDataFrame"]) { height: 100%; }
.st-key-pick_title [data-testid="stText"] { font-size: 1.02rem; font-weight: 600; }
.st-key-map_head > :has(> .st-key-next-select) { flex: none !important; width: auto !important; margin-inline-start: auto; }
@media (max-width: 1280px) { .st-key-panel_head { flex-wrap: wrap !important; } }
@media (max-width: 640px) { .stMain:has(.st-key-map_stage) { overflow-y: auto; } .st-key-map_panel { height: auto; } }
</style>"""


@contextmanager
def columns() -> Iterator[tuple[DeltaGenerator, DeltaGenerator]]:
    """Give the two columns."""
    st.html(_STYLE)
    with st.container(key="map_stage"):
        left, right = st.columns(_WIDTHS, gap="small")
        with right:
            panel = st.container(key="map_panel", gap="small")
        yield left, panel
