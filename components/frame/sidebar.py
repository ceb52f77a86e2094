"""The run sheet: the open data, the way through the app, the running job, the budget, what is done and what is stale."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import ICONS
from components.frame import budget_bar, first_look, gate, job_panel, navigation, others, tour, words
from components.session import decide, opened, people, state
from core.base import access
from core.base.budget import tokens_of
from core.base.errors import CurationError
from core.base.text import counted
from core.evidence.current import current_selection, is_behind
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import RoundsParams, SelectionParams
from core.selection.stage import last_selection_key
from core.workspace.deciding import overrides_of
from core.workspace.decisions import next_undo
from core.workspace.results import RECORDS
from core.workspace.told import ago, told

_STAGE_NAMES = {
    "embed": "Embeddings",
    "cluster": "Clusters",
    "project": "Map",
    "score": "Quality",
    "select": "Selection",
}
_NO_UPDATE = (
    ":orange[Its clusters or scores changed since, or its rounds were taken back.] Bring those back, make another selection "
    "current on Refine or Compare, or select anew."
)
_NO_ROUND = ":orange[All its rounds were taken back.] Go on with the run, or make another selection current."
_STATE_WORDS = {"done": "ready", "stale": "out of date", "missing": "not yet"}


def show(pipeline: Pipeline) -> None:
    """Draw the sidebar, and say what the last action did."""
    current = state.get()
    if current.message:
        st.toast(as_markdown(current.message))
        current.message = ""
    with st.sidebar:
        _dataset(pipeline)
        navigation.show_menu(pipeline)
        job = job_panel.show(pipeline)
        if pipeline.key(RECORDS):
            _budget(pipeline, busy=job is not None and job.is_active)
            others.show(pipeline)
            _stages(pipeline)
        _help(pipeline.workspace.has_data)
        gate.show()


def _dataset(pipeline: Pipeline) -> None:
    if not pipeline.key(RECORDS):
        st.caption("No data open")
        return
    dataset = pipeline.workspace.dataset()
    with st.container(gap=None):
        st.text(dataset.name)
        st.caption(counted(dataset.n_records, "record"))


def _budget(pipeline: Pipeline, busy: bool) -> None:
    if not pipeline.current("cluster") and not last_selection_key(pipeline):
        return
    st.divider()
    statuses = opened.statuses(pipeline, overrides_of(pipeline))
    params = pipeline.params("select")
    is_stale = pipeline.state("select") == "stale" and bool(last_selection_key(pipeline))
    if current := current_selection(pipeline):
        st.caption(f"Current selection: **{as_markdown(current.title)}**")
    budget = None if params is None else _budget_records(params, len(statuses))
    budget_bar.show(statuses, budget, is_stale, current.in_tokens if current else "")
    if is_stale and is_behind(pipeline):
        st.caption("What was decided just now is about to be brought into it.")
    elif is_stale and isinstance(params, RoundsParams):
        st.caption(_NO_UPDATE if params.rounds else _NO_ROUND)
    elif is_stale:
        st.caption(":orange[Your decisions or the clusters changed since this was selected.]")
        again = (
            {
                "on_click": job_panel.start,
                "args": (pipeline, "Updating the selection", [Step("select", params.as_dict())]),
            }
            if isinstance(params, SelectionParams)
            else {"on_click": decide.use, "args": (current.id,)}
        )
        st.button(
            "Update the selection",
            icon=ICONS["stale"],
            type="primary",
            width="stretch",
            key="update_selection",
            **people.off(access.RUN, busy),
            **again,
        )
    made = pipeline.workspace.ledger.decisions()
    if last := next_undo(made, state.get().who):
        last_made = next(decision for decision in reversed(made) if decision.id == last)
        st.button(
            "Undo the last decision",
            icon=ICONS["undo"],
            width="stretch",
            on_click=decide.undo,
            **people.off(
                access.DECIDE, help=as_markdown(f"{last_made.who or 'Somebody'} {told(last_made)}, {ago(last_made.at)}")
            ),
            args=(last,),
            key="sidebar_undo",
        )


def _budget_records(params, n_records: int) -> int | None:
    try:
        return None if tokens_of(params.budget) else params.n_records(n_records)
    except CurationError:  # the data shrank below a budget given as a count; the Select page says so
        return None


def _stages(pipeline: Pipeline) -> None:
    st.divider()
    lines = []
    for stage, name in _STAGE_NAMES.items():
        is_at = pipeline.state(stage)
        word = _STATE_WORDS[is_at] if is_at != "stale" else f":orange[{_STATE_WORDS[is_at]}]"
        lines.append(f"{ICONS[is_at]} {name} :gray[{word}]")
    st.caption("  \n".join(lines))
    first_look.say(pipeline)


def _help(has_data: bool) -> None:
    with st.container(horizontal=True, key="help"):
        if has_data:
            st.button("Tour", icon=":material/explore:", type="tertiary", key="tour_start", on_click=tour.start)
        if st.button("Words", icon=":material/menu_book:", type="tertiary", key="words"):
            words.show()
