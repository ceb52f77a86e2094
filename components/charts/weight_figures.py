"""Charts of cluster weights over rounds. Arrays in, Plotly figures out; a weight is shown as a multiple of an equal share.

A line and a column of the heat map carry their cluster as customdata, so that a click picks it (see `shown.py`).
"""

import itertools

import numpy as np
import plotly.graph_objects as go

from components.charts.escaping import plain
from components.charts.theme import (
    GRID,
    category_colours,
    ground_colour,
    lay_out,
    status_colours,
    text_colour,
    weight_colours,
)
from core.base.text import counted, shorten
from core.refine.history import LEAST, History
from core.refine.weights import FEW

_NAMED_COLUMNS = 24
_BETWEEN = 14  # places on a line between two rounds where the mouse finds it
_HEIGHT = 460
_PLOT = 330  # pixels of the lines with their axis; below them stand the names


def weight_lines(history: History, shown: list[int], dark: bool, picked: int = -1) -> go.Figure:
    """Return lines of the `shown` clusters' weights, the spread of all behind them, and a mark where people decided."""
    figure = go.Figure()
    relative = np.maximum(history.relative, LEAST)
    rounds = list(range(len(history.titles)))
    if len(history.names) > len(shown):
        _spread(figure, relative, rounds)
    places: dict[str, list] = {"x": [], "y": [], "text": [], "customdata": []}
    for colour, cluster in zip(category_colours(len(shown), dark), shown, strict=True):
        behind = picked >= 0 and cluster != picked
        figure.add_trace(
            go.Scatter(
                x=rounds,
                y=relative[cluster],
                mode="lines+markers",
                name=f"{cluster:d} {_short(history.names[cluster], 44)}",
                opacity=0.55 if behind else 1,
                line={"color": colour, "width": 4 if cluster == picked else 2},
                marker={"size": 10 if cluster == picked else 7},
                customdata=[cluster] * len(rounds),
                text=[_at(history, cluster, i) for i in rounds],
                hovertemplate="%{text}<extra></extra>",
            )
        )
        _along(places, history, relative, cluster)
    unseen = {"size": 12, "opacity": 0, "color": text_colour(dark)}
    figure.add_trace(
        go.Scatter(mode="markers", marker=unseen, showlegend=False, hovertemplate="%{text}<extra></extra>", **places)
    )
    _mark_decisions(figure, history, relative, dark)
    steps = (1, 2, 5) if relative.max() > 5 * relative.min() else (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    ticks = [step * 10.0**power for power in range(-3, 5) for step in steps]
    figure.update_yaxes(
        type="log", title="weight, × an equal share", tickvals=ticks, ticktext=[f"{t:g}" for t in ticks]
    )
    figure.update_xaxes(tickvals=rounds, ticktext=history.titles, range=[-0.08, len(rounds) - 0.92], fixedrange=True)
    figure.update_xaxes(ticklabeloverflow="allow")  # the last round's name stands half outside of a narrow chart
    n_named = len(shown) + any(history.marks)
    below = 20 * n_named + 16
    figure = _frame(figure, dark, _PLOT + below)
    legend = {"orientation": "v", "y": -38 / (_PLOT - 46), "yanchor": "top", "x": 0}
    return figure.update_layout(legend=legend, margin={"b": 38 + below, "r": 28})


def _spread(figure: go.Figure, relative: np.ndarray, rounds: list[int]) -> None:
    low, middle, high = np.percentile(relative, [5, 50, 95], axis=0)
    how = {"x": rounds, "mode": "lines", "hoverinfo": "skip"}
    figure.add_trace(go.Scatter(y=high, line={"width": 0}, showlegend=False, **how))
    band = {
        "fill": "tonexty",
        "fillcolor": "rgba(128,134,140,0.18)",
        "name": "90 % of all clusters",
        "showlegend": False,
    }
    figure.add_trace(go.Scatter(y=low, line={"width": 0}, **band, **how))
    line = {"color": "rgba(128,134,140,0.9)", "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(y=middle, line=line, name="middle cluster", showlegend=False, **how))


def _along(places: dict[str, list], history: History, relative: np.ndarray, cluster: int) -> None:
    """Add places along a cluster's line, at which it is found too: the axis is logarithmic."""
    for i, (before, after) in enumerate(itertools.pairwise(relative[cluster].tolist())):
        part = np.linspace(0, 1, _BETWEEN + 2)[1:-1]
        places["x"] += (i + part).tolist()
        places["y"] += np.exp(np.log(before) + part * (np.log(after) - np.log(before))).tolist()
        places["text"] += [_at(history, cluster, i + 1)] * _BETWEEN
        places["customdata"] += [cluster] * _BETWEEN


def _at(history: History, cluster: int, i: int) -> str:
    """Return what is said of a cluster's weight in column i of the history."""
    now, title = history.relative[cluster, i], history.titles[i]
    drew = "the next round draws" if title == "next" else f"{title.lower()} drew"
    words = [f"<b>{cluster:d} {plain(history.names[cluster])}</b>", f"{drew} by {now:.2f} × an equal share"]
    if i:
        words.append(f"{now / max(history.relative[cluster, i - 1], 1e-9):.2f} times as much as before")
        words += _thin(history, cluster, i - 1)
    return "<br>".join(words)


def _thin(history: History, cluster: int, i: int) -> list[str]:
    """Return a line where a cluster's score after column i rests on very few records."""
    if history.counts is None or not 0 < history.counts[cluster, i] < FEW:
        return []
    return [f"by the score of {counted(int(history.counts[cluster, i]), 'record')} only"]


def _mark_decisions(figure: go.Figure, history: History, relative: np.ndarray, dark: bool) -> None:
    xs, ys, texts, clusters = [], [], [], []
    for i, (column, made) in enumerate(zip(relative.T, history.marks, strict=True)):
        for d in made:
            if d.cluster < len(column):
                by = f" × {d.value:g}" if d.action == "weight" else ""
                xs.append(i)
                ys.append(column[d.cluster])
                clusters.append(d.cluster)
                texts.append(f"{plain(d.who) or 'somebody'}: {d.action} cluster {d.cluster}{by}<br>{d.at}")
    if xs:
        colour = status_colours(dark)[2]
        marker = {"symbol": "diamond", "size": 13, "color": colour, "line": {"color": ground_colour(dark), "width": 2}}
        figure.add_trace(
            go.Scatter(
                x=xs,
                y=ys,
                mode="markers",
                marker=marker,
                text=texts,
                customdata=clusters,
                name="a curator decided",
                hovertemplate="%{text}<extra></extra>",
            )
        )


def weight_heat(history: History, dark: bool, picked: int = -1) -> go.Figure:
    """Return all clusters' weights: a row a round, a column a cluster, in the order of their last weight.

    Plotly lets no cell of a heat map be clicked, so an unseen bar stands over each column and takes the mouse.
    """
    relative = np.log2(np.maximum(history.relative, LEAST))
    order = np.argsort(-relative[:, -1], kind="stable")
    reach = max(0.5, float(np.abs(relative).max()))
    few, rounds = len(order) <= _NAMED_COLUMNS, len(history.titles)
    colours = weight_colours(dark)
    ticks = _ticks(reach)
    figure = go.Figure(
        go.Heatmap(
            z=relative[order].T,
            zmin=-reach,
            zmax=reach,
            colorscale=[[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)],
            hoverinfo="skip",
            xgap=2 if few else 0,
            ygap=3,
            colorbar={
                "title": {"text": "× equal"},
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": ticks,
                "ticktext": [f"{2.0**t:.3g}" for t in ticks],
            },
        )
    )
    figure.add_trace(
        go.Bar(
            x=list(range(len(order))),
            y=[rounds] * len(order),
            base=-0.5,
            width=1,
            marker={"opacity": 0, "color": text_colour(dark)},
            customdata=order.tolist(),
            hovertext=[_column(history, c) for c in order.tolist()],
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
        )
    )
    if picked >= 0:
        at = int(np.flatnonzero(order == picked)[0])
        line = {"color": text_colour(dark), "width": 2}
        figure.add_shape(type="rect", x0=at - 0.5, x1=at + 0.5, y0=-0.5, y1=rounds - 0.5, line=line)
    figure.update_yaxes(range=[rounds - 0.5, -0.5], tickvals=list(range(rounds)), ticktext=history.titles)
    what = "cluster, by its last weight" if few else f"{len(order):,} clusters, by their last weight"
    names = [f"{c:d} {_short(history.names[c], 18)}" for c in order] if few else []
    figure.update_xaxes(
        title=what, range=[-0.5, len(order) - 0.5], tickvals=list(range(len(names))), ticktext=names, tickangle=-35
    )
    return _frame(figure, dark, _HEIGHT, bargap=0)


def _column(history: History, cluster: int) -> str:
    lines = [f"{title}: {history.relative[cluster, i]:.2f} × an equal share" for i, title in enumerate(history.titles)]
    scored = [] if history.counts is None else _thin(history, cluster, len(history.titles) - 2)
    return "<br>".join([f"<b>{cluster:d} {plain(history.names[cluster])}</b>", *lines, *scored])


def _ticks(reach: float) -> list[float]:
    step = 1 if reach <= 3 else 2 if reach <= 6 else 4
    whole = int(reach // step) * step
    return [float(t) for t in range(-whole, whole + 1, step)]


def loss_lines(losses: dict[str, list[dict[str, float]]], dark: bool) -> go.Figure:
    """Return training losses, a line a round. losses: {title: [{"step", "loss"}, …]}."""
    figure = go.Figure()
    for colour, (title, entries) in zip(category_colours(len(losses), dark), losses.items(), strict=True):
        figure.add_trace(
            go.Scatter(
                x=[e["step"] for e in entries],
                y=[e["loss"] for e in entries],
                mode="lines",
                name=plain(title),
                line={"color": colour, "width": 2},
                hovertemplate=f"{plain(title)}, step %{{x}}: %{{y:.3f}}<extra></extra>",
            )
        )
    figure.update_xaxes(title="step")
    figure.update_yaxes(title="loss on responses")
    return _frame(figure, dark, 260)


def _frame(figure: go.Figure, dark: bool, height: int, **layout) -> go.Figure:
    figure.update_xaxes(showgrid=False, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, title_standoff=10, fixedrange=True)
    legend = {"traceorder": "normal", "font": {"size": 13}, "itemclick": False, "itemdoubleclick": False}
    margin = {"l": 50, "r": 8, "t": 8, "b": 40}
    return lay_out(figure, dark, height, margin=margin, legend=legend, hovermode="closest", dragmode="zoom", **layout)


def _short(name: str, length: int = 26) -> str:
    return plain(shorten(name, length))
