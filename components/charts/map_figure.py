"""The map as a Plotly figure: a picture of all points, a few hundred real ones above it for Plotly's lasso, and names.

Arrays in, figure out; `map_view.py` decides what is shown.
"""

import base64
import dataclasses

import numpy as np
import plotly.graph_objects as go

from components.charts.escaping import plain
from components.charts.theme import ground_colour
from core.vectors.raster import View, inside_view

REAL_POINTS = 800
HEIGHT = 640
_MANY_LEGEND_ENTRIES = 14


@dataclasses.dataclass(frozen=True)
class Colouring:
    """How the points are coloured. codes: (n,) rows of `colours` (hex). key: changes when they do.

    legend: (name, colour) pairs, empty for none. scale: (low, high) where the colours stand for a number, scale_title: which,
    scale_ticks: (value, text) pairs in place of plain numbers.
    """

    codes: np.ndarray
    colours: list[str]
    key: str
    legend: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    scale: tuple[float, float] | None = None
    scale_title: str = "quality"
    scale_ticks: list[tuple[float, str]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A PNG that fills `view` on the map. opacity: 0..1."""

    png: bytes
    view: View
    opacity: float = 1.0


def draw_map(
    xy: np.ndarray,
    colouring: Colouring,
    pictures: list[Picture],
    view: View,
    rows: np.ndarray,
    faded: np.ndarray | None,
    names: list[tuple[float, float, str]],
    text_colour: str,
    dragmode: str,
) -> go.Figure:
    """Return the figure.

    pictures: of all points, lowest first; none where the real points show them all. rows: of the real points, which Plotly's
    lasso is about; it names none of them, see map_pointer.py. faded: (n,) bool, points drawn faintly. names: (x, y, text) on
    the map. dragmode: "lasso" or "pan".
    """
    figure = go.Figure()
    few = not pictures
    for picture in pictures:
        figure.add_layout_image(
            source=f"data:image/png;base64,{base64.b64encode(picture.png).decode()}",
            xref="x",
            yref="y",
            x=picture.view[0],
            y=picture.view[3],
            sizex=picture.view[1] - picture.view[0],
            sizey=picture.view[3] - picture.view[2],
            sizing="stretch",
            opacity=picture.opacity,
            layer="below",
        )
    figure.add_trace(_points(xy, colouring, rows, faded, few))
    for entry, colour in colouring.legend[:_MANY_LEGEND_ENTRIES]:
        marker = {"color": colour, "size": 9}
        figure.add_trace(
            go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=plain(entry), hoverinfo="skip")
        )
    if colouring.scale:
        figure.add_trace(_scale_bar(colouring))
    figure.add_trace(_name_tags(names, text_colour))
    return _frame(figure, view, text_colour, dragmode)


def real_points(xy: np.ndarray, view: View, seed: int = 0) -> np.ndarray:
    """Return up to REAL_POINTS row ids, ascending, of points in the view, always the same ones for the same view."""
    rows = np.flatnonzero(inside_view(xy, view))
    if len(rows) > REAL_POINTS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, REAL_POINTS, replace=False))
    return rows


def _points(xy: np.ndarray, colouring: Colouring, rows: np.ndarray, faded: np.ndarray | None, few: bool) -> go.Scatter:
    colours = np.array(colouring.colours, dtype=object)[colouring.codes[rows]] if few else "#888888"
    opacity = np.full(len(rows), 0.9) if faded is None else np.where(faded[rows], 0.16, 0.95)
    return go.Scatter(
        x=xy[rows, 0],
        y=xy[rows, 1],
        mode="markers",
        hoverinfo="skip",
        showlegend=False,
        # Above the picture the real points are there for the lasso, not to be seen.
        marker={"size": 7 if few else 9, "color": colours, "opacity": opacity if few else 0.0},
        selected={"marker": {"opacity": 0.95 if few else 0.0}},
        unselected={"marker": {"opacity": 0.3 if few else 0.0}},
    )


def _name_tags(names: list[tuple[float, float, str]], text_colour: str) -> go.Scatter:
    """One trace for all names: an annotation each costs milliseconds at every rerun."""
    return go.Scatter(
        x=[x for x, _, _ in names],
        y=[y for _, y, _ in names],
        text=[plain(text) for _, _, text in names],
        mode="text",
        hoverinfo="skip",
        showlegend=False,
        textfont={"size": 12, "color": text_colour, "shadow": _halo(text_colour)},
    )


def _scale_bar(colouring: Colouring) -> go.Scatter:
    low, high = colouring.scale
    steps = len(colouring.colours) - 1
    bar = {"thickness": 10, "len": 0.5, "x": 1.0, "title": {"text": colouring.scale_title}, "outlinewidth": 0}
    if colouring.scale_ticks:
        bar |= {"tickvals": [value for value, _ in colouring.scale_ticks]}
        bar |= {"ticktext": [text for _, text in colouring.scale_ticks]}
    marker = {
        "color": [low],
        "cmin": low,
        "cmax": high,
        "colorscale": [[i / steps, colour] for i, colour in enumerate(colouring.colours)],
        "showscale": True,
        "colorbar": bar,
    }
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, showlegend=False, hoverinfo="skip")


def _frame(figure: go.Figure, view: View, text_colour: str, dragmode: str) -> go.Figure:
    axis = {"visible": False, "fixedrange": False}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        xaxis=axis | {"range": [view[0], view[1]]},
        yaxis=axis | {"range": [view[2], view[3]]},
        dragmode=dragmode,
        hovermode=False,
        legend={
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": "#8d9196", "activecolor": "#1b9a8c"},
        uirevision=f"{view} {dragmode}",
    )
    return figure


def _halo(text_colour: str) -> str:
    """Return a text shadow in the ground's colour, so that a name can be read on any points."""
    ground = ground_colour(dark=int(text_colour[1:3], 16) >= 128)
    return ", ".join([f"0 0 3px {ground}"] * 4)
