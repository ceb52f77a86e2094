"""The card of a pushed selection: where its records come from and their licence, how it was chosen, what that came to.

It is made of the report's own parts, less records, the list of decisions with who made them, and commands to type.
"""

import collections
import dataclasses
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ...base.errors import CurationError
from ...base.text import counted
from ...data.hub.client import endpoint
from ...workspace.deciding import overrides_of
from ...workspace.decisions import decision_states
from ...workspace.results import Results
from ..report import facts as told
from ..report import findings
from ..report.blocks import CODE, NUMBER, TEXT, Block, Paragraph, Picture, Report, Section, Table
from ..report.markdown import as_markdown

_SUFFIXES = {"image/png": "png", "image/svg+xml": "svg"}
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


@dataclasses.dataclass(frozen=True)
class Card:
    """A card, and the picture that it shows. text: of README.md. picture_path: in the repository, "" without a picture."""

    text: str
    picture_path: str = ""
    picture: bytes = b""


def card_of(
    results: Results,
    rows: np.ndarray,
    facts: dict[str, Any],
    licence: str,
    files: Sequence[dict[str, Any]],
    manifest: str,
) -> Card:
    """Return the card of the current selection. rows: its row ids, with repeats. facts: of its manifest.

    licence: as the hub writes it, several with commas between them, "" where nobody said. files: {file, sha256, n_records} of the
    records. manifest: where that is. Raises CurationError where `huggingface_hub` does not take it.
    """
    found = [told.map_of(results, rows), findings.measures(results, rows), findings.sources(results, rows)]
    picture = next((block for section in found for block in section.blocks if isinstance(block, Picture)), None)
    path = f"winnow/{'map' if picture in found[0].blocks else 'chart'}.{_SUFFIXES[picture.media]}" if picture else ""
    dataset, n_all = results.workspace.dataset(), results.n_records()
    shown = (dataclasses.replace(picture, path=path),) if picture else ()
    report = Report(
        f"{dataset.name}, curated",
        f"{len(rows):,} of {counted(n_all, 'record')}, chosen with Winnow: {facts['selection']['title']}.",
        (
            *((Section("All records and those chosen", shown),) if shown else ()),
            _source(results, licence),
            _plain(told.method(results, facts), "How it was chosen", [_budget(results, rows)]),
            _decisions(results, rows, facts),
            _plain(found[1]),
            _files(files, manifest),
        ),
    )
    return Card(
        _checked(_yaml(results, rows, licence, files), as_markdown(report)), path, picture.data if picture else b""
    )


def _plain(section: Section, title: str = "", first: Sequence[Block] = ()) -> Section:
    """Return a section without pictures, and without commands that only who has the workspace can type."""
    kept = [block for block in section.blocks if not isinstance(block, Picture) and not getattr(block, "command", "")]
    return Section(title or section.title, (*first, *kept) if first or kept else (Paragraph("Not measured."),))


def _budget(results: Results, rows: np.ndarray) -> Paragraph:
    budget = getattr(results.params("select"), "budget", "")
    asked = f"The budget was {budget if not budget.isdecimal() else counted(int(budget), 'record')}. " if budget else ""
    share = len(rows) / max(results.n_records(), 1)
    return Paragraph(f"{asked}{counted(len(rows), 'record was', 'records were')} chosen, {share:.1%} of all.")


def _source(results: Results, licence: str) -> Section:
    """Say where the records come from: the data sets at their commits, other files by their hash."""
    dataset, held = results.workspace.dataset(), results.workspace.dataset().as_input()
    blocks: list[Block] = [
        Paragraph(
            f"Licence: {licence}." if licence else "The licence is not known: the data says none. Ask who made it."
        )
    ]
    fetched = {file.sha256 for part in dataset.hub for file in part.files}
    if dataset.hub:
        rows = tuple(
            (part.repo, part.commit, part.config, part.split, part.licence or "not said") for part in dataset.hub
        )
        columns = ("Data set", "Commit", "Config", "Split", "Licence")
        blocks += [Table(columns, rows, TEXT + CODE + 3 * TEXT)]
        blocks += [Paragraph(f"{endpoint()}/datasets/{part.repo}/tree/{part.commit}") for part in dataset.hub]
    files = held.get("files") or [{"file": dataset.file, "sha256": dataset.sha256}]
    own = [(file["file"], file["sha256"]) for file in files if file["sha256"] not in fetched]
    if own:
        blocks.append(Table(("File", "SHA-256"), tuple(own), TEXT + CODE))
    return Section("Where the records come from", tuple(blocks))


def _decisions(results: Results, rows: np.ndarray, facts: dict[str, Any]) -> Section:
    """Count what people decided."""
    made, overrides = results.workspace.ledger.decisions(), overrides_of(results)
    states = decision_states(made, overrides)
    standing = collections.Counter(each.action for each in made if states.get(each.id) == "in force")
    if not standing:
        return Section(
            "Decisions", (Paragraph("No record was pinned or dropped by hand, no cluster weighted or reshaped."),)
        )
    lines = tuple((action, number) for action, number in standing.most_common())
    chosen = np.intersect1d(overrides.pinned, rows)
    text = (
        f"People decided on records and clusters by hand: {counted(len(overrides.pinned), 'record')} pinned, of which "
        f"{len(chosen):,} are here, and {len(overrides.dropped):,} dropped. The manifest names each decision."
    )
    return Section("Decisions", (Paragraph(text), Table(("Decision in force", "How many"), lines, TEXT + NUMBER)))


def _files(files: Sequence[dict[str, Any]], manifest: str) -> Section:
    rows = tuple((f"data/{file['file']}", file["n_records"], file["sha256"]) for file in files)
    text = (
        f"The manifest {manifest} names every record by its place in the source, with all settings and hashes: with the source, "
        "Winnow rebuilds these records from it byte for byte."
    )
    return Section("Files", (Table(("File", "Records", "SHA-256"), rows, TEXT + NUMBER + CODE), Paragraph(text)))


def _yaml(results: Results, rows: np.ndarray, licence: str, files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    dataset = results.workspace.dataset()
    licences = [each.strip() for each in licence.split(",") if each.strip()]
    size = next((name for most, name in _SIZES if len(rows) < most), "n>10M")
    paths = [str(PurePosixPath("data") / file["file"]) for file in files]
    return {
        "license": licences[0] if len(licences) == 1 else licences or None,
        "pretty_name": f"{dataset.name}, curated",
        "size_categories": [size],
        "source_datasets": list(dict.fromkeys(part.repo for part in dataset.hub)) or None,
        "tags": ["winnow", "instruction-tuning"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": paths}]}],
    }


def _checked(values: dict[str, Any], body: str) -> str:
    """Return the whole card, which `huggingface_hub` has read back."""
    from huggingface_hub import DatasetCard, DatasetCardData

    try:
        text = f"---\n{DatasetCardData(**values).to_yaml()}\n---\n\n{body}"
        back = DatasetCard(text).data.to_dict()
    except ValueError as error:
        raise CurationError(f"The card that Winnow made is not one for the hub ({error}).") from error
    wrong = [name for name, value in values.items() if value is not None and back.get(name) != value]
    if wrong or re.match(r"\s*---", body):
        raise CurationError(f"The card that Winnow made would not be read as it is meant ({', '.join(wrong)}).")
    return text
