"""The whole pool as a picture behind a chart's real points, and what a tip says of a record."""

import numpy as np
import streamlit as st

from components.charts.map_figure import REAL_POINTS, Colouring, Picture
from components.charts.theme import rgb
from components.session import opened
from core.base.text import shorten
from core.run.pipeline import Pipeline
from core.vectors.raster import View, draw_points

PICTURE_SIZE = (1040, 720)


def whole_picture(pipeline: Pipeline, xy: np.ndarray, colouring: Colouring, view: View, dark: bool) -> list[Picture]:
    """Return the picture of all points, kept between reruns; nothing where the real points show them all."""
    if len(xy) <= REAL_POINTS:
        return []
    key = (pipeline.current("project"), colouring.key, dark, view)
    folder = str(pipeline.workspace.folder.resolve())
    return [Picture(_base_picture(folder, key, xy, colouring.codes, colouring.colours, view), view)]


@st.cache_data(max_entries=32, show_spinner=False)
def _base_picture(
    folder: str, key: tuple, _xy: np.ndarray, _codes: np.ndarray, _colours: list[str], _view: View
) -> bytes:
    return draw_points(_xy, _codes, rgb(_colours), _view, PICTURE_SIZE, len(_xy))


def tip_of(pipeline: Pipeline, row: int) -> list[str]:
    """Return the first lines of a record's tip on a map: its number and how it begins."""
    record = opened.records(pipeline).take(np.array([row]), ["prompt", "response"]).to_pylist()[0]
    return [f"record {row:,}", shorten(record["prompt"] or record["response"], 90)]
