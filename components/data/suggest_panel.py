"""How many clusters: what several numbers would give, as a chart with plain advice."""

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from components.charts import shown
from components.charts.escaping import as_markdown
from components.charts.theme import GRID, category_colours, is_dark, lay_out, status_colours
from components.frame import job_panel
from components.frame.fields import field
from components.session import people, trouble
from core.base import access
from core.base.errors import CurationError
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.vectors.cluster_counts import SuggestParams, counts_to_try, parse_counts
from core.vectors.clustering import ClusterParams
from core.vectors.naming.stage import REGIONS


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the panel."""
    n = pipeline.workspace.dataset().n_records
    last = pipeline.params("suggest") or SuggestParams()
    usual = ", ".join(f"{count}" for count in last.counts or counts_to_try(n))
    left, right = st.columns([2, 1])
    counts = left.text_input("Numbers to try", usual, key="suggest_counts")
    budget = field(right, last, "budget", key="suggest_budget")
    if busy and job_panel.in_place(pipeline, "suggest"):
        return
    if st.button("Try these numbers", icon=":material/troubleshoot:", **people.off(access.RUN, busy), key="suggest"):
        try:
            params = SuggestParams(budget=budget, counts=parse_counts(counts))
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(pipeline, "Trying numbers of clusters", [Step("suggest", params.as_dict())])
        st.rerun()
    key = pipeline.current("suggest")
    if not key:
        return
    info = pipeline.workspace.info("suggest", key)
    says = "What each number of clusters would give; the advice below sums it up."
    shown.show(suggest_figure(info["choices"], is_dark()), "suggest_chart", says, _choose)
    for line in info["advice"]:
        st.caption(as_markdown(line))
    _use(pipeline, [choice["n_clusters"] for choice in info["choices"]], busy)


def _choose(count: int) -> None:
    st.session_state["suggest_use"] = count


def _use(pipeline: Pipeline, counts: list[int], busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.selectbox("Clusters", counts, index=len(counts) - 1, key="suggest_use", width=160)
        hierarchical = st.toggle(
            "For very uneven data",
            key="suggest_hierarchical",
            help="k-means of k-means: crowded subjects get fewer clusters, rare ones more.",
        )
        if busy and job_panel.in_place(pipeline, "cluster"):
            return
        if st.button("Cluster into these", **people.off(access.RUN, busy), key="suggest_apply"):
            last = pipeline.params("cluster") or ClusterParams()
            params = last.as_dict() | {"n_clusters": int(count), "hierarchical": hierarchical}
            regions = [Step(REGIONS.name, REGIONS.params().as_dict())] if pipeline.current("project") else []
            job_panel.start(pipeline, "Clustering", [Step("cluster", params), *regions])
            st.rerun()


def suggest_figure(choices: list[dict], dark: bool) -> go.Figure:
    """Return three small charts over the number of clusters: silhouette, closeness (the elbow), clusters too small."""
    counts = [choice["n_clusters"] for choice in choices]
    x = [f"{count:,}" for count in counts]
    figure = make_subplots(
        1,
        3,
        subplot_titles=("Silhouette, higher is better", "Distance to the centre (elbow)", "Clusters too small"),
        horizontal_spacing=0.08,
    )
    teal, grey = category_colours(1, dark)[0], status_colours(dark)[0]
    for column, name in ((1, "silhouette"), (2, "objective")):
        y = [choice[name] for choice in choices]
        line = go.Scatter(
            x=x,
            y=y,
            mode="lines+markers",
            line={"color": teal},
            marker={"size": 9},
            customdata=counts,
            showlegend=False,
            hovertemplate="%{x} clusters: %{y:.3f}<br>click to take this number<extra></extra>",
        )
        figure.add_trace(line, 1, column)
    for name, title, colour in (("too_small", "for an equal share", grey), ("singletons", "hold one record", teal)):
        y = [choice[name] for choice in choices]
        hover = f"%{{x}} clusters: %{{y:.1%}} {title}<extra></extra>"
        figure.add_trace(
            go.Bar(x=x, y=y, name=title, marker_color=colour, customdata=counts, hovertemplate=hover), 1, 3
        )
    lay_out(
        figure,
        dark,
        260,
        margin={"l": 10, "r": 0, "t": 30, "b": 10},
        legend={"x": 1, "xanchor": "right", "y": 1, "bgcolor": "rgba(0,0,0,0)"},
        bargap=0.3,
    )
    figure.update_annotations(font_size=13)
    figure.update_xaxes(type="category", showgrid=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(
        tickformat=".0%",
        rangemode="tozero",
        range=[0, max(0.05, *(c["too_small"] for c in choices)) * 1.35],
        row=1,
        col=3,
    )
    return figure
