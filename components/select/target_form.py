"""The form that gives a target its examples: files dropped or by their paths, and records of the data."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from components.frame import job_panel, uploads
from components.frame.fields import field
from components.session import opened, people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.data.pool import full_paths
from core.data.readers import FORMATS
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.target.examples import picked
from core.selection.target.params import MOST, TargetParams
from core.selection.target.stage import NAME
from core.vectors.overlap.evaluations import evaluations_in
from core.vectors.overlap.params import Evaluation
from core.workspace.deciding import overrides_of

_RECORDS = {"none": "none", "map": "what is picked on the map", "pinned": "what is pinned", "before": "those of before"}


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw it; it starts the job. busy: whether one is at work already."""
    last = pipeline.params(NAME) or TargetParams()
    rows = _rows_by_choice(pipeline, last)
    with st.form("target", border=False):
        files = st.file_uploader(
            "Drop files of examples here", accept_multiple_files=True, key="target_files", **people.off(access.RUN)
        )
        st.caption(f"Any layout that records may have: {', '.join(FORMATS)}, also compressed.")
        paths = st.text_area(
            "Or their paths on this computer, one a line",
            "\n".join(map(_line, last.files)),
            placeholder="gsm8k=/data/gsm8k-train.jsonl",
            key="target_paths",
            help="A label may stand before the path, as in NAME=PATH. What lies on a hub is named on the command line: "
            "target WORKSPACE hf://owner/name --split train.",
            height=80,
        )
        which = st.selectbox(
            "Records of this data as examples",
            list(rows),
            index=list(rows).index("before") if "before" in rows else 0,
            format_func=lambda name: _RECORDS[name] + (f" ({len(rows[name]):,})" if len(rows[name]) else ""),
            key="target_records",
            help="Draw a line around points on the Map page, or search there, and come back; or pin records.",
        )
        asked = _options(pipeline, last)
        pressed = st.form_submit_button(
            "Set the examples", type="primary", icon=":material/star:", **people.off(access.RUN, busy)
        )
    if pressed:
        _start(pipeline, [line.strip() for line in paths.splitlines() if line.strip()], files, rows[which], asked)


def _options(pipeline: Pipeline, last: TargetParams) -> dict[str, Any]:
    left, right = st.columns(2)
    asked = {
        "label": field(left, last, "label", "target_label", placeholder="the file's name"),
        "draw": field(right, last, "draw", "target_draw", label=f"Draw, of more than {MOST}"),
    }
    with st.expander("More", icon=":material/tune:", key="target_more"):
        left, right = st.columns(2)
        asked["fields"] = field(left, last, "fields", "target_fields", placeholder="found by themselves")
        asked["words"] = field(right, last, "words", "target_words")
        asked["model"] = field(left, last, "model", "target_model", placeholder="none: by the embeddings")
        if pipeline.params("embed").vectors:
            asked["encoder"] = field(right, last, "encoder", "target_encoder")
    return asked


def _rows_by_choice(pipeline: Pipeline, last: TargetParams) -> dict[str, Sequence[int]]:
    """Return the records that each choice stands for; a choice of none is not offered."""
    focus = state.get().focus
    known = focus is not None and focus.made_on in ("", opened.shown_keys(pipeline))
    found = {
        "map": focus.rows.tolist() if known else [],
        "pinned": overrides_of(pipeline).pinned.tolist(),
        "before": list(last.rows) if pipeline.current(NAME) else [],
    }
    return {"none": []} | {name: rows for name, rows in found.items() if len(rows)}


def _start(pipeline: Pipeline, given: list[str], files: list, rows: Sequence[int], asked: dict[str, Any]) -> None:
    try:
        if not given and not files and not rows:
            raise CurationError("No example is named; drop a file, give its path, or pick records.")
        given = full_paths(given) + [str(uploads.keep(pipeline, "examples", each)) for each in files]
        evaluations = evaluations_in(given) if given else ()
        held = picked(opened.records(pipeline), rows) if rows else {}
        params = TargetParams(files=evaluations, **held, **asked)
    except CurationError as error:
        trouble.show(error)
        return
    job_panel.start(pipeline, "Reading the examples", [Step(NAME, params.as_dict())])
    st.rerun()


def _line(file: Evaluation) -> str:
    """Return what names a file again."""
    return file.path if "/" in file.name else f"{file.name}={file.path}"
