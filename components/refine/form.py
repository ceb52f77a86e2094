"""Start a run of rounds, or fork one: the budget, the rounds, where feedback comes from. The defaults need nothing."""

import streamlit as st

from components.frame import job_panel
from components.frame.fields import field
from components.session import offered, people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.models.judge import named_model
from core.models.lora import PERPLEXITIES, LmParams
from core.refine.advance import Advance
from core.refine.params import DIRECTIONS, FEEDBACKS, RefineParams
from core.refine.run import RefineRun
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import RoundsParams

_TUNING = ("epochs", "batch_size", "accumulation", "rank", "max_tokens", "max_new_tokens", "save_steps")
FEEDBACK_TITLES = {"proxy": "Proxy", "lm": "A language model, tuned here", "import": "Scores from elsewhere"}


def show(pipeline: Pipeline, busy: bool, last: RefineRun | None, fork_of: tuple[int, int] | None = None) -> None:
    """Draw the form. last: the run whose settings it starts from. fork_of: (run, round) to go on from, or None."""
    params = last.params if last else RefineParams()
    lm = (last.lm if last else LmParams()).as_dict()
    key = f"fork-{fork_of[0]}-{fork_of[1]}" if fork_of else "new-run"
    left, middle, right = st.columns([2, 2, 3])
    budget = field(left, params, "budget", key=f"{key}-budget")
    rounds = field(middle, params, "rounds", key=f"{key}-rounds")
    feedback = field(right, params, "feedback", key=f"{key}-feedback", words=FEEDBACK_TITLES)
    st.caption(FEEDBACKS[feedback])
    if feedback == "lm":
        lm = _lm_settings(LmParams.from_dict(lm), key)
    with st.expander("Settings"):
        params = _settings(params, key, offered.probabilities(pipeline))
    params_given = {"budget": budget, "rounds": rounds, "feedback": feedback}
    label = f"Fork after round {fork_of[1]:,}" if fork_of else "Start"
    with st.container(horizontal=True, vertical_alignment="center"):
        whole = st.button(
            f"{label} and run all rounds",
            type="primary",
            icon=":material/play_arrow:",
            **people.off(access.RUN, busy, help="A job is running; it must end first." if busy else None),
            key=f"{key}-all",
        )
        first = st.button(
            f"{label}, one round",
            icon=":material/skip_next:",
            **people.off(access.RUN, busy, help="Stops after the next round, so that you can look and decide."),
            key=f"{key}-one",
        )
    if whole or first:
        _start(pipeline, params | params_given, lm, fork_of, only_next=first)


def _settings(last: RefineParams, key: str, chances: list[str]) -> dict:
    left, right = st.columns(2)

    def setting(place, name: str, **more):
        return field(place, last, name, **{"key": f"{key}-{name}"} | more)

    update = setting(left, "update", wide=True)
    paper = update == "paper"
    words = {"all": "all records taken so far", "round": "this round's records"}
    values = _limits(last, key) | {"update": update, "scored": setting(right, "scored", wide=True, words=words)}
    values["scale"] = setting(right, "scale", wide=True, disabled=paper)
    ways = ["harder"] if paper else list(DIRECTIONS)
    values["direction"] = setting(left, "direction", wide=True, choices=ways, key=f"{key}-direction-{paper}")
    values["temperature"] = setting(right, "temperature", disabled=paper)
    values["floor"] = setting(right, "floor")
    values["inside"] = setting(left, "inside")
    values["sampling_probability"] = setting(right, "sampling_probability", choices=chances)
    return values | {"seed": setting(left, "seed")}


def _limits(last: RefineParams, key: str) -> dict:
    """Draw the rules, parted by semicolons, and the tokenizer of a budget in tokens; return their values."""
    places = dict(zip(("at_least", "at_most", "tokenizer"), st.columns(3), strict=True))
    values: dict = {"tokenizer": field(places["tokenizer"], last, "tokenizer", key=f"{key}-tokenizer")}
    for name, example in (("at_least", "source=code:10%; cluster=5:20%"), ("at_most", "source=t0:30%")):
        about = {"key": f"{key}-{name}", "value": "; ".join(getattr(last, name)), "placeholder": example}
        text = field(places[name], last, name, **about)
        values[name] = tuple(filter(None, (each.strip() for each in text.split(";"))))
    return values


def _lm_settings(last: LmParams, key: str) -> dict:
    left, right = st.columns(2)

    def setting(place, name: str, **more):
        return field(place, last, name, **{"key": f"{key}-{name}"} | more)

    values = {"model": setting(left, "model", placeholder="/path/to/model or hub name")}
    values["scorer"] = setting(right, "scorer")
    if values["scorer"] == "likelihood":
        values["perplexity"] = setting(right, "perplexity", words=PERPLEXITIES)
    if values["scorer"] == "reward":
        values["reward_model"] = setting(right, "reward_model", key=f"{key}-reward", placeholder="path or hub name")
    with st.expander("Tuning"):
        columns = st.columns(3)
        for i, name in enumerate(_TUNING):
            values[name] = setting(columns[i % 3], name)
        values["most_scored"] = setting(columns[1], "most_scored", key=f"{key}-most")
        values["learning_rate"] = setting(columns[2], "learning_rate", key=f"{key}-rate", format="%.5f")
    return {"perplexity": last.perplexity, "reward_model": ""} | values


def _start(pipeline: Pipeline, values: dict, lm: dict, fork_of: tuple[int, int] | None, only_next: bool) -> None:
    current = state.get()
    rounds = Rounds(pipeline)
    try:
        params = RefineParams.from_dict(values)
        judge = named_model(lm.get("judge_model", "")) if lm["scorer"] == "judge" else ""
        checked = LmParams.from_dict(lm | {"judge_model": judge})
        who = current.who
        run_id = rounds.fork(*fork_of, params, checked, who) if fork_of else rounds.start(params, checked, who)
    except CurationError as error:
        trouble.show(error)
        return
    current.show_run(run_id)
    until = (fork_of[1] if fork_of else 0) + 1 if only_next else 0
    go_on(pipeline, run_id, until)
    st.rerun()


def go_on(pipeline: Pipeline, run_id: int, until: int = 0, redo: bool = False) -> None:
    """Start the job that takes a run on, until a round or to its end; it then is the current selection."""
    params = pipeline.params("select")
    if not isinstance(params, RoundsParams) or params.run != run_id:
        state.say(f"Run {run_id} becomes the current selection once its round is there.")
    step = Step("refine", Advance(run_id, until, redo, state.get().who).as_dict())
    job_panel.start(pipeline, "Refining", [step])
