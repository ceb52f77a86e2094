"""Colours and icons: what is selected, pinned or dropped looks the same on every page. Draws nothing."""

import colorsys
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.selection.status import DROPPED, PINNED, SELECTED

if TYPE_CHECKING:
    import plotly.graph_objects as go

GRID = "rgba(128,134,140,0.18)"
STATUS_NAMES = ("not selected", "selected", "pinned", "dropped")
STATUS_BADGES = {SELECTED: "primary", PINNED: "orange", DROPPED: "red"}
_STATUS_LIGHT = ("#b9b5ac", "#0f7f74", "#b9690b", "#b4434f")
_STATUS_DARK = ("#59616a", "#2fb5a5", "#e39a3b", "#d9737d")
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
.stMainBlockContainer h2 { font-size: 1.45rem; padding: 0.2rem 0 0.4rem; }
[data-testid="stSidebarUserContent"] { padding-bottom: 1.5rem; }
[data-testid="stSidebarUserContent"] hr { margin: 0.8rem 0; }
:has(> [class*="st-key-maplayers-"]) { position: absolute; visibility: hidden; } /* a map's bytes take no room */
[class*="st-key-list-"] button, [class*="st-key-list-"] button * { justify-content: flex-start; text-align: start; }
[class*="st-key-list-"] button p { font-size: 0.86rem; }
[data-testid="stMetricValue"] { font-size: 1.5rem; }
</style>"""


def apply_style() -> None:
    """Tighten Streamlit's wide margins: the map is worth the room."""
    st.html(_STYLE)


def is_dark() -> bool:
    """Whether the reader's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def text_colour(dark: bool) -> str:
    """Return the hex colour of text in charts."""
    return "#e6e4df" if dark else "#22262a"


def ground_colour(dark: bool) -> str:
    """Return the hex colour of the page."""
    return "#16191c" if dark else "#fdfcfa"


def lay_out(figure: "go.Figure", dark: bool, height: int, **layout: Any) -> "go.Figure":
    """Give a chart its height, the page's ground and text colour, and more of Plotly's `layout`; return it."""
    figure.update_layout(
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 12},
        hoverlabel={"align": "left"},
        **layout,
    )
    return figure


def status_colours(dark: bool) -> tuple[str, ...]:
    """Return the hex colours of STATUS_NAMES."""
    return _STATUS_DARK if dark else _STATUS_LIGHT


def category_colours(n: int, dark: bool) -> list[str]:
    """Return n hex colours; colour i is always the same, neighbours differ in hue (golden angle) and in lightness."""
    base = 0.66 if dark else 0.45
    colours = []
    for i in range(n):
        hue, lightness = (0.47 + i * 0.381966) % 1, base + (0.09, -0.05, 0.02)[i % 3]
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, (0.55, 0.72)[i % 2])
        colours.append(f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}")
    return colours


def scale_colours(dark: bool) -> list[str]:
    """Return 64 hex colours from low to high, for a number."""
    stops = (
        ["#4a3b78", "#3a6a9c", "#2f9c95", "#86c166", "#f3d34a"]
        if dark
        else ["#d8b4a0", "#c58f86", "#8f8fa8", "#3f8f97", "#0b5d57"]
    )
    points = rgb(stops)
    at = np.linspace(0, len(stops) - 1, 64)
    mixed = np.stack([np.interp(at, range(len(stops)), points[:, channel]) for channel in range(3)], axis=1)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in mixed.round().astype(int).tolist()]


def rgb(colours: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return (n, 3) uint8 of hex colours."""
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], np.uint8)
