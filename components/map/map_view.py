"""The map on its page: colouring, clicks and lassos in, what the reader looks at out."""

import dataclasses
import hashlib

import numpy as np
import streamlit as st

from components.charts.map_figure import Colouring, Picture, draw_map, real_points
from components.charts.theme import (
    STATUS_NAMES,
    category_colours,
    is_dark,
    rgb,
    scale_colours,
    status_colours,
    text_colour,
)
from components.records import map_pointer
from components.records.map_picture import PICTURE_SIZE, tip_of, whole_picture
from components.session import opened, state
from components.session.focus import look_at_record
from components.session.state import Focus
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.vectors.raster import View, close_view, draw_points, full_view, in_polygon, inside_view

COLOURINGS = ("cluster", "selection", "quality", "source")
MOUSE = {"draw": "lasso", "move": "pan"}
_MOUSE_HELP = (
    "Draw: drag a line around points to read them. Move: drag to move the map. In both, a click on a point reads it."
)
_NAMES_ON_MAP = 16
_PALETTE = 48


def show(pipeline: Pipeline, statuses: np.ndarray) -> Focus | None:
    """Draw the map with its controls; return what is looked at. statuses: (n,) int8, see `opened.statuses`."""
    current = state.get()
    xy = opened.positions(pipeline)
    whole = full_view(xy)
    view = current.view or whole
    there = {"source": bool(opened.sources(pipeline)[0]), "quality": opened.quality(pipeline) is not None}
    choices = [name for name in COLOURINGS if there.get(name, True)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour_by = st.segmented_control("Colour by", choices, default="cluster", required=True, key="colour_by")
        mouse = st.segmented_control("Mouse", list(MOUSE), default="draw", required=True, key="mouse", help=_MOUSE_HELP)
        can_zoom = current.focus is not None and len(current.focus.rows) > 0
        st.button(
            "Zoom in",
            type="tertiary",
            disabled=not can_zoom,
            on_click=_zoom,
            args=(xy,),
            key="zoom_in",
            help="Show what is picked as large as it goes.",
        )
        st.button("Whole map", type="tertiary", on_click=current.reset_map, key="zoom_out")
    dark = is_dark()
    faded = None
    if current.focus is not None:
        faded = np.ones(len(xy), bool)
        faded[current.focus.rows] = False
    colouring = _colouring(pipeline, colour_by, statuses, dark)
    rows = real_points(xy, view)
    figure = draw_map(
        xy=xy,
        colouring=colouring,
        pictures=_pictures(pipeline, xy, colouring, view, dark),
        view=view,
        rows=rows,
        faded=faded,
        names=_names_on_map(pipeline, xy, view),
        text_colour=text_colour(dark),
        dragmode=MOUSE[mouse],
    )
    key = f"map-{current.chart_version}"
    _chart(figure, key, xy)
    map_pointer.show(key, xy, lambda row: _tip(pipeline, row), look_at_record)
    drag = "Drag a line around points to read them" if mouse == "draw" else "Drag to move the map"
    st.caption(f"{drag}; click a point to read it and its cluster; scroll to look closer.")
    return current.focus


def _chart(figure, key: str, xy: np.ndarray) -> None:
    st.plotly_chart(
        figure,
        theme=None,
        key=key,
        on_select=lambda: _on_select(key, xy),
        selection_mode=("lasso", "box"),
        config={
            "scrollZoom": True,
            "displaylogo": False,
            "modeBarButtonsToRemove": ["toImage", "autoScale2d", "resetScale2d"],
        },
    )


def _on_select(key: str, xy: np.ndarray) -> None:
    """Turn what was drawn or clicked on the chart into what is looked at."""
    drawn = st.session_state[key].selection
    inside = np.zeros(len(xy), bool)
    for lasso in drawn.get("lasso", []):
        inside |= in_polygon(xy, lasso["x"], lasso["y"])
    for box in drawn.get("box", []):
        inside |= inside_view(xy, (min(box["x"]), max(box["x"]), min(box["y"]), max(box["y"])))
    current = state.get()
    if drawn.get("lasso") or drawn.get("box"):
        rows = np.flatnonzero(inside)
        label = f"{counted(len(rows), 'record')} inside the line" if len(rows) else "No record inside the line"
        current.look_at(Focus("area", label, rows, made_on=opened.shown_keys(opened.pipeline())))
    else:
        current.look_at(None)


def _zoom(xy: np.ndarray) -> None:
    current = state.get()
    points = xy[current.focus.rows]
    low, high = np.percentile(points, [5, 95], axis=0)
    pad = np.maximum((high - low) * 0.15, 0.05)
    current.view = tuple(float(v) for v in (low[0] - pad[0], high[0] + pad[0], low[1] - pad[1], high[1] + pad[1]))
    current.chart_version += 1


def _colouring(pipeline: Pipeline, colour_by: str, statuses: np.ndarray, dark: bool) -> Colouring:
    if colour_by == "selection":
        colours = list(status_colours(dark))
        return Colouring(statuses, colours, _digest(statuses), list(zip(STATUS_NAMES, colours, strict=True)))
    if colour_by == "quality" and (quality := opened.quality(pipeline)) is not None:
        low, high = float(quality.min()), float(quality.max())
        colours = scale_colours(dark)
        codes = ((quality - low) / max(high - low, 1e-9) * (len(colours) - 1)).astype(np.int64)
        return Colouring(codes, colours, f"quality {pipeline.current('score')}", scale=(low, high))
    if colour_by == "source":
        names, codes = opened.sources(pipeline)
        shown = names[:12]
        colours = [*category_colours(len(shown), dark), status_colours(dark)[0]]
        codes = np.where((codes < 0) | (codes >= len(shown)), len(shown), codes)
        rest = ["other"] if len(names) > len(shown) else []
        legend = list(zip([*shown, *rest], colours, strict=False))
        return Colouring(codes, colours, f"source {pipeline.key('records')}", legend)
    colours = category_colours(_PALETTE, dark)
    return Colouring(opened.labels(pipeline) % _PALETTE, colours, f"cluster {pipeline.current('cluster')}")


def _digest(codes: np.ndarray) -> str:
    return hashlib.blake2b(codes.tobytes(), digest_size=8).hexdigest()


def _pictures(pipeline: Pipeline, xy: np.ndarray, colouring: Colouring, view: View, dark: bool) -> list[Picture]:
    """Return the picture of all points, and above it one of those looked at, which alone is new at every lasso."""
    base, focus = whole_picture(pipeline, xy, colouring, view, dark), state.get().focus
    if not base or focus is None:
        return base
    near, size = close_view(xy[focus.rows], view, PICTURE_SIZE)
    above = draw_points(xy[focus.rows], colouring.codes[focus.rows], rgb(colouring.colours), near, size, len(xy))
    return [dataclasses.replace(base[0], opacity=0.25), Picture(above, near)]


def _tip(pipeline: Pipeline, row: int) -> list[str]:
    cluster = int(opened.labels(pipeline)[row])
    return [*tip_of(pipeline, row), f"cluster {cluster}: {opened.cluster_names(pipeline)[cluster]}"]


def _names_on_map(pipeline: Pipeline, xy: np.ndarray, view: View) -> list[tuple[float, float, str]]:
    """Return names of the largest clusters in view, at their middle, leaving out those that would overlap."""
    labels, names = opened.labels(pipeline), opened.cluster_names(pipeline)
    shown = inside_view(xy, view)
    sizes = np.bincount(labels[shown], minlength=len(names))
    placed: list[tuple[float, float, str]] = []
    for cluster in np.argsort(-sizes, kind="stable")[: 4 * _NAMES_ON_MAP]:
        if not sizes[cluster] or len(placed) == _NAMES_ON_MAP:
            break
        x, y = (float(v) for v in np.median(xy[shown & (labels == cluster)], axis=0))
        across, down = (view[1] - view[0]) * 0.15, (view[3] - view[2]) * 0.045
        if all(abs(x - other[0]) > across or abs(y - other[1]) > down for other in placed):
            placed.append((x, y, ", ".join(names[cluster].split(", ")[:2])))
    return placed
