"""The running job: what it does, how far it is, how long it takes, and a way to stop it. Survives a reload."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import opened, people, state
from core.base import access
from core.base.errors import CurationError
from core.base.text import counted, duration
from core.run import jobs
from core.run.first_look import REPLACE
from core.run.jobs import Job
from core.run.pipeline import Pipeline
from core.run.tasks import Step, doing


def start(pipeline: Pipeline, kind: str, steps: list[Step], device: str = "auto", vectors: str = "") -> None:
    """Start a job, or say why it can't start."""
    try:
        jobs.start_job(pipeline.workspace, kind, steps, device, vectors)
    except CurationError as error:
        state.say(error.on_page)


def show(pipeline: Pipeline) -> Job | None:
    """Draw the newest job if it is at work or ended badly; return it."""
    job = jobs.last_job(pipeline.workspace)
    if job is None:
        return None
    if job.is_active:
        _watch(pipeline, job.step)
    elif job.status in ("failed", "stopped") and state.get().seen_job < job.id:
        st.error(as_markdown(f"{job.kind} did not finish. {job.error}"), icon=":material/error:")
        left, right = st.columns(2)
        left.button(
            "Try again",
            on_click=_again,
            **people.off(access.RUN),
            args=(pipeline, job),
            key="job_again",
            width="stretch",
        )
        right.button("Dismiss", on_click=_dismiss, args=(job,), key="job_dismiss", width="stretch")
    return job


@st.fragment(run_every=0.7)
def _watch(pipeline: Pipeline, seen: str) -> None:
    job = jobs.last_job(pipeline.workspace)
    if job is None or not job.is_active or (job.step == REPLACE != seen):
        st.rerun()  # the whole page: what the job made is there now, or the first look that it began with
    st.markdown(f"**{as_markdown(doing(job.step))}** :gray[{_place(job)}]")
    st.progress(min(max(job.fraction, 0.0), 1.0))
    st.caption(_pace(job))
    st.button("Cancel", icon=":material/stop_circle:", on_click=_cancel, **people.off(access.RUN), key="job_cancel")


def is_under_way(pipeline: Pipeline, *first_steps: str) -> bool:
    """Whether a job that begins with one of these steps is at work, or waits."""
    job = jobs.last_job(pipeline.workspace)
    return job is not None and job.is_active and any(step["do"] in first_steps for step in job.arguments["steps"][:1])


def in_place(pipeline: Pipeline, *first_steps: str) -> bool:
    """Draw, in place of the button that starts a job which begins so, how far one that is under way is; return whether one is."""
    if not is_under_way(pipeline, *first_steps):
        return False
    watch(pipeline)
    return True


@st.fragment(run_every=0.7)
def watch(pipeline: Pipeline) -> None:
    """Draw `show_line` of the job that is at work, and keep it up to date."""
    job = jobs.last_job(pipeline.workspace)
    if job is not None and job.is_active:  # once it is over, the sidebar draws the page anew
        show_line(job)


def show_line(job: Job) -> None:
    """Draw on a page what a job is doing, how far it is, how long it will take, and the button that cancels it."""
    place = _place(job)
    parts = [as_markdown(doing(job.step)) + (f" ({place})" if place else ""), _pace(job)]
    with st.container(horizontal=True, vertical_alignment="center", key="job_line"):
        st.progress(min(max(job.fraction, 0.0), 1.0), text=" · ".join(parts))
        st.button(
            "Cancel", icon=":material/stop_circle:", on_click=_cancel, **people.off(access.RUN), key="job_line_cancel"
        )


def is_doing(job: Job | None, *steps: str) -> bool:
    """Whether a job is at work, or waits, and one of these is among its steps."""
    return job is not None and job.is_active and any(step["do"] in steps for step in job.arguments["steps"])


def _place(job: Job) -> str:
    steps = [step["do"] for step in job.arguments["steps"]]
    return f"step {steps.index(job.step) + 1:,} of {len(steps):,}" if job.step in steps and len(steps) > 1 else ""


def _pace(job: Job) -> str:
    facts = [
        f"{job.fraction:.0%}"
        if job.fraction >= 0
        else ("loading the model" if job.step in ("embed", REPLACE) else "just begun")
    ]
    if job.rate:
        facts.append(f"{counted(round(job.rate), 'record')} a second")
    if job.seconds_left is not None:
        facts.append(f"about {duration(job.seconds_left)} left")
    return " · ".join(facts)


def _cancel() -> None:
    try:
        jobs.cancel_job(opened.pipeline().workspace)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say("Cancelled. What was finished is kept.")


def _again(pipeline: Pipeline, job: Job) -> None:
    steps = [Step(**step) for step in job.arguments["steps"]]
    start(pipeline, job.kind, steps, job.arguments["device"], job.arguments["vectors"])


def _dismiss(job: Job) -> None:
    state.get().seen_job = job.id
