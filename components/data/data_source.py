"""Opening data: a file that is dropped on the page, a path on this computer, the sample, or a workspace made before."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from components.charts.escaping import as_markdown
from components.data import hub_form, pool_form
from components.frame import job_panel, tour
from components.session import people, state, trouble
from core.base import access
from core.base.confinement import check_upload, given_to_read
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.data.hub.names import HubName, is_hub_name
from core.data.readers import COMPRESSIONS, FORMATS, file_format
from core.data.records import RecordParams
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import import_steps
from core.workspace.free_folder import free_folder
from core.workspace.uploads import keep_upload
from core.workspace.workspace import Workspace, default_folder, known_workspaces

_READS = f"{', '.join(FORMATS)}; each also compressed, as {', '.join(COMPRESSIONS)}"


def show() -> None:
    """Draw the ways to open data: of one's own, or what was opened before."""
    *own, before = st.tabs([*_WAYS, "Opened before"])
    _show_ways(own)
    with before:
        show_before(known_workspaces())


def show_own() -> None:
    """Draw the ways to open data of one's own."""
    _show_ways(st.tabs(list(_WAYS)))


def _show_ways(tabs: Sequence[Any]) -> None:
    for tab, draw in zip(tabs, _WAYS.values(), strict=True):
        with tab:
            draw()


def show_file() -> None:
    """Draw the ways to open a file: dropped here, or by its path."""
    place = st.container()
    with st.expander("Settings"):
        fields, on_error = _options("open")
    with place:
        key = f"upload-{state.get().n_uploads}"  # a file that was opened is not here again
        file = st.file_uploader("Drop a file here; it is opened at once", key=key, **people.off(access.IMPORT))
        st.caption(_READS)
        if file is not None:
            _open(file.name, fields, on_error, file.getbuffer())
        with (
            st.form("path", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            text = st.text_input(
                "Or the path of a file on this computer",
                placeholder="/data/instructions.jsonl",
                key="path_file",
                help="The computer that Winnow runs on.",
            )
            if st.form_submit_button("Open", **people.off(access.IMPORT)) and text.strip():
                _open(text, fields, on_error)


def show_again(pipeline: Pipeline) -> None:
    """Draw a way to read a file again that could not be read, with the fields named, where that was the last job."""
    job = jobs.last_job(pipeline.workspace)
    if job is None or job.status != "failed" or job.step != "import":
        return
    step = next(step for step in job.arguments["steps"] if step["do"] == "import")
    if not (Path(step["data"]).is_file() or is_hub_name(step["data"])):
        return
    with st.form("again"):
        name = HubName.parse(step["data"]).place if is_hub_name(step["data"]) else Path(step["data"]).name
        st.markdown(f"## {as_markdown(name)} could not be read")
        st.caption(as_markdown(job.error))
        with st.expander("Settings", expanded=True):
            fields, on_error = _options("again", step["params"].get("fields", ""))
        if st.form_submit_button("Read it again", type="primary", **people.off(access.IMPORT)):
            _read(pipeline, step["data"], fields, on_error)


def _options(key: str, known: str = "") -> tuple[str, str]:
    fields = st.text_input(
        "Fields",
        known,
        placeholder="found by themselves",
        key=f"{key}_fields",
        help="Which field of the data is what, as in prompt=question,response=answer,source=topic or messages=chat. Left empty, "
        "Winnow finds them by their names.",
    )
    strict = st.toggle(
        "Stop at the first entry that can't be read",
        key=f"{key}_strict",
        help="Otherwise entries that can't be read are left out and listed with the reason.",
    )
    return fields.strip(), "fail" if strict else "skip"


def _open(text: str, fields: str, on_error: str, content: memoryview | None = None) -> None:
    try:
        access.require(access.IMPORT)
        RecordParams(fields, on_error)
        if content is not None:
            check_upload(len(content))
        data = Path(text) if content is not None else given_to_read(text)
        if content is not None or data.is_file():
            file_format(data)
        if content is None and not data.is_file():
            hub = (
                "; a data set on a hub is opened under On a hub" if str(data).startswith("hf:") else "; check the path"
            )
            raise CurationError(f"{data} is not a file on this computer{hub}.")
        sha256 = hashlib.sha256(content).hexdigest() if content is not None else file_sha256(data)
        workspace = Workspace(_folder_for(data, sha256, content is not None), create=True)
        if content is not None:
            data = keep_upload(workspace, data.name, content, action=access.IMPORT)
    except CurationError as error:
        trouble.show(error)
        return
    tour.begin_if_first()
    state.open_results(workspace.folder)
    _read(Pipeline(workspace), str(data), fields, on_error)


def _read(pipeline: Pipeline, data: str, fields: str, on_error: str) -> None:
    try:
        params = RecordParams(fields, on_error)
    except CurationError as error:
        trouble.show(error)
        return
    job_panel.start(pipeline, "Reading the data", import_steps(data, params))
    st.rerun()


def open_sample() -> None:
    """Open the sample, a callback: its few records are read at once."""
    tour.begin_if_first()
    try:
        folder = _folder_for(state.SAMPLE, file_sha256(state.SAMPLE), False)
        Workspace(folder, create=True).import_data(state.SAMPLE, RecordParams())
    except CurationError as error:
        state.say(error.on_page)
        return
    state.open_results(folder)


def _folder_for(data: Path, sha256: str, is_upload: bool) -> Path:
    """Return the folder that holds this very data, or a free one: never one with other data in it."""
    path = "" if is_upload else str(data.resolve())
    return free_folder(
        default_folder(data),
        lambda held: any(known.sha256 == sha256 or known.path == path for known in held.sources),
    )


_WAYS = {"A file": show_file, "Several files or a folder": pool_form.show, "On a hub": hub_form.show}


def show_before(folders: list[Path]) -> None:
    """Draw a way to open a workspace again."""
    if not folders:
        st.caption("Nothing was opened before.")
        return
    names = {folder.name: folder for folder in folders}
    current = state.get().workspace.name
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Workspace", list(names), index=list(names).index(current) if current in names else 0)
        st.button(
            "Open", key="open_before", disabled=chosen == current, on_click=lambda: state.open_results(names[chosen])
        )
