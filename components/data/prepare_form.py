"""Prepare: from records to clusters and a map, as one job. The defaults need no decision."""

import streamlit as st

from components.frame import job_panel
from components.frame.fields import field
from components.session import people, trouble
from core.base import access
from core.base.confinement import given_to_read
from core.base.device import DEVICES
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.models.encoder import BUNDLED
from core.models.token_encoder import TOKENS
from core.quality.params import QualityParams
from core.run import jobs
from core.run.first_look import REPLACE, replacement_of
from core.run.pipeline import STAGES, Pipeline
from core.run.tasks import Step
from core.selection.balance.stage import proposed_groups
from core.selection.finding.stage import FINDING
from core.vectors.clustering import ClusterParams, suggest_n_clusters
from core.vectors.embedding import EmbedParams
from core.vectors.naming.stage import REGIONS
from core.vectors.projection import ProjectParams

_WHAT = (
    "Winnow makes an embedding of every record, finds clusters of alike ones, scores their quality, lays out the map and "
    "makes the records searchable. What is already done is not done again."
)
_FIRST = (
    "First by averaged token embeddings, thousands of records a second: rougher clusters and a map to begin with. The same "
    "job then embeds by the model, and puts its embeddings, clusters and map in their place all at once. Decisions on records stay."
)
_MANY = 100_000  # records: their embedding takes so long that a first look is what most want
_BUSY = "It is being prepared. The way to the map opens when it is done."
_BUSY_FIRST = "It is being prepared. The way to the map opens with the first look."


def is_ready(pipeline: Pipeline) -> bool:
    """Whether all that it makes is there and up to date."""
    return all(pipeline.current(stage) for stage in ("embed", "cluster", "project", "score"))


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the form; its button starts the job."""
    ready = is_ready(pipeline)
    n = pipeline.workspace.dataset().n_records
    if busy and _show_busy(pipeline, ready):
        return
    with st.form("prepare", border=not ready):
        head, button = (st, st) if ready else st.columns([3, 1], vertical_alignment="center")
        if not ready:
            head.markdown("## Prepare the map")
        head.caption(_WHAT)
        with st.container() if ready else st.expander("Settings"):
            stages, device, vectors = _settings(pipeline, n)
        first = button.toggle("Fast first look", value=n >= _MANY, key="first_look_wanted", help=_FIRST)
        pressed = button.form_submit_button(
            "Prepare the map" if not ready else "Prepare with these settings",
            type="secondary" if ready else "primary",
            icon=":material/play_arrow:",
            **people.off(access.RUN, busy, help="A job is running; it must end first." if busy else None),
            width="content" if ready else "stretch",
        )
    if pressed:
        _start(pipeline, stages, device, vectors, first)


def _show_busy(pipeline: Pipeline, ready: bool) -> bool:
    """Draw how far it is, where it is being prepared; return whether it is."""
    if not job_panel.is_under_way(pipeline, "embed"):
        return False
    with st.container(border=not ready):
        if not ready:
            st.markdown("## Prepare the map")
            st.caption(_BUSY_FIRST if job_panel.is_doing(jobs.last_job(pipeline.workspace), REPLACE) else _BUSY)
        return job_panel.in_place(pipeline, "embed")


def _settings(pipeline: Pipeline, n: int) -> tuple[dict, str, str]:
    embed, cluster = pipeline.params("embed") or EmbedParams(), pipeline.params("cluster") or ClusterParams()
    project, score = pipeline.params("project") or ProjectParams(), pipeline.params("score") or QualityParams()
    left, right = st.columns(2)
    embed = replacement_of(pipeline) or embed
    own = bool(embed.vectors)
    model = field(
        left, embed, "model", value="" if own else embed.model, placeholder="your own embeddings" if own else BUNDLED
    )
    vectors = right.text_input(
        "Or your own embeddings",
        "",
        placeholder="those that are there" if own else "/path/to/embeddings.npy",
        help="A .npy file with one row a record, in the order of the data.",
    ).strip()
    n_clusters = field(
        left,
        cluster,
        "n_clusters",
        value=min(cluster.n_clusters, n),
        max_value=max(n, 1),
        help=f"0 takes the square root of the number of records: {suggest_n_clusters(n):,} here.",
    )
    column = right.text_input(
        "Quality from the field",
        score.column,
        placeholder="heuristic",
        help="A numeric field of the records, higher is better. Empty: length, completeness, repetition, empty talk.",
    )
    seed = field(left, cluster, "seed")
    neighbors = field(right, project, "n_neighbors", max_value=max(200, project.n_neighbors))
    device = left.selectbox("Compute on", DEVICES, help="auto takes the graphics card where there is one.")
    # What the form does not show stays as it was.
    stages = {
        "embed": embed.as_dict() | ({"model": model or BUNDLED, "vectors": ""} if model or not own else {}),
        "cluster": cluster.as_dict() | {"n_clusters": n_clusters, "seed": seed},
        "project": project.as_dict() | {"n_neighbors": neighbors},
        "score": _score_params(score, column.strip()),
    }
    return stages, device, vectors


def _score_params(last: QualityParams, column: str) -> dict:
    """Return the field's params where one is named; else what a model scored stays, and the heuristic is the rest."""
    if column or last.scorer in ("column", "heuristic"):
        return {"column": column}
    return last.as_dict()


def _start(pipeline: Pipeline, stages: dict, device: str, vectors: str, first: bool) -> None:
    try:
        if vectors:
            vectors = str(given_to_read(vectors))
            stages["embed"] = {"model": "", "vectors": file_sha256(vectors)}
        steps = [Step(stage, STAGES[stage].read_params(values).as_dict()) for stage, values in stages.items()]
    except CurationError as error:
        trouble.show(error)
        return
    steps.append(Step("balance", proposed_groups().as_dict()))
    steps += [Step(each.name, (pipeline.params(each.name) or each.params()).as_dict()) for each in (REGIONS, *FINDING)]
    embed = EmbedParams.from_dict(steps[0].params)
    is_there = pipeline.workspace.has("embed", pipeline.key("embed", embed))
    if embed.model not in ("", TOKENS) and (replacement_of(pipeline) or (first and not is_there)):
        steps = [Step("embed", EmbedParams(TOKENS).as_dict()), *steps[1:], Step(REPLACE, embed.as_dict())]
    job_panel.start(pipeline, "Preparing the map", steps, device, vectors)
    st.rerun()
