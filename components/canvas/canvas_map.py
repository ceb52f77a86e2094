"""The map on a page: layers mounted once, the canvas in a fragment of its own, so that hovering reruns nothing else."""

import collections
import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from components.canvas import desk, scripts
from components.canvas.colouring import Colouring
from components.canvas.desk import Answers
from components.canvas.layers import (
    Frame,
    Placed,
    colours_layer,
    names_layer,
    order_of,
    picked_layer,
    points_layer,
    stars_layer,
)
from components.charts.theme import is_dark
from components.session import opened
from core.base.text import shorten
from core.run.pipeline import Pipeline
from core.selection.target.stage import NAME as TARGETS
from core.selection.target.stage import positions_of
from core.vectors.naming.stage import middles
from core.vectors.topics import region_topics

_STAR_TEXT = 200  # letters of an example that its tip shows

_layer = st.components.v2.component("winnow_map_layer", **scripts.LAYER)
_canvas = st.components.v2.component("winnow_map", **scripts.MAP)


def listen(pipeline: Pipeline, name: str, colouring: Callable[[], Colouring], answers: Answers) -> None:
    """Hear what is done on the map of that name; to be called outside of fragments, see `desk.show`."""
    xy = opened.positions(pipeline)
    desk.show(name, xy, _frame(_held(pipeline), xy), colouring, answers)


def show(
    pipeline: Pipeline,
    name: str,
    colouring: Colouring,
    tip: Callable[[int], list[str]],
    height: int = 640,
    picked: np.ndarray | None = None,
    names: Sequence[str] | None = None,
    view: tuple[float, float, float] | None = None,
    seen: Callable[[tuple[float, float, float]], None] | None = None,
    stars: bool = False,
) -> None:
    """Draw the map of all records.

    name: of this map among all. picked: row ids to stand in front of the others, or None. names: of the current clusters,
    to be written on the map. tip(row): the lines that name a record. view: what to begin with. seen(x, y, zoom): hears what is
    in sight. stars: whether the examples of a target are shown, where there is one.
    """
    xy = opened.positions(pipeline)
    held = _held(pipeline)
    order = _order(len(xy))
    with st.container(key=f"maplayers-{name}"):
        _layer(key=f"{name}-points", data=_points(held, name, xy))
        _layer(key=f"{name}-colours", data=_colours(held, name, colouring.id, order, colouring))
        _layer(key=f"{name}-picked", data=picked_layer(name, picked, order))
        if stars:
            _layer(key=f"{name}-stars", data=_stars(held, name, pipeline.current(TARGETS), pipeline))
        _layer(
            key=f"{name}-names",
            data=_names(
                held,
                name,
                pipeline.current("cluster") if names else "",
                pipeline,
                tuple(names or ()),
                tuple((region.x, region.y, region.name) for region in region_topics(pipeline)) if names else (),
            ),
        )
    _live(name, held, xy, tip, height, view, seen)


def tip_of(pipeline: Pipeline, row: int) -> list[str]:
    """Return the first lines of a record's tip: its number and how it begins."""
    record = opened.records(pipeline).take(np.array([row]), ["prompt", "response"]).to_pylist()[0]
    return [f"record {row:,}", shorten(record["prompt"] or record["response"], 90)]


@dataclasses.dataclass(frozen=True)
class _Held:
    """What a layer is kept by between reruns."""

    folder: str
    project: str
    dark: bool


def _held(pipeline: Pipeline) -> _Held:
    return _Held(str(pipeline.workspace.folder.resolve()), pipeline.current("project"), is_dark())


@st.fragment
def _live(
    name: str,
    held: _Held,
    xy: np.ndarray,
    tip: Callable[[int], list[str]],
    height: int,
    view: tuple[float, float, float] | None,
    seen: Callable[[tuple[float, float, float]], None] | None,
) -> None:
    hover = st.session_state.get(name, {}).get("hover")
    row = int(hover["row"]) if hover and 0 <= int(hover["row"]) < len(xy) else -1
    reported = _canvas(
        key=name,
        data={
            "map": name,
            "dark": held.dark,
            "height": height,
            "tools": height >= 260,
            "remembers": seen is not None,
            "view": list(view) if view else None,
            "answer": {"row": row, "lines": tip(row)} if row >= 0 else None,
        },
        height=height,
        on_hover_change=_nothing,
        on_view_change=_nothing,
    )
    if seen is not None and reported.view:
        seen(tuple(float(v) for v in reported.view))


def _nothing() -> None:
    """What is reported is read where the map is mounted; Streamlit asks for a callback a name."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _order(n: int) -> np.ndarray:
    return order_of(n)


@st.cache_resource(max_entries=8, show_spinner=False)
def _frame(held: _Held, _xy: np.ndarray) -> Frame:
    return Frame.around(_xy)


@st.cache_resource(max_entries=8, show_spinner=False)
def _points(held: _Held, name: str, _xy: np.ndarray) -> bytes:
    return points_layer(name, _xy, _frame(held, _xy), _order(len(_xy)))


@st.cache_resource(max_entries=24, show_spinner=False)
def _colours(held: _Held, name: str, colouring: str, _order_of: np.ndarray, _colouring: Colouring) -> bytes:
    return colours_layer(name, _colouring, _order_of, held.dark)


@st.cache_resource(max_entries=8, show_spinner=False)
def _names(
    held: _Held, name: str, cluster: str, _pipeline: Pipeline, called: tuple[str, ...], regions: tuple[Placed, ...]
) -> bytes:
    if not called:
        return names_layer(name, [])
    xy, labels = opened.positions(_pipeline), opened.labels(_pipeline)
    places = _frame(held, xy).to_unit(middles(xy, labels, len(called)))
    sizes = np.bincount(labels, minlength=len(called))
    largest = [c for c in np.argsort(-sizes, kind="stable").tolist() if sizes[c]]
    written = [
        (*places[c].tolist(), text) for c, text in zip(largest, _short([called[c] for c in largest]), strict=True)
    ]
    at = _frame(held, xy).to_unit(np.array([region[:2] for region in regions]).reshape(-1, 2)).tolist()
    return names_layer(name, written, [(*place, region[2]) for place, region in zip(at, regions, strict=True)])


@st.cache_resource(max_entries=8, show_spinner=False)
def _stars(held: _Held, name: str, target: str, _pipeline: Pipeline) -> bytes:
    if not target:
        return stars_layer(name, [])
    xy = opened.positions(_pipeline)
    table, labels = _pipeline.table(TARGETS), _pipeline.info(TARGETS)["names"]
    places = _frame(held, xy).to_unit(positions_of(table, xy)).tolist()
    texts = [shorten(text, _STAR_TEXT) for text in table["text"].to_pylist()]
    codes = table["label"].to_pylist()
    return stars_layer(
        name, [(*place, labels[code], text) for place, code, text in zip(places, codes, texts, strict=True)]
    )


def _short(names: Sequence[str]) -> list[str]:
    """Return the first two phrases of each name, or all of them where others begin with the same two."""
    short = [", ".join(name.split(", ")[:2]) for name in names]
    held = collections.Counter(short)
    return [name if held[text] > 1 else text for name, text in zip(names, short, strict=True)]
