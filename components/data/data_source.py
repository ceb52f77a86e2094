"""Opening data: an uploaded file, a path on this computer, or a workspace made before."""

import hashlib
import itertools
from pathlib import Path

import streamlit as st

from components.data import pool_form
from components.frame import job_panel
from components.session import state, trouble
from core.base.errors import CurationError
from core.base.files import file_sha256, replacing
from core.data.readers import COMPRESSIONS, FORMATS, file_format
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.workspace.workspace import Workspace, default_folder, home


def show() -> None:
    """Draw the ways to open data."""
    upload, path, several, before = st.tabs(
        ["Upload a file", "A file on this computer", "Several files or a folder", "Opened before"]
    )
    with upload, st.form("upload", border=False):
        file = st.file_uploader(f"{', '.join(FORMATS)}, each also {', '.join(COMPRESSIONS)}", key="upload_file")
        fields, on_error = _options("upload")
        if st.form_submit_button("Open", type="primary") and file is not None:
            _open(Path(file.name), fields, on_error, file.getbuffer())
    with path, st.form("path", border=False):
        text = st.text_input("Path of a data file", placeholder="/data/instructions.jsonl", key="path_file")
        fields, on_error = _options("path")
        if st.form_submit_button("Open", type="primary") and text.strip():
            _open(Path(text.strip()).expanduser(), fields, on_error)
    with several:
        pool_form.show()
    with before:
        _opened_before()


def _options(key: str) -> tuple[str, str]:
    with st.expander("Settings"):
        fields = st.text_input(
            "Fields",
            placeholder="detected",
            key=f"{key}_fields",
            help="Which field is what, as in prompt=question,response=answer,source=topic or messages=chat.",
        )
        strict = st.toggle(
            "Stop at the first bad record",
            key=f"{key}_strict",
            help="Otherwise bad records are left out and listed with the reason.",
        )
    return fields.strip(), "fail" if strict else "skip"


def _open(data: Path, fields: str, on_error: str, content: memoryview | None = None) -> None:
    try:
        params = RecordParams(fields, on_error)
        file_format(data)
        if content is None and not data.is_file():
            raise CurationError(f"{data} is not a file on this computer; check the path.")
        sha256 = hashlib.sha256(content).hexdigest() if content is not None else file_sha256(data)
        workspace = Workspace(_folder_for(data, sha256, content is not None), create=True)
        if content is not None:
            data = workspace.folder / "uploads" / data.name
            with replacing(data) as temporary:
                temporary.write_bytes(content)
    except CurationError as error:
        trouble.show(error)
        return
    state.open_results(workspace.folder)
    job_panel.start(Pipeline(workspace), "Reading the data", [Step("import", params.as_dict(), data=str(data))])
    st.rerun()


def _folder_for(data: Path, sha256: str, is_upload: bool) -> Path:
    """Return the folder that holds this very data, or a free one: never one with other data in it."""
    base = default_folder(data)
    for folder in itertools.chain([base], (base.with_name(f"{base.name}-{i}") for i in itertools.count(2))):
        if not folder.exists():
            return folder
        try:
            held = Workspace(folder, create=True).last_import()
        except CurationError:  # damaged, or of a later version: left alone, and said where it is opened
            continue
        path = "" if is_upload else str(data.resolve())
        if held is None or any(known.sha256 == sha256 or known.path == path for known in held.sources):
            return folder
    raise AssertionError("unreachable: the numbers do not end")


def _opened_before() -> None:
    folders = sorted(path.parent for path in home().glob("*/dataset.json"))
    if not folders:
        st.caption("Nothing was opened before.")
        return
    names = {folder.name: folder for folder in folders}
    current = state.get().workspace.name
    chosen = st.selectbox("Workspace", list(names), index=list(names).index(current) if current in names else 0)
    st.button("Open", key="open_before", disabled=chosen == current, on_click=lambda: state.open_results(names[chosen]))
