"""Score quality another way: a model, a judge, or several scores together. Each kind is kept beside the others."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.frame.fields import field
from components.session import people, trouble
from core.base import access
from core.base.errors import CurationError
from core.models.judge import named_model
from core.quality.params import QualityParams
from core.quality.scorer import SCORERS
from core.quality.scorers.judge import judge_estimate
from core.quality.stage import scores_made
from core.run.pipeline import Pipeline
from core.run.tasks import Step


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the form; its button starts the job."""
    last = pipeline.params("score") or QualityParams()
    made = scores_made(pipeline.workspace.ledger.settings())
    scorers = [scorer for scorer in SCORERS if scorer != "combine" or len(made) > 1]
    scorer = st.selectbox(
        "Quality from",
        scorers,
        index=scorers.index(last.scorer),
        format_func=lambda name: SCORERS[name].title,
        key="scorer",
    )
    st.caption(SCORERS[scorer].help)
    values: dict = {"scorer": scorer}
    if scorer == "column":
        values["column"] = st.text_input(
            "Field", last.column, key="score_column", help="Numeric, higher is better."
        ).strip()
    elif "model" in SCORERS[scorer].needs:
        known = last.model if last.scorer == scorer else ""
        values["model"] = st.text_input("Model", known, key=f"model_{scorer}", placeholder="path or hub name").strip()
    elif scorer == "judge":
        values |= _judge(pipeline, last)
    elif scorer == "combine":
        values["parts"] = _parts(made)
        values["combine_by"] = field(st, last, "combine_by", key="combine_by", wide=True)
    is_scoring = busy and job_panel.in_place(pipeline, "score")
    if not is_scoring and st.button(
        "Score the records", icon=":material/grade:", **people.off(access.RUN, busy), key="score_records"
    ):
        try:
            params = QualityParams.from_dict(values)
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(pipeline, "Scoring quality", [Step("score", params.as_dict())])
        st.rerun()
    if len(made) > 1:
        names = as_markdown(", ".join(sorted(made)))
        st.caption(f"In use: {SCORERS[last.scorer].title.lower()}. Scored so far: {names}; these are kept.")


def _judge(pipeline: Pipeline, last: QualityParams) -> dict:
    left, right = st.columns(2)
    criterion = field(left, last, "criterion", key="criterion")
    words = {"fail": "stops the scoring", "lowest": "gets the lowest score given"}
    missing = field(right, last, "missing", key="missing", value="fail", words=words)
    model = st.text_input(
        "Model at the endpoint",
        last.model if last.scorer == "judge" else "",
        key="judge_model",
        placeholder="$WINNOW_JUDGE_MODEL",
        help="The endpoint comes from OPENAI_BASE_URL and OPENAI_API_KEY, as set where the app was started.",
    ).strip()
    params = QualityParams(scorer="judge", criterion=criterion, model=model)
    for line in _estimate(str(pipeline.workspace.folder), pipeline.key("records"), criterion, pipeline, params):
        st.caption(as_markdown(line))
    return {"criterion": criterion, "missing": missing, "model": named_model(model)}


@st.cache_data(max_entries=8, show_spinner="Counting tokens")
def _estimate(folder: str, key: str, criterion: str, _pipeline: Pipeline, _params: QualityParams) -> list[str]:
    return judge_estimate(_pipeline.workspace.records(), _params)


def _parts(made: dict[str, QualityParams]) -> tuple:
    parts = []
    columns = st.columns(3)
    names = [name for name in sorted(made) if name != "combine"]
    for i, name in enumerate(names):
        weight = columns[i % 3].number_input(f"Weight of {as_markdown(name)}", 0.0, 100.0, 1.0, 0.5, key=f"part-{name}")
        if weight:
            parts.append((weight, made[name].as_dict()))
    return tuple(parts)
