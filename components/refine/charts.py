"""The history of a run on screen: the most changed weights, all weights, the map by weight, training losses."""

import numpy as np
import streamlit as st

from components.canvas import beside
from components.canvas.canvas_map import tip_of
from components.canvas.choices import by_weight
from components.charts import shown
from components.charts.theme import is_dark
from components.charts.weight_figures import loss_lines, weight_heat, weight_lines
from components.refine import cluster_panel
from components.session import state
from components.session.focus import look_at_record
from core.base.text import counted
from core.refine.history import History
from core.refine.run import RefineRun
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline

_VIEWS = {"lines": "Most changed", "heat": "All clusters", "map": "On the map", "loss": "Training loss"}
_LINES = 8


def pick_round(history: History) -> int:
    """Draw the scrubber through the rounds; return the position in the history that is looked at."""
    current = state.get()
    last = len(history.titles) - 1
    if last == 0:
        return 0
    at = min(current.round_shown - 1, last) if current.round_shown else last
    title = st.select_slider(
        "Look at",
        history.titles,
        value=history.titles[at],
        key=f"scrub-{len(history.titles)}-{history.titles[-1]}-{current.run}",
        help="Moves the map and the table to that round.",
    )
    at = history.titles.index(title)
    current.round_shown = 0 if at == last else at + 1
    return at


def show(pipeline: Pipeline, rounds: Rounds, run: RefineRun, history: History, at: int) -> None:
    """Draw the chosen view. at: the position in the history that is looked at."""
    losses = {f"Round {made.number}": found for made in rounds.rounds(run.id) if (found := rounds.losses(made))}
    views = [v for v in _VIEWS if (v != "loss" or losses) and (v != "map" or pipeline.current("project"))]
    view = st.segmented_control(
        "Show",
        views,
        default="lines",
        required=True,
        format_func=_VIEWS.get,
        key="refine_view",
        label_visibility="collapsed",
    )
    dark, picked = is_dark(), state.get().refine_cluster
    if view == "map":
        _map(pipeline, rounds, run, history, at, dark)
        return
    if view == "loss":
        shown.show(loss_lines(losses, dark), "losses", "Training loss over the steps of each round.")
        return
    if len(history.titles) == 1:
        st.caption("Every cluster begins with an equal share. Weights move once this round is scored.")
        return
    if view == "heat":
        says = (
            f"The weights of {counted(len(history.names), 'cluster')}, a row a round; the table below has the figures."
        )
        shown.show(weight_heat(history, dark, picked), "weight_heat", says, cluster_panel.pick)
        st.caption(
            "Blue: more than an equal share; orange: less; grey: an equal one. Clusters stand in the order of their last weight. "
            "Click a column to open its cluster; drag across some to zoom in, double-click to zoom out."
        )
        return
    drawn = sorted(history.most_changed(_LINES, always=(picked,) if picked >= 0 else ()))
    says = f"The weights of {counted(len(drawn), 'cluster')} over the rounds; the table below has the figures of all."
    shown.show(weight_lines(history, drawn, dark, picked), "weight_lines", says, cluster_panel.pick)
    unit = (
        "A weight of 1 is an equal share of what a round takes; curators' weights are counted in. Click a line to open its "
        "cluster."
    )
    rest = ""
    if len(history.names) > len(drawn):
        rest = (
            f"The {len(drawn):,} clusters whose weight moved most or that people decided on; "
            f"the grey band holds nine of ten of all {len(history.names):,}, the dotted line is the middle one. "
        )
    st.caption(rest + unit)


def _map(pipeline: Pipeline, rounds: Rounds, run: RefineRun, history: History, at: int, dark: bool) -> None:
    labels = np.asarray(rounds.labels(run))
    colouring = by_weight(labels, history.relative[:, at], dark)

    def tip(row: int) -> list[str]:
        c = int(labels[row])
        return [
            *tip_of(pipeline, row),
            f"cluster {c}: {history.names[c]}",
            f"{history.relative[c, at]:.2f} × an equal share",
        ]

    def click(row: int, join: str) -> None:
        if int(labels[row]) != state.get().refine_cluster:
            cluster_panel.pick(int(labels[row]))
        look_at_record(row, join)

    beside.show(pipeline, "weight_map", colouring, tip, 460, click)
