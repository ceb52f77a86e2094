"""Several files as one pool: opening them by their paths, and what each of them gave."""

from pathlib import Path

import pandas as pd
import streamlit as st

from components.frame import job_panel, tour
from components.session import state, trouble
from core.base.errors import CurationError
from core.base.text import counted
from core.data.pool import Pool, as_text, full_paths, open_pool
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.workspace.free_folder import folder_for
from core.workspace.workspace import Workspace, default_folder

_HELP = (
    "A line for each data set, the first one first: a file, a folder, or a glob such as /data/train-*.parquet. Its name is the "
    "source of its records; write NAME=PATH for another name."
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
        pressed = st.form_submit_button("Open as one pool")
    if pressed and text.strip():
        given = [str(Path(line.strip()).expanduser()) for line in text.splitlines() if line.strip()]
        _open(given, RecordParams("", "fail" if strict else "skip", leave_out))


def _open(given: list[str], params: RecordParams) -> None:
    try:
        given = full_paths(given)
        workspace = Workspace(_folder_for(open_pool(given)), create=True)
    except CurationError as error:
        trouble.show(error)
        return
    tour.begin_if_first()
    state.open_results(workspace.folder)
    _read(Pipeline(workspace), given, params)


def _read(pipeline: Pipeline, given: list[str], params: RecordParams) -> None:
    job_panel.start(pipeline, "Reading the data", [Step("import", params.as_dict(), data=as_text(given))])
    st.rerun()


def _folder_for(pool: Pool) -> Path:
    """Return the folder that holds these very files, or a free one."""
    path = str(pool.files[0].path.resolve()) if pool.is_one_file else pool.path
    return folder_for(default_folder(pool.given), lambda held: held.path == path)


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
        disabled=busy,
        help="The data is read again, and the map is to be prepared again. What people decided about records stays.",
    )
    st.caption(f"{were} in an earlier source too{', and left out' if params.leave_out_duplicates else ''}.")
    if left_out != params.leave_out_duplicates:
        again = RecordParams.from_dict(dataset.params | {"leave_out_duplicates": left_out})
        _read(pipeline, list(dataset.given), again)
