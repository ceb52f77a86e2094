"""The evaluation files to look for: dropped on the page or by their paths, and what counts as an overlap."""

from pathlib import Path

import streamlit as st

from components.frame import job_panel, uploads
from components.frame.fields import field
from components.session import people, trouble
from core.base import access
from core.base.confinement import given_to_read
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.data.pool import full_paths
from core.data.readers import FORMATS
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.vectors.overlap.evaluations import evaluations_in
from core.vectors.overlap.params import Evaluation, OverlapParams


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the form; it starts the search. busy: whether a job is at work already."""
    last = pipeline.params("decontaminate") or OverlapParams()
    with st.form("overlap", border=False):
        left, right = st.columns(2, gap="large")
        files = left.file_uploader(
            "Drop evaluation files here", accept_multiple_files=True, key="overlap_files", **people.off(access.RUN)
        )
        left.caption(f"Any layout that records may have: {', '.join(FORMATS)}, also compressed.")
        paths = right.text_area(
            "Or their paths on this computer, one a line",
            "\n".join(map(_line, last.evaluations)),
            placeholder="gsm8k test=/data/gsm8k-test.jsonl",
            key="overlap_paths",
            help="The computer that Winnow runs on. A name of yours may stand before the path, as in NAME=PATH; a folder or a "
            "glob names all of its files.",
            height=100,
        )
        words_at, cosine_at, fields_at = st.columns(3, gap="medium")
        asked = {
            "words": field(words_at, last, "words", "overlap_words"),
            "cosine": field(cosine_at, last, "cosine", "overlap_cosine"),
            "fields": field(fields_at, last, "fields", "overlap_fields", placeholder="found by themselves"),
        }
        vectors = ""
        if pipeline.params("embed").vectors:
            asked["model"], vectors = _embedding(last)
        pressed = st.form_submit_button(
            "Look for overlap", type="primary", icon=":material/search:", **people.off(access.RUN, busy)
        )
    if pressed:
        _start(pipeline, [line.strip() for line in paths.splitlines() if line.strip()], files, asked, vectors)


def show_again(pipeline: Pipeline) -> None:
    """Draw the form folded, where there is a result already."""
    if pipeline.current("decontaminate"):
        job = jobs.last_job(pipeline.workspace)
        with st.expander("Look for other files", icon=":material/search:", key="overlap_again"):
            show(pipeline, job is not None and job.is_active)


def _embedding(last: OverlapParams) -> tuple[str, str]:
    """Return (model, path of embeddings): how items are embedded where the records' embeddings came from a file."""
    left, right = st.columns(2, gap="medium")
    more = "The records' embeddings came from a file; the items need the same model, or embeddings of their own."
    model = field(left, last, "model", "overlap_model", label="Model that the embeddings came from", help=more)
    path = right.text_input(
        "Or the items' embeddings",
        placeholder="/data/items.npy",
        key="overlap_vectors",
        help="A .npy file with one row an item, in the order of the files.",
    )
    return model, path.strip()


def _start(pipeline: Pipeline, given: list[str], files: list, asked: dict, vectors: str) -> None:
    try:
        if not given and not files:
            raise CurationError("No evaluation data is named; drop a file, or give its path.")
        given = full_paths(given) + [str(uploads.keep(pipeline, "evaluations", file)) for file in files]
        vectors = str(given_to_read(vectors)) if vectors else ""
        sha256 = file_sha256(Path(vectors)) if vectors else ""
        params = OverlapParams(**asked, vectors=sha256, evaluations=evaluations_in(given))
    except CurationError as error:
        trouble.show(error)
        return
    steps = [Step("decontaminate", params.as_dict())]
    job_panel.start(pipeline, "Looking for overlap", steps, vectors=vectors)
    st.rerun()


def _line(evaluation: Evaluation) -> str:
    """Return what names an evaluation again; a name with a slash it got from its folder, and gets again."""
    return evaluation.path if "/" in evaluation.name else f"{evaluation.name}={evaluation.path}"
