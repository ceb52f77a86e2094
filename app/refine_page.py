"""Refine: selection in rounds, in which feedback moves weight between clusters and people intervene."""

import streamlit as st

from components.frame import navigation
from components.refine import charts, cluster_panel, elsewhere, form, run_panel, table
from components.session import opened
from core.refine.history import history_of
from core.refine.runs import Rounds
from core.run import jobs

pipeline = opened.pipeline()
navigation.require(pipeline, "refine")

job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active
rounds = Rounds(pipeline)
st.title("Refine")
run = run_panel.pick_run(rounds)
if run is None:
    st.markdown("## No rounds yet")
    st.caption(
        "Choosing in rounds: take a part of the budget, see where a model still does badly, give those clusters more weight, "
        "go on. Between rounds you can pin, drop and weight."
    )
    form.show(pipeline, busy, None)
    st.stop()

run_panel.show_head(pipeline, rounds, run, busy)
which = st.container()
if busy and run.params.feedback == "lm":
    run_panel.watch_losses(pipeline, run)
standing = rounds.rounds(run.id)
if standing:
    history = history_of(rounds, run)
    chart, side = st.columns([14, 11], gap="large")
    with side:
        at = charts.pick_round(history)
        made = standing[min(at, len(standing) - 1)]
        with which:
            run_panel.show_current(pipeline, run, made)
        run_panel.show_support(rounds, run, made)
        cluster_panel.show(pipeline, rounds, run, made, history)
        run_panel.show_decisions(history, at)
    with chart:
        charts.show(pipeline, rounds, run, history, at)
    if rounds.state(run.id) == "waiting":
        elsewhere.show(pipeline, rounds, run, standing[-1])
    table.show(rounds, run, made)
    if not run.is_reversed and (made.number < run.params.rounds or len(standing) > made.number):
        with st.expander(f"Fork this run after round {made.number}"):
            st.caption(
                "A fork shares the rounds up to there and goes its own way. It becomes the current selection; this run stays as "
                "it is and can be made current again."
            )
            form.show(pipeline, busy, run, fork_of=(run.id, made.number))
if standing or not busy:  # it would be pushed away by the first round that comes
    with st.expander("Start another run"):
        form.show(pipeline, busy, run)
navigation.next_page(pipeline, "review")
