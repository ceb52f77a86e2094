"""How what was found is spread over a column, beside all records. Values in, a Plotly figure out."""

import itertools

import numpy as np
import plotly.graph_objects as go

from components.charts.escaping import plain
from components.charts.theme import lay_out, status_colours
from core.base.text import shorten
from core.selection.finding.filters import Spread

_ALL = "rgba(128,134,140,0.35)"
_MOST_LABELS = 8


def spread_figure(spread: Spread, is_part: bool, dark: bool) -> go.Figure:
    """Return bars of shares: of all records in grey, of what matches above them where `is_part`. Counts show on hover."""
    return _of_labels(spread, is_part, dark) if spread.labels else _of_numbers(spread, is_part, dark)


def _of_numbers(spread: Spread, is_part: bool, dark: bool) -> go.Figure:
    edges, figure = spread.edges, go.Figure()
    places = np.arange(len(edges) - 1)
    for name, counts, colour in _sides(spread, is_part, dark):
        spans = [f"{low:,.4g} to {high:,.4g}" for low, high in itertools.pairwise(edges)]
        hover = [plain(f"{span}\n{count:,} {name}") for span, count in zip(spans, counts.tolist(), strict=True)]
        how = {"hovertext": hover, "hoverinfo": "text", "customdata": places.tolist()}
        figure.add_bar(x=places, y=_shares(counts).tolist(), marker_color=colour, width=0.92, **how)
    shown = np.unique(np.linspace(0, len(edges) - 1, 4).round().astype(int))
    figure.update_xaxes(
        tickvals=shown - 0.5, ticktext=[_tick(float(edges[i])) for i in shown], showgrid=False, fixedrange=True
    )
    figure.update_yaxes(visible=False, fixedrange=True)
    return lay_out(figure, dark, 120, barmode="overlay", showlegend=False, margin={"l": 8, "r": 8, "t": 4, "b": 22})


def _tick(edge: float) -> str:
    return f"{edge:,.0f}" if abs(edge) >= 100 else f"{edge:.3g}"


def _of_labels(spread: Spread, is_part: bool, dark: bool) -> go.Figure:
    order = np.lexsort((np.arange(len(spread.labels)), -spread.everything, -spread.matching))[:_MOST_LABELS]
    names, figure = [shorten(spread.labels[i], 24) for i in order], go.Figure()
    places = np.arange(len(order))
    for name, counts, colour in _sides(spread, is_part, dark):
        hover = [
            plain(f"{label}\n{count:,} {name}") for label, count in zip(names, counts[order].tolist(), strict=True)
        ]
        shares = _shares(counts)[order].tolist()
        how = {"hovertext": hover, "hoverinfo": "text", "customdata": order.tolist()}
        figure.add_bar(y=places, x=shares, orientation="h", marker_color=colour, **how)
    ticks = [plain(label) for label in names]
    figure.update_yaxes(
        tickvals=places, ticktext=ticks, autorange="reversed", showgrid=False, fixedrange=True, automargin=True
    )
    figure.update_xaxes(visible=False, fixedrange=True)
    height = 30 + 20 * len(order)
    return lay_out(figure, dark, height, barmode="overlay", showlegend=False, margin={"l": 8, "r": 8, "t": 4, "b": 4})


def _sides(spread: Spread, is_part: bool, dark: bool) -> list[tuple[str, np.ndarray, str]]:
    sides = [("of all records", spread.everything, _ALL if is_part else status_colours(dark)[1])]
    return [*sides, ("of what matches", spread.matching, status_colours(dark)[1] + "b0")] if is_part else sides


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / max(int(counts.sum()), 1)
