"""Start a run of rounds, or fork one: the budget, the rounds, where feedback comes from. The defaults need nothing."""

import streamlit as st

from components.frame import job_panel
from components.session import offered, state, trouble
from core.base.errors import CurationError
from core.models.judge import named_model
from core.models.lora import PERPLEXITIES, SCORERS, LmParams
from core.refine.advance import Advance
from core.refine.params import DIRECTIONS, FEEDBACKS, INSIDE, SCALES, UPDATES, RefineParams
from core.refine.runs import RefineRun, Rounds
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import RoundsParams

FEEDBACK_TITLES = {"proxy": "Proxy", "lm": "A language model, tuned here", "import": "Scores from elsewhere"}


def show(pipeline: Pipeline, busy: bool, last: RefineRun | None, fork_of: tuple[int, int] | None = None) -> None:
    """Draw the form. last: the run whose settings it starts from. fork_of: (run, round) to go on from, or None."""
    params = last.params if last else RefineParams()
    lm = (last.lm if last else LmParams()).as_dict()
    key = f"fork-{fork_of[0]}-{fork_of[1]}" if fork_of else "new-run"
    left, middle, right = st.columns([2, 2, 3])
    budget = left.text_input(
        "Budget",
        params.budget,
        key=f"{key}-budget",
        help="How many records in all rounds together: a count or a percentage.",
    )
    rounds = middle.number_input(
        "Rounds",
        1,
        max(20, params.rounds),
        params.rounds,
        key=f"{key}-rounds",
        help="The budget is spread over them exactly.",
    )
    feedback = right.selectbox(
        "Feedback from",
        list(FEEDBACKS),
        index=list(FEEDBACKS).index(params.feedback),
        format_func=FEEDBACK_TITLES.get,
        key=f"{key}-feedback",
    )
    st.caption(FEEDBACKS[feedback])
    if feedback == "lm":
        lm = _lm_settings(LmParams.from_dict(lm), key)
    with st.expander("Settings"):
        params = _settings(params, key, offered.probabilities(pipeline))
    params_given = {"budget": budget, "rounds": int(rounds), "feedback": feedback}
    label = f"Fork after round {fork_of[1]:,}" if fork_of else "Start"
    with st.container(horizontal=True, vertical_alignment="center"):
        whole = st.button(
            f"{label} and run all rounds",
            type="primary",
            icon=":material/play_arrow:",
            disabled=busy,
            key=f"{key}-all",
            help="A job is running; it must end first." if busy else None,
        )
        first = st.button(
            f"{label}, one round",
            icon=":material/skip_next:",
            disabled=busy,
            key=f"{key}-one",
            help="Stops after the next round, so that you can look and decide.",
        )
    if whole or first:
        _start(pipeline, params | params_given, lm, fork_of, only_next=first)


