"""Versions: keep the current selection under a name, bring one back, write one out, bring in a selection made elsewhere."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import decide, people, state, trouble
from core.base import access
from core.base.confinement import given
from core.base.errors import CurationError
from core.base.text import counted
from core.data.targets import manifest_path
from core.evidence.candidates import describe, run_lengths
from core.evidence.current import current_selection, is_current
from core.evidence.versions import Version, export_version, import_version, save_version, versions
from core.export.delivery import manifest_facts
from core.run.pipeline import Pipeline


def show(pipeline: Pipeline) -> None:
    """Draw the panel."""
    left, right = st.columns(2, gap="large")
    with left:
        _save(pipeline)
    with right:
        _import(pipeline)
    held = versions(pipeline.workspace)
    if not held:
        st.caption("No versions yet. A version keeps a selection as it is, whatever is decided afterwards.")
    for version in reversed(held):
        _show(pipeline, version)


def _save(pipeline: Pipeline) -> None:
    with st.form("save_version", border=False):
        st.markdown("## Save the current selection")
        if current := current_selection(pipeline):
            st.caption(f"{as_markdown(current.title)}: {as_markdown(current.size)}")
        name = st.text_input("Name", key="version_name")
        note = st.text_input("Note", key="version_note", placeholder="why, for those who read it later")
        if st.form_submit_button(
            "Save", icon=":material/bookmark_add:", **people.off(access.DECIDE, pipeline.table("select") is None)
        ):
            _try(lambda: save_version(pipeline, name, manifest_facts(pipeline), note, state.get().who))
    if pipeline.table("select") is None:
        st.caption("The selection is out of date; the sidebar says what can be done.")


def _import(pipeline: Pipeline) -> None:
    with st.form("import_version", clear_on_submit=True, border=False):
        st.markdown("## Bring in a selection made elsewhere")
        file = st.file_uploader("A JSONL of records of this data", key="version_file", **people.off(access.IMPORT))
        name = st.text_input("Name", key="version_import_name")
        if (
            st.form_submit_button("Bring in", icon=":material/upload_file:", **people.off(access.IMPORT))
            and file is not None
        ):
            with tempfile.TemporaryDirectory() as folder:
                _try(lambda: _bring_in(pipeline, Path(folder) / Path(file.name).name, file.getvalue(), name))


def _bring_in(pipeline: Pipeline, path: Path, content: bytes, name: str) -> Version:
    path = given(str(path))
    path.write_bytes(content)
    return import_version(pipeline.workspace, path, name or path.stem, who=state.get().who)


def _try(make: Callable[[], Version]) -> None:
    try:
        made = make()
    except CurationError as error:
        trouble.show(error)
        return
    unknown = counted(made.n_unknown, "record of the file is", "records of the file are")
    unknown = f" {unknown} not in this data." if made.n_unknown else ""
    state.say(f"Saved {made.name}: {counted(made.n, 'record')}.{unknown}")
    st.rerun()


def _show(pipeline: Pipeline, version: Version) -> None:
    with st.container(border=True, key=f"version-{version.id}"):
        words, restore, jsonl, manifest = st.columns([10, 3, 3, 3], vertical_alignment="center")
        with words:
            st.text(version.name + (f": {version.note}" if version.note else ""))
            by = f" by {as_markdown(version.who)}" if version.who else ""
            made_by = as_markdown(describe({"method": "file"} | version.params, run_lengths(pipeline)))
            at = as_markdown(version.at[:16].replace("T", " "))
            st.caption(f"{counted(version.n, 'record')}, {made_by}, saved {at}{by}")
        stands = is_current(pipeline, f"version:{version.name}")
        restore.button(
            "Is current" if stands else "Make current",
            key=f"restore-{version.id}",
            icon=":material/settings_backup_restore:",
            width="stretch",
            on_click=decide.use,
            **people.off(
                access.RUN,
                stands,
                help="Make it the current selection. What is current now stays in the list of selections.",
            ),
            args=(f"version:{version.name}",),
        )
        file = f"{version.name}.jsonl".replace("/", "-")
        jsonl.download_button(
            "JSONL",
            access.as_now(lambda: _file(pipeline, version, file).read_bytes()),
            file,
            "application/jsonl",
            icon=":material/download:",
            on_click="ignore",
            key=f"jsonl-{version.id}",
            **people.off(access.EXPORT),
            width="stretch",
        )
        manifest.download_button(
            "Manifest",
            access.as_now(lambda: manifest_path(_file(pipeline, version, file)).read_bytes()),
            f"{file}.manifest.json",
            "application/json",
            icon=":material/verified:",
            on_click="ignore",
            key=f"manifest-{version.id}",
            **people.off(access.EXPORT),
            width="stretch",
        )


def _file(pipeline: Pipeline, version: Version, name: str) -> Path:
    """Write the version's export when its button is pressed."""
    out = pipeline.workspace.folder / "exports" / f"version-{version.id}" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    export_version(pipeline.workspace, version, out)
    return out
