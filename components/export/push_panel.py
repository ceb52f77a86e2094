"""Push to a hub: the current selection as a data set of one's own, as a job; and what was pushed last."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.export import folded
from components.frame import job_panel
from components.frame.fields import field
from components.session import people, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.text import counted
from core.data.hub.client import endpoint
from core.export.hub.params import FORMATS, PushParams
from core.export.hub.push import Pushed, last_push
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step

_WAYS = ("To the main branch", "To another branch", "As a pull request")
_SENT = (
    "Sent are the records, the manifest (with every decision and who made it), a card that says where the records come from and "
    "how they were chosen, and its picture. What was not measured yet is so first."
)


def show(pipeline: Pipeline) -> None:
    """Draw the way to push the current selection, where there is one that can be written."""
    folded.show(pipeline, "To a hub", ":material/cloud_upload:", "to_hub", lambda rows: _panel(pipeline))


def _panel(pipeline: Pipeline) -> None:
    job = jobs.last_job(pipeline.workspace)
    if job_panel.is_doing(job, "push"):
        job_panel.watch(pipeline)
        return
    if (made := last_push(pipeline)) is not None:
        _say(made)
    _form(pipeline, made, job is not None and job.is_active)


def _say(made: Pushed) -> None:
    where = "as a pull request" if made.is_pull_request else f"to {made.branch}"
    told = f"{counted(made.n_records, 'record')} pushed to {made.repo}, {where}, as commit {made.commit[:8]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(as_markdown(f"{told}, at {made.at[:16].replace('T', ' ')} UTC."), width="stretch")
        if made.url.startswith(f"{endpoint()}/"):
            st.link_button("See it there", made.url, icon=":material/open_in_new:")


def _form(pipeline: Pipeline, made: Pushed | None, busy: bool) -> None:
    st.caption(as_markdown(f"On {endpoint()}, by the token in HF_TOKEN, which is never stored. {_SENT}"))
    first = PushParams("owner/name")
    with st.form("push", border=False):
        left, right = st.columns([2, 1])
        repo = field(left, first, "repo", "push_repo", value=made.repo if made else "", placeholder="owner/name")
        license = field(right, first, "license", "push_license", placeholder="as the cards of the sources say")
        left, middle, right = st.columns(3)
        way = left.selectbox("Where to", _WAYS, key="push_way")
        branch = field(middle, first, "branch", "push_branch", placeholder="of another branch: its name")
        form = field(
            right, first, "format", "push_format", help=as_markdown("; ".join(map(": ".join, FORMATS.items())) + ".")
        )
        with st.container(horizontal=True):
            private = field(st, first, "private", "push_private")
            replace = field(st, first, "replace", "push_replace")
        pressed = st.form_submit_button("Push", icon=":material/cloud_upload:", **people.off(access.EXPORT, busy))
    if not pressed:
        return
    try:
        if way == _WAYS[1] and not branch:
            raise CurationError("The branch has no name; name it, or push to the main branch.")
        asked = {"format": form, "private": private, "replace": replace, "license": license}
        told = {"branch": branch if way == _WAYS[1] else "", "pull_request": way == _WAYS[2]}
        params = PushParams(repo, **asked, **told)
    except CurationError as error:
        trouble.show(error)
        return
    job_panel.start(pipeline, "Pushing to the hub", [Step("push", params.as_dict())])
    st.rerun()
