"""What was selected: how many, what it covers, and what was taken from each cluster beside what it held."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from components.charts.escaping import as_markdown, plain
from components.charts.shown import clicked
from components.charts.theme import GRID, is_dark, lay_out, status_colours
from components.session import opened, trouble
from components.session.focus import look_at_cluster
from core.base.glossary import meaning
from core.evidence.current import current_selection
from core.run.pipeline import Pipeline
from core.selection.limits import limits_in_words
from core.selection.stage import last_selection_key
from core.selection.status import SELECTED

_MOST_BARS = 80


def show(pipeline: Pipeline) -> None:
    """Draw the current selection, or where it is out of date what it was."""
    key = last_selection_key(pipeline)
    if not key:
        st.markdown("## Nothing selected yet")
        st.caption("Choose a budget and press Select. The defaults are a good start.")
        return
    info = pipeline.workspace.info("select", key)
    measures = info["measures"]
    current = current_selection(pipeline)
    stale = "" if current.is_up_to_date else " :orange[(out of date)]"
    st.markdown(f"## Current selection: {as_markdown(current.title)}{stale}")
    for warning in filter(None, [info["shortfall"], *info["warnings"]]):
        trouble.warn(warning)
    columns = st.columns(4)
    columns[0].metric("Selected", f"{info['n_selected']:,}", help=meaning("selection"))
    columns[1].metric(
        "Clusters touched",
        f"{measures.get('cluster_coverage', 0):.0%}",
        help="Cluster coverage: the share of clusters from which at least one record was taken.",
    )
    columns[2].metric(
        "Spread",
        f"{measures.get('cluster_entropy', 0):.2f}",
        help="Normalised cluster entropy: 1 is spread evenly over all clusters, 0 is all in one.",
    )
    if "mean_quality" in measures:
        columns[3].metric(
            "Mean quality",
            f"{measures['mean_quality']:.2f}",
            help=f"{meaning('quality')}  \nBelow it, how much more or less than that of all records.",
            delta=f"{measures['mean_quality'] - measures['mean_quality_of_all']:+.2f}",
        )
    for line in limits_in_words(info):
        st.caption(as_markdown(line))
    _bars(pipeline, key)


def _bars(pipeline: Pipeline, key: str) -> None:
    labels = opened.labels(pipeline)
    if labels is None or info_changed(pipeline, key):
        st.caption("The clusters changed since; select again to see what was taken from each.")
        return
    names = opened.cluster_names(pipeline)
    rows = pipeline.workspace.table("select", key)["row_id"].combine_chunks().to_numpy()
    held, taken = np.bincount(labels, minlength=len(names)), np.bincount(labels[rows], minlength=len(names))
    shown = slice(0, _MOST_BARS)
    dark = is_dark()
    colours = status_colours(dark)
    number = np.arange(len(names))[shown]
    hover = [f"{plain(names[i])}<br>{taken[i]:,} taken of {held[i]:,}<br>click to read it on the Map" for i in number]
    figure = go.Figure()
    for values, name, colour in ((held, "held", colours[0]), (taken, "taken", colours[SELECTED])):
        figure.add_trace(
            go.Bar(
                x=number.tolist(),
                y=values[shown].tolist(),
                name=name,
                marker_color=colour,
                hovertext=hover,
                hoverinfo="text",
                customdata=number.tolist(),
            )
        )
    lay_out(
        figure,
        dark,
        280,
        barmode="overlay",
        bargap=0.15,
        margin={"l": 50, "r": 0, "t": 10, "b": 44},
        xaxis={
            "title": "cluster, largest first"
            + (f" (the first {_MOST_BARS} of {len(names):,})" if len(names) > _MOST_BARS else "")
        },
        yaxis={"title": "records"},
        legend={"orientation": "h", "y": 1.12},
    )
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
    cluster = clicked(figure, "taken", "What each cluster held and what was taken of it.")
    if cluster is not None:
        look_at_cluster(int(cluster))
        st.switch_page("map_page.py")


def info_changed(pipeline: Pipeline, key: str) -> bool:
    """Whether the clusters that a selection was made with are not today's."""
    return pipeline.workspace.info("select", key)["inputs"]["cluster"] != pipeline.current("cluster")
