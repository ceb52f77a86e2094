"""Charts of cluster weights over rounds. Arrays in, Plotly figures out; a weight is shown as a multiple of an equal share."""

import numpy as np
import plotly.graph_objects as go

from components.charts.escaping import plain
from components.charts.theme import GRID, category_colours, ground_colour, lay_out, status_colours
from core.base.text import shorten
from core.refine.history import LEAST, History

_NAMED_COLUMNS = 24


def weight_lines(history: History, shown: list[int], dark: bool, picked: int = -1) -> go.Figure:
    """Return lines of the `shown` clusters' weights, the spread of all behind them, and a mark where people decided."""
    figure = go.Figure()
    relative = np.maximum(history.relative, LEAST)
    if len(history.names) > len(shown):
        low, middle, high = np.percentile(relative, [5, 50, 95], axis=0)
        band = "rgba(128,134,140,0.16)"
        x = history.titles
        figure.add_trace(go.Scatter(x=x, y=high, mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False))
        figure.add_trace(
            go.Scatter(
                x=x,
                y=low,
                mode="lines",
                line={"width": 0},
                fill="tonexty",
                fillcolor=band,
                hoverinfo="skip",
                name="90 % of all clusters",
            )
        )
        line = {"color": "rgba(128,134,140,0.7)", "width": 1, "dash": "dot"}
        figure.add_trace(go.Scatter(x=x, y=middle, mode="lines", line=line, name="middle cluster", hoverinfo="skip"))
    colours = category_colours(len(shown), dark)
    for colour, cluster in zip(colours, shown, strict=True):
        figure.add_trace(
            go.Scatter(
                x=history.titles,
                y=relative[cluster],
                mode="lines+markers",
                name=f"{cluster:d} {_short(history.names[cluster])}",
                line={"color": colour, "width": 4 if cluster == picked else 2},
                marker={"size": 7},
                hovertemplate=f"{cluster:d} {plain(history.names[cluster])}<br>%{{x}}: %{{y:.2f}} × an equal share<extra></extra>",
            )
        )
    _mark_decisions(figure, history, relative, dark)
    steps = (1, 2, 5) if relative.max() > 5 * relative.min() else (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    ticks = [step * 10.0**power for power in range(-3, 5) for step in steps]
    figure.update_yaxes(
        type="log", title="weight, × an equal share", tickvals=ticks, ticktext=[f"{t:g}" for t in ticks]
    )
    return _frame(figure, dark, 400)


def _mark_decisions(figure: go.Figure, history: History, relative: np.ndarray, dark: bool) -> None:
    xs, ys, texts = [], [], []
    for title, column, made in zip(history.titles, relative.T, history.marks, strict=True):
        for d in made:
            if d.cluster < len(column):
                by = f" × {d.value:g}" if d.action == "weight" else ""
                xs.append(title)
                ys.append(column[d.cluster])
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
                name="a curator decided",
                hovertemplate="%{text}<extra></extra>",
            )
        )


def weight_heat(history: History, dark: bool) -> go.Figure:
    """Return all clusters' weights: a row a round, a column a cluster, in the order of their last weight."""
    relative = np.log2(np.maximum(history.relative, LEAST))
    order = np.argsort(-relative[:, -1], kind="stable")
    reach = max(0.5, float(np.abs(relative).max()))
    few = len(order) <= _NAMED_COLUMNS
    names = [f"{c} {_short(history.names[c], 18)}" for c in order]
    hover = [
        [f"{c:d} {plain(history.names[c])}<br>{title}: {history.relative[c, i]:.2f} × an equal share" for c in order]
        for i, title in enumerate(history.titles)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=relative[order].T,
            x=names if few else list(range(len(order))),
            y=history.titles,
            zmin=-reach,
            zmax=reach,
            colorscale=_diverging(dark),
            text=hover,
            hovertemplate="%{text}<extra></extra>",
            xgap=2 if few else 0,
            ygap=3,
            colorbar={
                "title": {"text": "× equal"},
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": _ticks(reach),
                "ticktext": [f"{2.0**t:.3g}" for t in _ticks(reach)],
            },
        )
    )
    figure.update_yaxes(autorange="reversed")
    what = "cluster, by its last weight" if few else f"{len(order):,} clusters, by their last weight"
    figure.update_xaxes(title=what, showticklabels=few, tickangle=-35)
    return _frame(figure, dark, 400)


def _ticks(reach: float) -> list[float]:
    step = 1 if reach <= 3 else 2 if reach <= 6 else 4
    whole = int(reach // step) * step
    return [float(t) for t in range(-whole, whole + 1, step)]


def _diverging(dark: bool) -> list[list]:
    low, high = ("#d9737d", "#2fb5a5") if dark else ("#b4434f", "#0f7f74")
    return [[0, low], [0.5, "#2b3036" if dark else "#f1eee8"], [1, high]]


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


def _frame(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    figure.update_xaxes(showgrid=False, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, title_standoff=10)
    legend = {"traceorder": "normal", "font": {"size": 12}, "itemclick": False, "itemdoubleclick": False}
    return lay_out(figure, dark, height, margin={"l": 50, "r": 0, "t": 8, "b": 40}, legend=legend)


def _short(name: str, length: int = 26) -> str:
    return plain(shorten(name, length))
