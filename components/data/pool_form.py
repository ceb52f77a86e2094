"""Several files as one pool: opening them by their paths, and what each of them gave."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from components.frame import job_panel, tour
from components.session import people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.text import counted
from core.data.hub.listing import settle
from core.data.pool import Pool, full_paths, on_hub, open_pool
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.run.tasks import import_steps
from core.workspace.free_folder import free_folder
from core.workspace.workspace import Workspace, default_folder

_HELP = (
    "A line for each data set, the first one first: a file, a folder, a glob such as /data/train-*.parquet, or one on a hub, as in "
    "hf://owner/name?split=train. Its name is the source of its records; write NAME=PATH for another name."
)
_SWITCH = "Leave out a record that an earlier source has"


def show() -> None:
    """Draw the way to open several files, a folder or a glob."""
    with st.form("pool", border=False):
        text = st.text_area(
            "Files and folders, one a line",
            placeholder="/data/shards/\nmath=/data/gsm8k.jsonl",
            key="pool_paths",
            help=_HELP,
        )
        leave_out = st.toggle(_SWITCH, key="pool_leave_out", help="By its prompt and response, to the letter.")
        strict = st.toggle("Stop at the first entry that can't be read", key="pool_strict")
        pressed = st.form_submit_button("Open as one pool", **people.off(access.IMPORT))
    if pressed and text.strip():
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        _open(lines, RecordParams("", "fail" if strict else "skip", leave_out))


def _open(given: list[str], params: RecordParams) -> None:
    try:
        access.require(access.IMPORT)
        given = full_paths(given)
        if there := [each for each in given if not on_hub(each)]:
            open_pool(there)  # a wrong path must not leave an empty workspace behind
        with st.spinner("Asking the hub", show_time=False) if on_hub(given) else contextlib.nullcontext():
            given = settle(given)
        workspace = Workspace(folder_for(given), create=True)
    except CurationError as error:
        trouble.show(error)
        return
    tour.begin_if_first()
    state.open_results(workspace.folder)
    _read(Pipeline(workspace), given, params)


def _read(pipeline: Pipeline, given: list[str], params: RecordParams) -> None:
    job_panel.start(pipeline, "Reading the data", import_steps(given, params))
    st.rerun()


def folder_for(given: Sequence[str]) -> Path:
    """Return the folder that holds this very data, or a free one. given: full paths, or names on a hub."""
    pool = Pool((), tuple(given)) if on_hub(given) else open_pool(given)
    path = str(pool.files[0].path.resolve()) if pool.is_one_file else pool.path
    return free_folder(default_folder(given), lambda held: held.path == path)


def show_files(pipeline: Pipeline, busy: bool) -> None:
    """Draw what each of several files gave, and what sources share, with the switch that leaves that out."""
    dataset = pipeline.workspace.dataset()
    if len(dataset.files) < 2:
        return
    st.markdown("## Files")
    shown = {
        "source": [file.source or "of its records" for file in dataset.files],
        "file": [file.file for file in dataset.files],
        "records": [file.n_records for file in dataset.files],
        "in an earlier source": [file.n_duplicates for file in dataset.files],
    }
    st.dataframe(pd.DataFrame(shown), hide_index=True)
    if not dataset.n_duplicates:
        return
    params = RecordParams.from_dict(dataset.params)
    were = counted(dataset.n_duplicates, "record is", "records are")
    left_out = st.toggle(
        _SWITCH,
        params.leave_out_duplicates,
        key=f"leave-out-{dataset.fingerprint}",
        **people.off(
            access.IMPORT,
            busy,
            help="The data is read again, and the map is to be prepared again. What people decided about records stays.",
        ),
    )
    st.caption(f"{were} in an earlier source too{', and left out' if params.leave_out_duplicates else ''}.")
    if left_out != params.leave_out_duplicates:
        again = RecordParams.from_dict(dataset.params | {"leave_out_duplicates": left_out})
        _read(pipeline, list(dataset.given), again)
