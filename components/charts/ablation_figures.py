"""Charts of an ablation: differences from random as a forest plot with the arms' shares beside it; losses where none are compared.

Values in, Plotly figures out.
"""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.escaping import plain
from components.charts.measure_figures import judged_marker
from components.charts.theme import GRID, category_colours, lay_out, text_colour, verdict_colours
from core.base.text import shorten
from core.evidence.ablation.forest import ForestRow, forest_rows, share_names
from core.evidence.ablation.losses import AblationLine

MOST_GROUPS = 7
_ROW, _TOP, _BOTTOM = 34, 56, 62  # pixels
_LEFT, _SAID = 0.50, 0.22  # of the width: the differences, the words beside them


def forest(lines: list[AblationLine], dark: bool) -> go.Figure:
    """Return a line an arm, the best first: its difference from random with its interval and every seed, its word, its shares."""
    rows, names = forest_rows(lines, MOST_GROUPS), share_names(lines, MOST_GROUPS)
    figure = make_subplots(1, 2, shared_yaxes=True, column_widths=[_LEFT, 1 - _LEFT - _SAID], horizontal_spacing=_SAID)
    zero = {"type": "line", "x0": 0, "x1": 0, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain", "layer": "below"}
    figure.add_shape(line={"color": text_colour(dark), "width": 1.2, "dash": "dot"}, **zero)
    for at, row in enumerate(rows):
        _difference(figure, at, row, dark)
    _shares(figure, rows, names, dark)
    labels = [plain(shorten(row.arm, 34)) for row in rows]
    ticks = {"tickvals": list(range(len(rows))), "ticktext": labels, "ticks": ""}
    figure.update_yaxes(range=[len(rows) - 0.4, -0.6], automargin=True, showgrid=False, zeroline=False, **ticks)
    figure.update_xaxes(title_standoff=12)
    height = _TOP + _BOTTOM + _ROW * len(rows)
    return lay_out(figure, dark, height, barmode="stack", margin={"l": 10, "r": 10, "t": _TOP, "b": _BOTTOM})


def _difference(figure: go.Figure, at: int, row: ForestRow, dark: bool) -> None:
    """Draw an arm's difference at the height `at`: every seed as a tick, the mean with its interval, the words beside it."""
    colour = (verdict_colours(dark) | {"": text_colour(dark)})[row.judged]
    place = {"row": 1, "col": 1}
    seed = {"symbol": "line-ns-open", "size": 9, "color": colour, "line": {"width": 1.2}}
    seeds = go.Scatter(x=row.gaps, y=[at] * len(row.gaps), mode="markers", marker=seed, opacity=0.55, hoverinfo="skip")
    figure.add_trace(seeds.update(showlegend=False), **place)
    mean = go.Scatter(
        x=[row.mean],
        y=[at],
        mode="markers",
        marker=judged_marker(row.judged, dark),
        error_x={"array": [row.half if np.isfinite(row.half) else 0], "color": colour, "thickness": 2, "width": 6},
        hovertemplate=f"{plain(row.arm)}: {plain(row.said)}<extra></extra>",
        showlegend=False,
    )
    figure.add_trace(mean, **place)
    words = {"x": 1.03, "xref": "x domain", "xanchor": "left", "y": at, "yref": "y", "showarrow": False}
    figure.add_annotation(text=plain(row.said), **words)
    title = "less loss than random  ←   nats a token   →  more"
    figure.update_xaxes(title=title, gridcolor=GRID, zeroline=False, nticks=6, **place)


def _shares(figure: go.Figure, rows: list[ForestRow], names: list[str], dark: bool) -> None:
    """Draw what the arms' selections are made of, as bars of parts."""
    for i, (name, colour) in enumerate(zip(names, category_colours(len(names), dark), strict=True)):
        bars = go.Bar(
            x=[100 * row.shares[i] for row in rows],
            y=list(range(len(rows))),
            orientation="h",
            width=0.6,
            name=plain(shorten(name, 22)),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{plain(name)}: %{{x:.0f}} %<extra></extra>",
        )
        figure.add_trace(bars, row=1, col=2)
    figure.update_xaxes(title="share of the selection, %", range=[0, 100], nticks=5, showgrid=False, row=1, col=2)
    place = {"x": _LEFT + _SAID, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    figure.update_layout(legend={"orientation": "h", "traceorder": "normal", **place})


def in_words(lines: list[AblationLine]) -> str:
    """Return what the forest plot shows, for who can't see it."""
    rows = forest_rows(lines, MOST_GROUPS)
    told = "; ".join(f"{row.arm} {row.said}" for row in rows)
    return (
        f"Each method's difference from random in nats a token, the best first: {told}. The table below has the shares."
    )


def losses_with_intervals(lines: list[AblationLine], dark: bool) -> go.Figure:
    """Return a line a method: its macro loss with its 95 % interval, every seed a ring."""
    figure = go.Figure()
    labels = [plain(line.method) for line in lines]
    halves = [line.macro_half if np.isfinite(line.macro_half) else 0 for line in lines]
    markers = [judged_marker(line.judged, dark) for line in lines]
    figure.add_trace(
        go.Scatter(
            x=[line.macro for line in lines],
            y=labels,
            mode="markers",
            marker={name: [marker[name] for marker in markers] for name in ("size", "symbol", "color")},
            error_x={"array": halves, "color": text_colour(dark), "thickness": 1.5},
            hovertemplate="%{y}: %{x:.4f} nats a token<extra></extra>",
        )
    )
    for label, line in zip(labels, lines, strict=True):
        ring = {"size": 8, "symbol": "circle-open", "color": text_colour(dark), "line": {"width": 1.5}}
        figure.add_trace(
            go.Scatter(x=line.macros, y=[label] * len(line.macros), mode="markers", marker=ring, hoverinfo="skip")
        )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    title = "held-out loss, nats a token, mean of the groups  ← less is better"
    figure.update_xaxes(title=title, gridcolor=GRID, title_standoff=14)
    figure.update_layout(showlegend=False)
    return lay_out(figure, dark, 110 + 40 * len(lines), margin={"l": 10, "r": 10, "t": 34, "b": 40})
