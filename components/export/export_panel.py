"""Export: what will be written, as a download or to a path, with the manifest that lets anybody check it."""

from pathlib import Path

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.export import checked_line
from components.session import opened, people, state, trouble
from core.base import access
from core.base.confinement import given_to_write
from core.base.errors import CurationError
from core.base.glossary import meaning
from core.data.targets import manifest_path
from core.evidence.current import Current, current_selection
from core.export import delivery
from core.export.report.writing import write_report
from core.run.pipeline import Pipeline, open_results
from core.workspace.sources import source_fault

_PREVIEW = 3
_PREVIEW_CHARS = 1200
_BESIDE = "The computer that Winnow runs on. The manifest is written beside it."


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
    st.markdown(f"## Current selection: {as_markdown(current.title)}")
    info = pipeline.workspace.info("select", pipeline.current("select"))
    for warning in filter(None, [info["shortfall"], *info["warnings"]]):
        trouble.warn(warning)
    if moved := source_fault(pipeline.workspace.dataset()):
        trouble.warn(f"{moved}.")
    if not len(rows):
        return
    _facts(pipeline, rows)
    checked_line.show(pipeline)
    ready = current.is_finished or _ask(current)
    name = f"{pipeline.workspace.dataset().name}-curated.jsonl"
    _downloads(pipeline, name, ready, not current.is_finished)
    _save(pipeline, name, ready, not current.is_finished)


def show_first_lines(pipeline: Pipeline) -> None:
    """Draw how the file begins, where there is something to write."""
    try:
        rows = delivery.selected_rows(pipeline)
    except CurationError:
        return
    if not len(rows):
        return
    st.markdown("## First lines")
    for line in delivery.first_lines(pipeline, rows[:_PREVIEW]):
        text = line.decode().rstrip("\n")
        st.code(text if len(text) <= _PREVIEW_CHARS else text[:_PREVIEW_CHARS] + " …", language=None, wrap_lines=True)


def _facts(pipeline: Pipeline, rows: np.ndarray) -> None:
    n, (names, codes) = pipeline.n_records(), opened.sources(pipeline)
    facts = [
        (
            "Records to write",
            f"{len(rows):,}",
            "As lines of the file; one that was drawn more than once is there as often.",
        ),
        ("Of all records", f"{100 * len(rows) / n:.1f} %", f"The data has {n:,}."),
    ]
    if names:
        touched = len(np.unique(codes[rows][codes[rows] >= 0]))
        facts.append(
            ("Sources", f"{touched:,} of {len(names):,}", f"{meaning('source')} From so many something is taken.")
        )
    if pipeline.current("cluster"):
        touched, held = len(np.unique(opened.labels(pipeline)[rows])), len(opened.cluster_names(pipeline))
        facts.append(("Clusters", f"{touched:,} of {held:,}", f"{meaning('cluster')} From so many something is taken."))
    for column, (label, value, about) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(as_markdown(label), as_markdown(value), help=as_markdown(about))


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
    files = (
        (
            "Download JSONL",
            "Each line is a record's original text, byte for byte but for fields that somebody edited, in the order of the data.",
            name,
            "application/jsonl",
            lambda: _file(pipeline, name, unfinished).read_bytes(),
            {"type": "primary", "icon": ":material/download:", "key": "download"},
        ),
        (
            "Download the manifest",
            meaning("manifest"),
            f"{name}.manifest.json",
            "application/json",
            lambda: manifest_path(_file(pipeline, name, unfinished)).read_bytes(),
            {"icon": ":material/verified:", "key": "download_manifest"},
        ),
        (
            "Download the report",
            "Data, method, map, measures, decisions and some records in one HTML file that needs no network.",
            f"{name}.report.html",
            "text/html",
            lambda: _report(pipeline, name),
            {"icon": ":material/description:", "key": "download_report"},
        ),
    )
    for column, (label, says, file, kind, make, look) in zip(st.columns(3, gap="medium"), files, strict=True):
        column.download_button(
            as_markdown(label),
            access.as_now(make),
            file,
            kind,
            **people.off(access.EXPORT, not ready),
            on_click="ignore",
            width="stretch",
            **look,
        )
        column.caption(as_markdown(says))


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
        left, right = st.columns([5, 1], vertical_alignment="bottom", gap="medium")
        text = left.text_input("Or save to a path on this computer", name, key="save_path", help=_BESIDE)
        if (
            right.form_submit_button(
                "Save", icon=":material/save:", **people.off(access.EXPORT, not ready), width="stretch"
            )
            and text.strip()
        ):
            try:
                out = given_to_write(text)
                manifest = delivery.export_selection(open_results(pipeline.workspace), out, unfinished)
            except CurationError as error:
                trouble.show(error)
            else:
                state.say("Saved.")
                st.success(as_markdown(f"Saved to {out.resolve()}, with {manifest.name} beside it."))
