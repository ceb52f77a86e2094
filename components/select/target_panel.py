"""The examples of a target: how many there are, of which labels, what overlaps with them; and the form that gives others."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.select import target_form
from components.session import opened, people, state, trouble
from components.session.state import Focus
from core.base import access
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.target.params import LEAST, MOST
from core.selection.target.stage import NAME, targets_of

_SHOWN = 90  # letters of an example
_NOTHING_YET = (
    f"There are no examples yet. Show what the model is to be good at: {LEAST} to {MOST} examples, from a file, an evaluation's "
    "training split, or records of this data."
)


def is_lacking(pipeline: Pipeline, method: str) -> bool:
    """Whether a method waits for examples."""
    return method == "target" and not pipeline.current(NAME)


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw it. busy: whether a job is at work."""
    with st.container(border=True, key="target_panel"):
        st.markdown("**Examples**")
        if job_panel.in_place(pipeline, NAME):
            return
        state_now = pipeline.state(NAME)
        if state_now == "done":
            _current(pipeline)
        elif state_now == "stale":
            _out_of_date(pipeline, busy)
        else:
            st.info(_NOTHING_YET, icon=":material/star:")
        if state_now == "missing":
            target_form.show(pipeline, busy)
            return
        with st.expander("Give other examples", icon=":material/edit:", key="target_again"):
            target_form.show(pipeline, busy)


def _current(pipeline: Pipeline) -> None:
    info = pipeline.finished(NAME)
    labels = ", ".join(f"{n:,} {as_markdown(label)}" for label, n in info["labels"].items())
    st.markdown(f"**{counted(info['n_examples'], 'example')}**: {labels}. They are the stars on the map.")
    if info["n_in_files"] > MOST:
        st.caption(f"Drawn from {info['n_in_files']:,} in the files.")
    if info["n_twice"]:
        st.caption(f"{counted(info['n_twice'], 'example')} with the same text as another left out.")
    for text in info["warnings"]:
        trouble.warn(text)
    if info["n_unread"]:
        trouble.warn(f"{counted(info['n_unread'], 'entry', 'entries')} of the files could not be read.")
    _left_out(pipeline, info["n_left_out"])
    with st.expander("Read the examples", icon=":material/list:", key="target_list", on_change="rerun") as fold:
        if fold.open:
            table = pipeline.table(NAME)
            texts = [shorten(text, _SHOWN) for text in table["text"].to_pylist()]
            names = [info["names"][code] for code in table["label"].to_pylist()]
            frame = pd.DataFrame({"label": names, "example": texts})
            st.dataframe(frame, hide_index=True, height=min(280, 38 + 35 * len(frame)), key="target_examples")


def _left_out(pipeline: Pipeline, n: int) -> None:
    if not n:
        st.caption("No record overlaps with them.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{counted(n, 'record overlaps', 'records overlap')} with them and {'is' if n == 1 else 'are'} left out."
        )
        st.button(
            "Look at on the map",
            type="tertiary",
            icon=":material/scatter_plot:",
            key="target_look",
            on_click=_look_at,
            args=(targets_of(pipeline).left_out,),
        )


def _look_at(rows: np.ndarray) -> None:
    label = f"{counted(len(rows), 'record')} that overlap with examples"
    state.get().look_at(Focus("picked", label, rows, made_on=opened.shown_keys(opened.pipeline())))
    state.say("They are picked on the Map page.")


def _out_of_date(pipeline: Pipeline, busy: bool) -> None:
    st.info("The examples are out of date: the records or their embeddings changed since.", icon=":material/update:")
    params = pipeline.params(NAME)
    if st.button("Read them again", icon=":material/refresh:", key="target_refresh", **people.off(access.RUN, busy)):
        job_panel.start(pipeline, "Reading the examples", [Step(NAME, params.as_dict())])
        st.rerun()