def _settings(last: RefineParams, key: str, chances: list[str]) -> dict:
    left, right = st.columns(2)
    update = left.radio(
        "How scores move weights",
        list(UPDATES),
        index=list(UPDATES).index(last.update),
        captions=list(UPDATES.values()),
        key=f"{key}-update",
        help="Multiply is the paper's way with a softmax in place of a plain share, which negative scores would break.",
    )
    scored = right.radio(
        "Each time, score",
        ("all", "round"),
        index=int(last.scored == "round"),
        format_func={"all": "all records taken so far", "round": "this round's records"}.get,
        captions=("the paper", "the released code"),
        key=f"{key}-scored",
    )
    scale = right.radio(
        "Scores enter the softmax",
        list(SCALES),
        index=list(SCALES).index(last.scale),
        captions=list(SCALES.values()),
        key=f"{key}-scale",
        disabled=update == "paper",
    )
    direction = left.radio(
        "Direction",
        list(DIRECTIONS) if update != "paper" else ["harder"],
        index=int(update != "paper" and last.direction == "easier"),
        captions=list(DIRECTIONS.values()),
        key=f"{key}-direction-{update == 'paper'}",
    )
    temperature = right.number_input(
        "Temperature",
        0.0,
        max(100.0, float(last.temperature)),
        last.temperature,
        0.05,
        key=f"{key}-temperature",
        disabled=update == "paper",
        help="How softly scores become factors; smaller moves weights more. 0 takes 2: a cluster two deviations above the mean "
        "gets e times the factor of one at the mean. (Of raw scores 0 takes 1, and 0.25 with the proxy.)",
    )
    floor = right.slider(
        "Floor",
        0.0,
        1.0,
        last.floor,
        0.05,
        key=f"{key}-floor",
        help="No cluster's weight falls below this share of the mean weight, so none dies out.",
    )
    inside = left.selectbox("Inside a cluster", INSIDE, index=INSIDE.index(last.inside), key=f"{key}-inside")
    probability = right.selectbox(
        "In kmq, a record's chance",
        chances,
        index=chances.index(last.probability) if last.probability in chances else 0,
        key=f"{key}-probability",
        help="Proportional to its quality, or to the exponential of it.",
    )
    seed = left.number_input(
        "Seed", 0, max(2**31 - 1, last.seed), last.seed, key=f"{key}-seed", help="The same seed draws the same records."
    )
    return {
        "update": update,
        "scale": scale,
        "direction": direction,
        "scored": scored,
        "temperature": float(temperature),
        "floor": float(floor),
        "inside": inside,
        "probability": probability,
        "seed": int(seed),
    }


def _lm_settings(last: LmParams, key: str) -> dict:
    left, right = st.columns(2)
    model = left.text_input(
        "Language model",
        last.model,
        key=f"{key}-model",
        placeholder="/path/to/model or hub name",
        help="Any causal language model. It is tuned from its base anew each round, with LoRA.",
    )
    scorer = right.selectbox(
        "Compared by",
        SCORERS,
        index=SCORERS.index(last.scorer),
        key=f"{key}-scorer",
        help="Likelihood: how much less likely the true response is to the tuned model than its own answer. Reward: a reward "
        "model. Judge: a language model behind "
        "an OpenAI-compatible endpoint, named by OPENAI_BASE_URL, OPENAI_API_KEY and WINNOW_JUDGE_MODEL.",
    )
    reward, perplexity = "", last.perplexity
    if scorer == "likelihood":
        perplexity = right.selectbox(
            "Likelihood",
            list(PERPLEXITIES),
            index=list(PERPLEXITIES).index(last.perplexity),
            format_func=PERPLEXITIES.get,
            key=f"{key}-perplexity",
        )
    if scorer == "reward":
        reward = right.text_input(
            "Reward model", last.reward_model, key=f"{key}-reward", placeholder="path or hub name"
        )
    values = {}
    with st.expander("Tuning"):
        columns = st.columns(3)
        for i, (name, label) in enumerate(
            (
                ("epochs", "Epochs"),
                ("batch_size", "Records at once"),
                ("accumulation", "Batches a step"),
                ("rank", "LoRA rank"),
                ("max_tokens", "Tokens of a record"),
                ("max_new_tokens", "Tokens of an answer"),
                ("save_steps", "Steps to a checkpoint"),
            )
        ):
            values[name] = int(
                columns[i % 3].number_input(
                    label, 1, max(10**6, getattr(last, name)), getattr(last, name), key=f"{key}-{name}"
                )
            )
        values["most_scored"] = int(
            columns[1].number_input(
                "Scored a cluster, at most", 0, 10**6, last.most_scored, key=f"{key}-most", help="0 scores all."
            )
        )
        values["learning_rate"] = float(
            columns[2].number_input(
                "Learning rate",
                0.0,
                max(1.0, float(last.learning_rate)),
                last.learning_rate,
                format="%.5f",
                key=f"{key}-rate",
            )
        )
    return dict(model=model.strip(), scorer=scorer, reward_model=reward.strip(), perplexity=perplexity, **values)


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
