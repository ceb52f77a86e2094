"""Export: what will be written, as a download or to a path, with the manifest that lets anybody check it."""

from pathlib import Path

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import state, trouble
from core.base.errors import CurationError
from core.data.targets import manifest_path
from core.evidence.current import Current, current_selection
from core.export import delivery
from core.export.report.writing import write_report
from core.run.pipeline import Pipeline, open_results

_PREVIEW = 3
_PREVIEW_CHARS = 1200


def show(pipeline: Pipeline) -> None:
    """Draw the panel."""
    try:
        rows = delivery.selected_rows(pipeline)
    except CurationError:
        title = as_markdown(current_selection(pipeline).title)
        st.warning(
            f"The current selection, {title}, is out of date: decisions or clusters changed since. The sidebar says what "
            "can be done; then export.",
            icon=":material/update:",
        )
        return
    current = current_selection(pipeline)
    st.markdown(f"##### Current selection: {as_markdown(current.title)}")
    info = pipeline.workspace.info("select", pipeline.current("select"))
    for warning in filter(None, [info["shortfall"], *info["warnings"]]):
        trouble.warn(warning)
    if not len(rows):
        return
    ready = current.is_finished or _ask(current)
    dataset = pipeline.workspace.dataset()
    name = f"{dataset.name}-curated.jsonl"
    left, right = st.columns(2, gap="large")
    with left:
        st.metric(
            "Records to write",
            f"{len(rows):,}",
            help="Each line is the record's original text, byte for byte but for the fields that somebody edited, in the order "
            "of the data.",
        )
        _downloads(pipeline, name, ready, not current.is_finished)
    with right:
        _save(pipeline, name, ready, not current.is_finished)
    st.markdown("##### First lines")
    for line in delivery.first_lines(pipeline, rows[:_PREVIEW]):
        text = line.decode().rstrip("\n")
        st.code(text if len(text) <= _PREVIEW_CHARS else text[:_PREVIEW_CHARS] + " …", language="json", wrap_lines=True)


def _ask(current: Current) -> bool:
    """Ask before a run is exported whose rounds are not all selected; return whether it is meant so."""
    with st.container(border=True):
        st.markdown(
            f":orange[:material/hourglass_top:] Not all of its rounds are selected: {as_markdown(current.size)}."
        )
        st.caption("Go on with its rounds on Refine, make another selection current there or on Compare, or:")
        # Keyed by what is asked: yes to one round is not yes to another.
        reported = as_markdown(f"Export {current.title}: {current.size}")
        return st.checkbox(reported, key=f"unfinished-{current.id}-{current.n}")


def _downloads(pipeline: Pipeline, name: str, ready: bool, unfinished: bool) -> None:
    # Callables: the files are made when the button is pressed, not at every rerun.
    st.download_button(
        "Download JSONL",
        lambda: _file(pipeline, name, unfinished).read_bytes(),
        name,
        "application/jsonl",
        type="primary",
        disabled=not ready,
        icon=":material/download:",
        on_click="ignore",
        key="download",
    )
    st.download_button(
        "Download the manifest",
        lambda: manifest_path(_file(pipeline, name, unfinished)).read_bytes(),
        f"{name}.manifest.json",
        "application/json",
        disabled=not ready,
        icon=":material/verified:",
        on_click="ignore",
        key="download_manifest",
    )
    st.download_button(
        "Download the report",
        lambda: _report(pipeline, name),
        f"{name}.report.html",
        "text/html",
        disabled=not ready,
        icon=":material/description:",
        on_click="ignore",
        key="download_report",
        help="Data, method, map, measures, decisions and examples in one HTML file that needs no network.",
    )


def _report(pipeline: Pipeline, name: str) -> bytes:
    out = pipeline.workspace.folder / "exports" / f"{name}.report.html"
    out.parent.mkdir(exist_ok=True)
    return write_report(open_results(pipeline.workspace), out)[0].read_bytes()


def _file(pipeline: Pipeline, name: str, unfinished: bool) -> Path:
    """Write the export as it is now, not as it was when the page was drawn."""
    out = pipeline.workspace.folder / "exports" / name
    out.parent.mkdir(exist_ok=True)
    delivery.export_selection(open_results(pipeline.workspace), out, unfinished)
    return out


def _save(pipeline: Pipeline, name: str, ready: bool, unfinished: bool) -> None:
    with st.form("save", border=False):
        text = st.text_input("Or save to a path on this computer", name, key="save_path")
        if st.form_submit_button("Save", icon=":material/save:", disabled=not ready) and text.strip():
            try:
                out = Path(text.strip()).expanduser()
                manifest = delivery.export_selection(open_results(pipeline.workspace), out, unfinished)
            except CurationError as error:
                trouble.show(error)
            else:
                state.say("Saved.")
                st.success(as_markdown(f"Saved to {out.resolve()}, with {manifest.name} beside it."))
