"""Charts of evidence: measures as dots over their random bands, quality against diversity.

Values in, Plotly figures out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.escaping import plain
from components.charts.theme import lay_out, status_colours, text_colour, verdict_colours
from core.base.text import shorten
from core.evidence.measuring import Evidence
from core.measures.compare import pareto
from core.measures.measure import MEASURES

_GREY = "rgba(128,134,140,0.35)"
_ARROWS = {"more": "better →", "less": "← better", "": ""}
_COLUMNS = 2
JUDGED = {
    "better": "better than every random selection",
    "chance": "among random selections: no better than chance",
    "worse": "worse than every random selection",
    "": "a fact, no merit",
}
_PLOT = (900, 360)  # pixels that the points of quality and diversity span, about
_ROOM = 50  # pixels left beside them


def dots_over_bands(titles: list[str], found: list[Evidence], dark: bool, expected: Sequence[str] = ()) -> go.Figure:
    """Return small charts, one a measure: each selection's value as a dot over the span of its random selections.

    A dot's shape and colour say whether it is better than chance, among it, or worse. expected: measures that have their room
    though none of `found` has them yet.
    """
    names = [name for name in MEASURES if name in expected or any(name in each.values for each in found)]
    rows = -(-len(names) // _COLUMNS)
    heads = [f"<b>{MEASURES[n].title}</b>  {_ARROWS[MEASURES[n].better]}" for n in names]
    height = 60 + rows * (64 + 24 * len(found))
    figure = make_subplots(rows, _COLUMNS, subplot_titles=heads, horizontal_spacing=0.05, vertical_spacing=58 / height)
    labels = [plain(shorten(title, 22)) for title in titles]
    for i, name in enumerate(names):
        place = {"row": i // _COLUMNS + 1, "col": i % _COLUMNS + 1}
        for line, (title, each) in enumerate(zip(titles, found, strict=True)):
            if name not in each.values:
                continue
            band, value = each.bands[name], each.values[name]
            span = {"width": 12, "color": _GREY}
            figure.add_trace(
                go.Scatter(x=[min(band), max(band)], y=[line] * 2, mode="lines", line=span, hoverinfo="skip"), **place
            )
            hover = (
                f"{plain(title)}<br>{MEASURES[name].title}: {value:,.4g}<br>random: {min(band):,.4g} to {max(band):,.4g}"
                f"<br>{JUDGED[each.judged(name)]}<extra></extra>"
            )
            dot = judged_marker(each.judged(name), dark)
            figure.add_trace(go.Scatter(x=[value], y=[line], mode="markers", marker=dot, hovertemplate=hover), **place)
        if held := [each for each in found if name in each.values]:
            _fit(figure, held, name, place)
        else:
            figure.update_xaxes(showticklabels=False, showgrid=False, **place)
            figure.add_annotation(
                text="to come", x=0.5, xref="x domain", y=len(found) / 2 - 0.5, showarrow=False, **place
            )
    # By number, not by name: two names may begin alike, and Plotly takes some for dates.
    lines = {"tickvals": list(range(len(found))), "ticktext": labels}
    figure.update_yaxes(
        range=[len(found) - 0.4, -0.6], ticks="", automargin=True, showgrid=False, zeroline=False, **lines
    )
    for i in range(1, len(names), _COLUMNS):  # a row's lines are named once, at its left
        figure.update_yaxes(showticklabels=False, row=i // _COLUMNS + 1, col=2)
    figure.update_xaxes(nticks=4, gridcolor=_GREY, zeroline=False)
    for each in figure.layout.annotations[: len(names)]:
        each.update(x=each.x - 0.5 * 0.475, xanchor="left", font={"size": 12})
    return _frame(figure, dark, height)


def judged_marker(judged: str, dark: bool) -> dict[str, Any]:
    """Return Plotly's marker of one of JUDGED: each has a shape of its own, not only a colour."""
    colours, plain_colour = verdict_colours(dark), text_colour(dark)
    symbol, colour = {
        "better": ("triangle-up", colours["better"]),
        "worse": ("triangle-down", colours["worse"]),
        "chance": ("circle-open", plain_colour),
        "": ("diamond-open", plain_colour),
    }[judged]
    width = 2 if symbol.endswith("open") else 1
    return {"size": 13, "symbol": symbol, "color": colour, "line": {"width": width, "color": plain_colour}}


