"""One run of rounds: how it stands, what can be done next, who decided what."""

import streamlit as st

from components.charts import shown
from components.charts.escaping import as_markdown
from components.charts.theme import ICONS, is_dark
from components.charts.weight_figures import loss_lines
from components.frame import job_panel
from components.refine import form
from components.session import decide, people, state, trouble
from core.base import access
from core.base.budget import tokens_of
from core.base.errors import CurationError
from core.base.text import counted
from core.evidence.candidates import describe, run_lengths
from core.evidence.current import current_selection, is_current
from core.refine.advance import is_outdated
from core.refine.history import History
from core.refine.publishing import take_back
from core.refine.run import RefineRun, Round
from core.refine.runs import Rounds
from core.refine.support import support_of
from core.run import jobs
from core.run.pipeline import Pipeline

_STATES = {
    "ready": "ready for the next round",
    "waiting": "waiting for scores",
    "done": "complete",
    "stale": "its clusters or scores have changed since",
    "reversed": "made with scores of the wrong sign",
}


def pick_run(rounds: Rounds) -> RefineRun | None:
    """Draw the choice of a run where there are several; return the one shown, None where there is none."""
    runs = rounds.runs()
    if not runs:
        return None
    current = state.get()
    ids = [run.id for run in runs]
    latest = current.run if current.run in ids else ids[-1]
    if len(runs) > 1:
        titles = {run.id: _title(run) for run in runs}
        chosen = st.selectbox(
            "Run",
            ids[::-1],
            index=ids[::-1].index(latest),
            format_func=titles.get,
            key=f"run-choice-{ids[-1]}-{latest}",
            width=520,
        )
        if chosen != latest:
            current.show_run(chosen)
            st.rerun()
    return runs[ids.index(latest)]


def _title(run: RefineRun) -> str:
    origin = f", forked from run {run.parent} after round {run.parent_round}" if run.parent else ""
    return f"Run {run.id}: {run.params.budget} in {counted(run.params.rounds, 'round')}, {run.params.feedback}{origin}"


def show_head(pipeline: Pipeline, rounds: Rounds, run: RefineRun, busy: bool) -> None:
    """Draw how the run stands: the budget spent, and the next step."""
    standing = rounds.rounds(run.id)
    budget, taken = run.params.units(len(rounds.labels(run))), rounds.taken(run)
    n_taken, unit = rounds.spent(run.params, taken), "token" if tokens_of(run.params.budget) else "record"
    stands = rounds.state(run.id)
    left, right = st.columns([14, 11], vertical_alignment="bottom", gap="large")
    with left:
        st.progress(
            min(n_taken / budget, 1.0),
            f"{n_taken:,} of {counted(budget, unit)} taken in {len(standing)} of {counted(run.params.rounds, 'round')}",
        )
        what = form.FEEDBACK_TITLES[run.params.feedback].lower()
        own = " (Winnow's own stand-in, not the paper's)" if run.params.feedback == "proxy" else ""
        st.caption(
            f"Run {run.id}, {_STATES[stands]} · feedback: {what}{own} · {as_markdown(run.params.update_words)}, "
            f"floor {run.params.floor:g}"
        )
    with right:
        if not (busy and job_panel.in_place(pipeline, "refine")):
            _steps(pipeline, rounds, run, stands, busy)
    if run.warning:
        trouble.warn(run.warning)
    if standing:
        _lacks(pipeline, rounds, run, standing, busy)
    if stands == "stale":
        st.warning(
            "The clusters or the quality scores are no longer those this run began with. It can be read, not continued."
        )


def _steps(pipeline: Pipeline, rounds: Rounds, run: RefineRun, stands: str, busy: bool) -> None:
    """Draw the buttons that take the run on, or its last round back. stands: its state."""
    standing = rounds.rounds(run.id)
    can_go = stands == "ready" and not busy
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            "Next round",
            type="primary",
            icon=":material/skip_next:",
            **people.off(access.RUN, not can_go),
            key="next_round",
            on_click=form.go_on,
            args=(pipeline, run.id, len(standing) + 1),
        )
        st.button(
            "All rounds",
            icon=":material/play_arrow:",
            **people.off(access.RUN, not can_go),
            key="all_rounds",
            on_click=form.go_on,
            args=(pipeline, run.id),
        )
        st.button(
            "Take back",
            icon=ICONS["undo"],
            **people.off(
                access.RUN,
                busy or not standing or stands in ("stale", "reversed"),
                help="Takes back the latest round; it stays on record." if standing else None,
            ),
            key="take_back",
            on_click=_take_back,
            args=(rounds, run.id, len(standing)),
        )


