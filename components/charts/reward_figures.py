"""The chart of DaaR's rewards: how entropies are spread over the domains, and the cut. Arrays in, a Plotly figure out."""

import numpy as np
import plotly.graph_objects as go

from components.charts.escaping import plain
from components.charts.theme import GRID, category_colours, lay_out, text_colour
from core.base.text import counted, shorten

BINS = 40
_PLOT, _LINE = 230, 21  # pixels of the plot with its axis, and of a line of the legend below it


def shown_entropy(predicted: np.ndarray) -> np.ndarray:
    """Return predicted entropies as they are shown. The probe is a regression and may go below 0, which no entropy does."""
    return np.maximum(predicted, 0) + 0.0  # no -0.0


def entropy_figure(reward: np.ndarray, domain: np.ndarray, names: list[str], cuts: np.ndarray, dark: bool) -> go.Figure:
    """Return histograms of (n,) rewards by domain, and the cut as a line, a domain's in its colour where they differ.

    cuts: (k,) the least reward that was taken of each domain, NaN where none was. A bar's customdata: see `records_in`.
    """
    figure = go.Figure()
    edges, cuts = entropy_edges(reward), shown_entropy(cuts)
    reward = shown_entropy(reward)
    colours = category_colours(len(names), dark)
    for k, (name, colour) in enumerate(zip(names, colours, strict=True)):
        counts = np.histogram(reward[domain == k], edges)[0]
        spans = [span_of(edges, i) for i in range(BINS)]
        figure.add_trace(
            go.Bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=counts.tolist(),
                name=f"{plain(shorten(name, 34))}  {counts.sum() / max(len(reward), 1):.1%}",
                marker={"color": colour, "line": {"width": 0}},
                customdata=[k * BINS + i for i in range(BINS)],
                hovertext=[
                    f"<b>{plain(name)}</b><br>entropy {plain(span)}: {counted(n, 'record')}<br>click to read them"
                    for span, n in zip(spans, counts.tolist(), strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    alike = len(set(cuts[np.isfinite(cuts)].tolist())) == 1
    for cut, colour in zip(cuts.tolist(), colours, strict=True):
        if np.isfinite(cut):
            figure.add_vline(x=cut, line={"dash": "dot", "color": text_colour(dark) if alike else colour})
    figure.update_xaxes(title="entropy", title_standoff=4, showgrid=False, zeroline=False, fixedrange=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, fixedrange=True, automargin=True, nticks=4)
    below = _LINE * len(names) + 14
    legend = {"y": -54 / _PLOT, "yanchor": "top", "x": 0, "traceorder": "normal", "itemclick": False}
    margin = {"l": 44, "r": 4, "t": 8, "b": 44 + below}
    how = {"barmode": "stack", "bargap": 0.05, "margin": margin, "legend": legend | {"itemdoubleclick": False}}
    return lay_out(figure, dark, _PLOT + 52 + below, **how)


def entropy_edges(reward: np.ndarray) -> np.ndarray:
    """Return (BINS + 1,) the edges of the bars."""
    return np.linspace(0, max(float(shown_entropy(reward).max(initial=0)), 1e-6), BINS + 1)


def span_of(edges: np.ndarray, i: int) -> str:
    """Return a bar's span in words, as in "0.25 to 0.50"."""
    return f"{edges[i]:.2f} to {edges[i + 1]:.2f}"


def records_in(picked: int, reward: np.ndarray, domain: np.ndarray) -> tuple[int, int, np.ndarray]:
    """Return (domain, bar, row ids) of a bar by its customdata, those nearest to no domain first."""
    k, i = divmod(int(picked), BINS)
    edges, values = entropy_edges(reward), shown_entropy(reward)
    below = values < edges[i + 1] if i < BINS - 1 else values <= edges[i + 1]
    rows = np.flatnonzero((domain == k) & (values >= edges[i]) & below)
    return k, i, rows[np.argsort(-values[rows], kind="stable")]
