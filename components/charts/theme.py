"""The look of pages and charts: what is selected, pinned or dropped looks the same on every page. The colours: `palette.py`."""

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.charts import palette
from core.selection.status import DROPPED, PINNED, SELECTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

GRID = "rgba(128,134,140,0.22)"
STATUS_NAMES = ("not selected", "selected", "pinned", "dropped")
STATUS_BADGES = {SELECTED: "primary", PINNED: "orange", DROPPED: "violet"}
_OWN_FONT = "'Source Sans', sans-serif"  # Streamlit's, which it puts behind those that the theme names
ICONS = {
    "pin": ":material/push_pin:",
    "drop": ":material/block:",
    "clear": ":material/backspace:",
    "undo": ":material/undo:",
    "redo": ":material/redo:",
    "done": ":material/check_circle:",
    "stale": ":material/update:",
    "missing": ":material/radio_button_unchecked:",
}
_STYLE = """<style>
.stMainBlockContainer { padding: 2.6rem 2.4rem 3rem; }
.stMainBlockContainer h1 { font-size: 1.45rem; font-weight: 600; padding: 0.2rem 0 0.4rem; }
.stMainBlockContainer h2 { font-size: 1.25rem; letter-spacing: normal; padding: 0.375rem 0 1rem; }
[data-testid="stSidebarUserContent"] { padding-bottom: 1.5rem; }
[data-testid="stSidebarUserContent"] hr { margin: 0.8rem 0; }
:has(> [class*="st-key-maplayers-"]) { position: absolute; visibility: hidden; } /* a map's bytes take no room */
[class*="st-key-list-"] button, [class*="st-key-list-"] button * { justify-content: flex-start; text-align: start; }
[class*="st-key-list-"] button p { font-size: 0.86rem; }
[data-testid="stMetricValue"] { font-size: 1.5rem; }
</style>"""
# Streamlit writes white on the accent, in both themes; on the bright one of the dark theme nobody can read that.
_ON_ACCENT = (
    '[data-testid^="stBaseButton-primary"]:not(:disabled)',
    '[data-testid="stPopoverButton"][kind="primary"]:not(:disabled)',
    '[data-testid="stMultiSelect"] [data-baseweb="tag"]',
)


def apply_style() -> None:
    """Tighten Streamlit's wide margins: the map is worth the room. Give words on the accent a colour that is read there."""
    dark = is_dark()
    ink = "".join(f"{each}, {each} * {{ color: {button_ink(dark)}; }}\n" for each in _ON_ACCENT)
    quiet = f'[data-testid="stCaptionContainer"] {{ opacity: 1; color: {palette.QUIET[dark]}; }}\n'
    st.html(_STYLE.replace("</style>", f"{ink}{quiet}</style>"))


def button_ink(dark: bool) -> str:
    """Return the hex colour of words on the accent."""
    return "#0c1f1d" if dark else "#ffffff"


def is_dark() -> bool:
    """Whether the reader's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def text_colour(dark: bool) -> str:
    """Return the hex colour of text in charts."""
    return palette.TEXT[dark]


def ground_colour(dark: bool) -> str:
    """Return the hex colour of the page."""
    return palette.GROUND[dark]


def lay_out(figure: "go.Figure", dark: bool, height: int, **layout: Any) -> "go.Figure":
    """Give a chart its height, the interface's font, the page's ground and text colour, more of Plotly's `layout`; return it."""
    family = ", ".join(filter(None, (st.get_option("theme.font"), _OWN_FONT)))
    font = {"color": text_colour(dark), "size": 13, "family": family}
    figure.update_xaxes(title_font_size=13).update_yaxes(title_font_size=13)
    figure.update_layout(
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font=font,
        separators=".,",
        hoverlabel={"align": "left", "bgcolor": ground_colour(dark), "font": font, "namelength": -1},
        **layout,
    )
    return figure


def status_colours(dark: bool) -> tuple[str, ...]:
    """Return the hex colours of STATUS_NAMES."""
    return palette.STATUS[dark]


def verdict_colours(dark: bool) -> dict[str, str]:
    """Return the hex colours of "better" than random selections, no better than "chance", "worse"."""
    return {verdict: colours[dark] for verdict, colours in palette.VERDICT.items()}


def category_colours(n: int, dark: bool) -> list[str]:
    """Return n hex colours; colour i is always the same."""
    return list(palette.categories(n, dark))


def scale_colours(dark: bool) -> list[str]:
    """Return 64 hex colours from low to high, for a number."""
    return list(palette.scale(dark))


def weight_colours(dark: bool) -> list[str]:
    """Return 64 hex colours from a weight below an equal share to one above it: on the map, in the heat map, everywhere."""
    return list(palette.weights(dark))


def rgb(colours: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return (n, 3) uint8 of hex colours."""
    return palette.rgb(colours)
