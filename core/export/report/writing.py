"""Writing a report: its sections in their order, and two files, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...base.errors import CurationError
from ...base.files import together
from ...base.params import check_count
from ...base.text import counted
from ...data.targets import Source, check_out
from ...workspace.results import Results
from ..delivery import manifest_facts, selected_rows
from . import facts, findings, people
from .ablation import ablation
from .blocks import Report
from .domains import domains
from .evaluations import evaluations
from .html_page import as_html
from .markdown import as_markdown
from .structure import cluster_quality

_SUFFIXES = (".html", ".md")
_MARK = "<!-- Winnow report -->"


def write_report(results: Results, out: Path, examples: int = 8, seed: int = 0) -> tuple[Path, Path]:
    """Write the report of the current selection as HTML and the same as Markdown beside it; return (.html, .md).

    out: the path of either, in a folder that is there. examples: records shown of those selected, and as many of the others;
    seed: of drawing them. The same selection gives the same bytes. Raises CurationError: nothing is selected or it is out of
    date, or the files can't be written there.
    """
    check_count("examples", examples, 0)
    check_count("seed", seed, 0)
    page, text = _paths(Path(out), results.workspace.sources())
    results.workspace.check_records()
    report = report_of(results, examples, seed)
    try:
        with together() as replace, replace(page) as new_page, replace(text) as new_text:
            new_page.write_text(f"<!doctype html>\n{_MARK}\n{as_html(report)}", encoding="utf-8")
            new_text.write_text(f"{_MARK}\n\n{as_markdown(report)}", encoding="utf-8")
    except OSError as error:
        raise CurationError(
            f"{out} can't be written ({error.strerror}); give a path in a folder you may write to."
        ) from error
    return page, text


def report_of(results: Results, examples: int, seed: int) -> Report:
    """Return the report of the current selection. Raises CurationError: nothing is selected, or it is out of date."""
    rows = selected_rows(results)
    if not len(rows):
        raise CurationError("Nothing is selected: every record is dropped or without weight; clear some decisions.")
    dataset, manifest = results.workspace.dataset(), manifest_facts(results)
    distinct = len(np.unique(rows))
    repeated = f" ({distinct:,} different ones)" if distinct < len(rows) else ""
    return Report(
        title=f"Selection from {dataset.name}",
        lead=f"{len(rows):,} of {counted(dataset.n_records, 'record')}{repeated}, the current selection: "
        f"{manifest['selection']['title']}.",
        sections=(
            facts.data(results),
            facts.method(results, manifest),
            facts.map_of(results, rows),
            facts.clusters(results, rows),
            cluster_quality(results),
            findings.rounds(results),
            findings.measures(results, rows),
            findings.sources(results, rows),
            *domains(results, rows),
            ablation(results),
            evaluations(results),
            people.decisions(results),
            facts.examples(results, rows, examples, seed),
            facts.fingerprints(results, rows, manifest),
        ),
    )


def _paths(out: Path, sources: Sequence[Source]) -> tuple[Path, Path]:
    """Return where the page and the Markdown go. Raises CurationError where they can't, or would replace another's file."""
    if out.suffix not in _SUFFIXES:
        raise CurationError(
            f"{out} ends in {out.suffix or 'nothing'}; a report ends in {' or '.join(_SUFFIXES)}: name it so, and both are written."
        )
    paths = tuple(out.with_suffix(suffix) for suffix in _SUFFIXES)
    for path in paths:
        check_out(path, sources)
        if path.is_dir():
            raise CurationError(f"{path} is a folder; give the report another name.")
        if path != out and path.exists() and not _is_report(path):
            raise CurationError(
                f"{path} is there already and is no report, and {out} would replace it; give the report another name."
            )
    return paths


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return _MARK.encode() in file.read(100)