def _lacks(pipeline: Pipeline, rounds: Rounds, run: RefineRun, standing: list[Round], busy: bool) -> None:
    """Say what the run lacks, and offer its last round anew where that would help a complete run."""
    shortfall = rounds.info(standing[-1])["shortfall"]
    if is_current(pipeline, f"round:{run.id}.{len(standing)}"):
        shortfall = current_selection(pipeline).shortfall
    if shortfall:
        trouble.warn(shortfall)
    if rounds.state(run.id) != "done" or not is_outdated(rounds, run):
        return
    last = len(standing)
    tuned = " The language model is not tuned again." if run.params.feedback == "lm" else ""
    before = f"Rounds 1 to {last - 1} and their feedback stay." if last > 2 else "Round 1 and its feedback stay."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Select round {last} anew",
            icon=":material/replay:",
            **people.off(access.RUN, busy),
            key="select_anew",
            on_click=form.go_on,
            args=(pipeline, run.id, last, True),
        )
        st.caption(
            f"Something was decided since round {last} was selected. Anew, it obeys that: what was dropped is filled, pins come "
            f"in, weights count. {before if last > 1 else ''}{tuned}",
            width="stretch",
        )


def show_support(rounds: Rounds, run: RefineRun, made: Round) -> None:
    """Warn where the scores of the round looked at rest on so few records that they are mostly chance."""
    update = rounds.update(run, made)
    if update is not None and (warning := support_of(update).warning):
        trouble.warn(warning)


def show_current(pipeline: Pipeline, run: RefineRun, made: Round) -> None:
    """Say whether what is looked at is the current selection, and offer to make it that. made: the round looked at."""
    looked_at, now = f"round:{run.id}.{made.number}", current_selection(pipeline)
    if is_current(pipeline, looked_at):
        st.caption(
            f":material/check: This is the current selection, **{as_markdown(now.title)}**: what is exported, saved and reported."
        )
        return
    title = describe({"method": "rounds", "run": run.id, "rounds": made.number}, run_lengths(pipeline))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Current selection: **{as_markdown(now.title if now else 'none')}**. Looked at here: {as_markdown(title)}.",
            width="content",
        )
        st.button(
            "Make this the current selection",
            icon=":material/check:",
            key="make_current",
            on_click=decide.use,
            **people.off(access.RUN),
            args=(looked_at,),
        )


def _take_back(rounds: Rounds, run_id: int, number: int) -> None:
    try:
        take_back(rounds, run_id, number, state.get().who)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.get().round_shown = 0
    state.say(f"Round {number} is taken back. Next round selects it anew.")


def show_decisions(history: History, at: int) -> None:
    """Draw what people decided before a round. at: its position in the history."""
    made = history.decisions[at]
    if not made:
        return
    with st.expander(f"Decided before {history.titles[at].lower()}: {len(made):,}"):
        for d in made[-50:]:
            what = f"cluster {d.cluster}" if d.target == "cluster" else counted(len(d.rows), "record")
            if d.action in ("undo", "redo"):
                what = f"decision {d.refers}"
            by = f" × {d.value:g}" if d.action == "weight" else ""
            since = ", taken back since" if d.id in history.taken_back else ""
            st.text(
                f"{d.at[:16].replace('T', ' ')} {d.who}: {d.action} {what}{by}{since}"
                + (f" ({d.note})" if d.note else "")
            )


@st.fragment(run_every=1.5)
def watch_losses(pipeline: Pipeline, run: RefineRun) -> None:
    """Draw the training loss while a round is tuned."""
    job = jobs.last_job(pipeline.workspace)
    rounds = Rounds(Pipeline(pipeline.workspace))
    standing = rounds.rounds(run.id)
    if job is None or not job.is_active or not standing:
        return
    losses = rounds.losses(standing[-1])
    if losses:
        st.caption(
            f"Tuning on {counted(len(rounds.taken(run)), 'record')}: loss after {counted(losses[-1]['step'], 'step')}"
        )
        figure = loss_lines({f"Round {standing[-1].number}": losses}, is_dark())
        shown.show(figure, "live_loss", "Training loss of this round so far.")
