"""The first look on the pages: what it is worth, what is to come, and the way there. Nothing once it has been replaced."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.session import people
from core.base import access
from core.run import jobs
from core.run.first_look import REPLACE, note_of, replacement_of
from core.run.pipeline import Pipeline
from core.run.tasks import Step

_THEN = (
    "The model's embeddings, clusters and map take its place all at once. Pins and drops of records stay. What was decided on "
    "clusters is set aside, as after any new clustering: Review offers to carry over weights, pins, drops and names, not merges "
    "and splits. The selection is out of date then."
)
_MEANWHILE = "Until then all pages can be used; only what needs a job of its own waits, unless you cancel this one."


def say(pipeline: Pipeline) -> None:
    """Say in a line that this is a first look, where it is."""
    if note := note_of(pipeline):
        st.caption(f":orange[{as_markdown(note)}]")


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw what becomes of a first look, and the button that goes on to the model's embedding, or how far that is."""
    embed = replacement_of(pipeline)
    if embed is None:
        return
    with st.container(border=True, key="first_look"):
        under_way = job_panel.is_doing(jobs.last_job(pipeline.workspace), REPLACE)
        st.markdown(f"{as_markdown(note_of(pipeline))} {_THEN}{' ' + _MEANWHILE if under_way else ''}")
        if under_way:
            if not job_panel.is_under_way(pipeline, "embed"):  # else it is drawn where that began
                job_panel.watch(pipeline)
            return
        steps = [Step(REPLACE, embed.as_dict())]
        st.button(
            "Embed by the model",
            icon=":material/play_arrow:",
            key="first_look_on",
            **people.off(access.RUN, busy),
            on_click=job_panel.start,
            args=(pipeline, "Replacing the first look", steps),
        )