def _fit(figure: go.Figure, found: list[Evidence], name: str, place: dict[str, int]) -> None:
    """Leave room at both ends of a chart, so that no dot is cut."""
    values = [value for each in found for value in (each.values[name], *each.bands[name])]
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or max(abs(low), 1.0) * 0.02
    figure.update_xaxes(range=[low - room, high + room], **place)


def quality_and_diversity(titles: list[str], found: list[Evidence], measure: str, dark: bool) -> go.Figure:
    """Return every selection as a point, quality over `measure`; those that no other beats in both are joined by a line."""
    labels = [plain(shorten(title, 22)) for title in titles]
    better = -1.0 if MEASURES[measure].better == "less" else 1.0
    x = np.array([each.values[measure] for each in found])
    y = np.array([each.values["quality"] for each in found])
    figure = go.Figure()
    bands = {tuple(each.bands[measure]): each.bands["quality"] for each in found}
    random_x = [value for band in bands for value in band]
    random_y = [value for band in bands.values() for value in band]
    pixels = np.stack([_pixels(x, random_x, _PLOT[0]), _pixels(y, random_y, _PLOT[1])], axis=1)
    figure.add_trace(
        go.Scatter(
            x=random_x,
            y=random_y,
            mode="markers",
            marker={"size": 6, "color": _GREY},
            name="random selections",
            hoverinfo="skip",
        )
    )
    best = np.flatnonzero(pareto(better * x, y))
    best = best[np.argsort(x[best], kind="stable")]
    accent = status_colours(dark)[1]
    figure.add_trace(
        go.Scatter(
            x=x[best],
            y=y[best],
            mode="lines",
            line={"color": accent, "dash": "dot"},
            name="not beaten in both",
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers+text",
            text=labels,
            textposition=_label_places(pixels, labels),
            marker={"size": 11, "color": [accent if i in best else status_colours(dark)[0] for i in range(len(x))]},
            hovertemplate="%{text}<br>%{x:,.4g}, quality %{y:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_xaxes(title=f"{MEASURES[measure].title}  {_ARROWS[MEASURES[measure].better]}", gridcolor=_GREY)
    figure.update_yaxes(title="mean quality", gridcolor=_GREY, automargin=True)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.08})
    return _frame(figure, dark, 520)


def _pixels(values: np.ndarray, others: list[float], length: int) -> np.ndarray:
    low, high = min(*values, *others), max(*values, *others)
    return (values - low) / ((high - low) or 1.0) * length


def _label_places(points: np.ndarray, labels: list[str]) -> list[str]:
    """Return where each point's label stands: above it, else below, right or left, where it covers no label and no point.

    points: (m, 2) pixels, to the right and up.
    """
    taken = [(a - 7, b - 7, a + 7, b + 7) for a, b in points]
    places = []
    for (a, b), label in zip(points, labels, strict=True):
        half = 3.3 * len(label)
        boxes = {
            "top center": (a - half, b + 7, a + half, b + 21),
            "bottom center": (a - half, b - 21, a + half, b - 7),
            "middle right": (a + 8, b - 7, a + 8 + 2 * half, b + 7),
            "middle left": (a - 8 - 2 * half, b - 7, a - 8, b + 7),
        }
        place = min(boxes, key=lambda name: _in_the_way(boxes[name], taken))
        taken.append(boxes[place])
        places.append(place)
    return places


def _in_the_way(box: tuple[float, ...], taken: list[tuple[float, ...]]) -> int:
    """Return how many of `taken` a box covers, one more where it leaves the chart. Boxes: left, bottom, right, top."""
    outside = box[0] < -_ROOM or box[2] > _PLOT[0] + _ROOM
    covers = (box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken)
    return sum(covers) + outside


def _frame(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    figure.update_xaxes(title_standoff=14)
    if figure.layout.showlegend is None:
        figure.update_layout(showlegend=False)
    return lay_out(figure, dark, height, margin={"l": 10, "r": 10, "t": 34, "b": 40})
