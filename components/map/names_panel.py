"""Names for what has none yet: the map's regions, and the clusters by a language model, where the environment names an endpoint."""

import streamlit as st

from components.frame import job_panel
from components.session import people, trouble
from core.base import access
from core.base.text import counted
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.vectors.naming.regions import suggest_n_regions
from core.vectors.naming.stage import REGIONS, regions_of
from core.vectors.topics import TopicParams, has_endpoint, topic_model


def show(pipeline: Pipeline) -> None:
    """Draw what can be named: the regions of a map of before, and by a model where the environment names an endpoint."""
    job = jobs.last_job(pipeline.workspace)
    busy = job is not None and job.is_active
    _regions(pipeline, busy)
    if not has_endpoint():
        return
    if busy and job_panel.in_place(pipeline, "names"):
        return
    info, n_asked = pipeline.info("names"), len(pipeline.info("cluster")["names"]) + len(regions_of(pipeline))
    with st.popover("Name the clusters", icon=":material/label:"):
        st.caption(
            f"A language model is asked {counted(n_asked, 'time')}: it gets the terms of each cluster and region and the "
            "beginnings of a few of its records, and answers with a short topic. The terms stay beside it."
        )
        model = st.text_input("Model at the endpoint", topic_model(""), key="names_model")
        asked = st.button("Ask for names", type="primary", **people.off(access.RUN, busy), key="names_ask")
        if asked and not model.strip():
            st.caption("Name a model first.")
        elif asked:
            job_panel.start(pipeline, "Naming the clusters", [Step("names", TopicParams(model.strip()).as_dict())])
            st.rerun()
    if info and info["n_bad"]:
        trouble.warn(f"{counted(info['n_bad'], 'cluster')} got no usable name and keep their terms.")


def _regions(pipeline: Pipeline, busy: bool) -> None:
    """Offer to name the regions of a map that has none; *Prepare the map* does it for a new one."""
    if pipeline.current(REGIONS.name) or not suggest_n_regions(len(pipeline.info("cluster")["sizes"])):
        return
    if busy and job_panel.in_place(pipeline, REGIONS.name):
        return
    if st.button(
        "Name the regions",
        icon=":material/label:",
        **people.off(
            access.RUN,
            busy,
            help="The map then names 8 to 24 regions from afar, and clusters that were found by an earlier version anew.",
        ),
        key="names_regions",
    ):
        steps = [Step(REGIONS.name, REGIONS.params().as_dict())]
        job_panel.start(pipeline, REGIONS.doing, steps)
        st.rerun()
