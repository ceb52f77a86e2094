"""Refine: selection in rounds, in which feedback moves weight between clusters and people intervene."""

import streamlit as st

from components import guide, opened, refine_charts, refine_form, refine_run, refine_table
from core import jobs
from core.course import course_of
from core.rounds import Rounds

pipeline = opened.pipeline()
guide.require(pipeline, "refine")

job = jobs.last_job(pipeline.workspace)
busy = job is not None and job.is_active
rounds = Rounds(pipeline)
st.header("Refine")
run = refine_run.pick_run(rounds)
if run is None:
    st.markdown("##### No rounds yet")
    st.caption(
        "Choosing in rounds: take a part of the budget, see where a model still does badly, give those clusters more weight, "
        "go on. Between rounds you can pin, drop and weight."
    )
    refine_form.show(pipeline, busy, None)
    st.stop()

refine_run.show_head(pipeline, rounds, run, busy)
which = st.container()
if busy and run.params.feedback == "lm":
    refine_run.watch_losses(pipeline, run)
standing = rounds.rounds(run.id)
if standing:
    course = course_of(rounds, run)
    chart, side = st.columns([17, 9], gap="large")
    with side:
        at = refine_charts.pick_round(course)
        made = standing[min(at, len(standing) - 1)]
        with which:
            refine_run.show_current(pipeline, run, made)
        refine_table.show_cluster(pipeline, rounds, run, made, course)
        refine_run.show_decisions(course, at)
    with chart:
        refine_charts.show(pipeline, rounds, run, course, at)
    if rounds.state(run.id) == "waiting":
        refine_run.show_elsewhere(pipeline, rounds, run, standing[-1])
    refine_table.show(rounds, run, made)
    if not run.is_reversed and (made.number < run.params.rounds or len(standing) > made.number):
        with st.expander(f"Fork this run after round {made.number}"):
            st.caption(
                "A fork shares the rounds up to there and goes its own way. It becomes the current selection; this run stays as "
                "it is and can be made current again."
            )
            refine_form.show(pipeline, busy, run, fork_of=(run.id, made.number))
with st.expander("Start another run"):
    refine_form.show(pipeline, busy, run)
guide.next_page(pipeline, "review")
