"""Select: what is asked on the left, what it would change on the right, and above both the budget, what it comes to, the button.

A fragment: what is asked is answered without drawing the rest of the page anew.
"""

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import GRID, ground_colour, is_dark
from components.frame import job_panel
from components.frame.fields import field
from components.select import asked, budget_field, change_view, known, method_list, result, rules_panel, target_panel
from components.session import offered, opened, people, state, trouble
from components.session.uninterrupted import uninterrupted
from core.base import access
from core.base.budget import tokens_of
from core.base.errors import CurationError
from core.base.text import counted, duration, rounded
from core.evidence.outlook import records_expected, seconds_needed
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.selection.stage import take_again
from core.selection.token_counts import tokenizer_for

_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-select_bar) {{ position: sticky; top: 0; z-index: 90; background: {ground};
  border-bottom: 1px solid {line}; padding: 0.4rem 0 0.9rem; }}
.st-key-select_answer {{ min-height: 37rem; position: relative; }}
.st-key-select_answer > :has(> [data-testid="stSpinner"]) {{ position: absolute; right: 0; top: -1.2rem; width: auto; }}
.st-key-select_bar {{ min-height: 4.25rem; }}
.st-key-select_methods {{ min-height: {methods:g}rem; }}
.st-key-select_options {{ min-height: 15.5rem; }}
.st-key-select_methods [role="radiogroup"] {{ gap: 0; }}
.st-key-select_methods [role="radiogroup"] :is(div, label) {{ min-width: 0; max-width: 100%; }}
.st-key-select_methods [role="radiogroup"] label {{ padding: 0.08rem 0; }}
.st-key-select_methods [role="radiogroup"] p {{ white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
  font-size: 0.9rem; }}
.st-key-select_methods [role="radiogroup"] p strong {{ display: inline-block; min-width: 8.4rem; font-weight: 600; }}
.st-key-select_options p {{ font-size: 0.93rem; }}
@media (min-width: 1300px) {{ :has(> .st-key-select_help) {{ display: none; }} }} /* the list says it in full */
</style>"""


@st.fragment
def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw it."""
    there = {*offered.methods(pipeline, METHODS), "target"}  # which is listed without examples too: here they are given
    methods = [name for name in METHODS if name in there]
    tall = method_list.height(methods)
    st.html(_STYLE.format(ground=ground_colour(is_dark()), line=GRID, methods=tall))
    budget, last = asked.begin(pipeline, methods)
    bar = st.container(key="select_bar", horizontal=True, vertical_alignment="bottom", gap="medium")
    with bar, st.container(width="content", gap="small", horizontal=True, vertical_alignment="bottom"):
        budget = budget_field.show(budget)
    left, right = st.columns([10, 11], gap="large")
    with left:
        method_list.show(methods)
        with st.container(key="select_options"):
            values = method_list.show_options(pipeline, last)
            if last.method == "target":
                target_panel.show(pipeline, busy)
        values["tokenizer"] = last.tokenizer
        if budget_field.unit_of(budget) == "tokens":
            key, usual = f"select-tokenizer-{state.get().select_form}", tokenizer_for(pipeline, "")
            values["tokenizer"] = field(st, last, "tokenizer", key=key, placeholder=usual)
        values |= rules_panel.show(pipeline, last)
    asked.keep({"budget": budget} | values)
    waits = target_panel.is_lacking(pipeline, last.method)
    try:
        params = None if waits else _checked(pipeline, {"budget": budget, "method": last.method} | values)
    except CurationError as error:
        with bar:
            trouble.show(error)
        params = None  # the button stays: a budget put right may come with the click
    if _do_what_is_wanted(params):
        st.rerun()
    answer = right.container(key="select_answer")
    rows = None
    with answer, st.spinner("Working out what would change"):
        try:
            rows = None if params is None else known.work_out(pipeline, params)
        except CurationError as error:  # of rules that only the choosing itself finds too tight
            with bar:
                trouble.show(error)
            params = None
    with bar:
        if params is not None:
            _outlook(pipeline, params, rows)
        elif waits:
            st.caption("Give examples of the target first, below its options.")
        with st.container(horizontal=True, width="content"):
            _buttons(busy, is_known=params is None or rows is not None)
    with answer:
        _answer(pipeline, params, rows)


def _answer(pipeline: Pipeline, params: SelectionParams | None, rows: np.ndarray | None) -> None:
    if job_panel.is_doing(jobs.last_job(pipeline.workspace), "select", "preview"):
        job_panel.watch(pipeline)
    elif params is None or pipeline.key("select", params) == pipeline.current("select"):
        result.show(pipeline)
    elif rows is None:
        change_view.offer(pipeline, params)
        result.show(pipeline)
    else:
        change_view.show(pipeline, params, rows)


def _checked(pipeline: Pipeline, values: dict) -> SelectionParams:
    params = SelectionParams(**values)
    if (why_not := known.why_not(pipeline, params)) is not None:
        raise why_not
    return params


def _outlook(pipeline: Pipeline, params: SelectionParams, rows: np.ndarray | None) -> None:
    """Say what the selection comes to, and how long choosing takes."""
    of = counted(pipeline.n_records(), "record")
    if limit := tokens_of(params.budget):
        costs = None if rows is None else known.costs(pipeline, params)
        n = len(rows) if rows is not None else records_expected(pipeline, params)
        how = f"by {as_markdown(tokenizer_for(pipeline, params.tokenizer))}"
        spent = f"**{limit:,}**" if costs is None else f"**{int(costs[rows].sum(dtype=np.int64)):,}** of {limit:,}"
        line = f"{'about ' if costs is None else ''}**{n:,}** of {of}, {spent} tokens"
    else:
        n, tokens = params.n_records(pipeline.n_records()), known.tokens(pipeline)
        how = "tokens as counted" if tokens.counted else "tokens estimated at four letters each"
        line = f"**{n:,}** of {of}, about **{rounded(tokens.of(rows, n))}** tokens"
    with st.container(gap=None, width="stretch"):
        st.markdown(line)
        if rows is not None:
            is_now = pipeline.key("select", params) == pipeline.current("select")
            st.caption(f"{'This is what is selected now' if is_now else 'Select applies it at once'} · {how}")
        else:
            st.caption(f"Choosing takes about {duration(seconds_needed(pipeline, params))} · {how}")


def _buttons(busy: bool, is_known: bool) -> None:
    if not is_known:
        st.button(
            "Preview",
            icon=":material/visibility:",
            key="select_preview",
            on_click=_want,
            args=("preview",),
            **people.off(access.RUN, busy, help="Work out what would change, and apply nothing."),
        )
    st.button(
        "Select",
        type="primary",
        icon=":material/filter_alt:",
        key="select_go",
        on_click=_want,
        args=("select",),
        **people.off(access.RUN, busy, help="A job is running; it must end first." if busy else None),
    )


@uninterrupted
def _want(what: str) -> None:
    """Note what was pressed. It is done once the form is read: a budget typed just before may come with the same click."""
    state.get().select_wanted = what


@uninterrupted
def _do_what_is_wanted(params: SelectionParams | None) -> bool:
    """Do what was pressed, once; return whether something was."""
    wanted, state.get().select_wanted = state.get().select_wanted, ""
    if not wanted or params is None:
        return False
    if wanted == "preview":
        job_panel.start(opened.pipeline(), "Working out what would change", [Step("preview", params.as_dict())])
    else:
        _apply(params)
    return True


def _apply(params: SelectionParams) -> None:
    """Make the selection the current one: at once where it was worked out or is quick, else by a job."""
    pipeline = opened.pipeline()
    try:
        if not take_again(pipeline, params):
            if not known.is_quick(pipeline, params):
                job_panel.start(pipeline, "Choosing records", [Step("select", params.as_dict())])
                return
            pipeline.run("select", params)
    except CurationError as error:
        state.say(error.on_page)
        return
    asked.applied(pipeline)
    n = pipeline.finished("select")["n_selected"]
    state.say(f"Selected {counted(n, 'record')} by {params.method}. What was selected before is on the Compare page.")
