"""What a report says of the evaluation data that the records were checked against."""

from ...base.errors import COMMAND
from ...vectors.overlap.params import WAYS
from ...workspace.results import Results
from ..decontamination import Checked, File, checked
from .blocks import CODE, NUMBER, TEXT, Paragraph, Section, Table

_TITLE = "Evaluations"
_HITS = {"words": "By words", "cosine": "By meaning"}


def evaluations(results: Results) -> Section:
    """Say which evaluation files were looked for in the records, what overlaps, and what of it is still selected."""
    found = checked(results)
    if found is None:
        text = "The records were not checked against evaluation data. Do it, then write the report again:"
        return Section(_TITLE, (Paragraph(text, f"{COMMAND} decontaminate WORKSPACE FILE"),))
    warning = "" if found.is_clean else "Warning: "
    said = Paragraph(f"{warning}{found.said} A record overlaps by {found.params.rule}.")
    files = tuple((file.name, file.file, file.sha256) for file in found.files)
    blocks = [said, Table(("Evaluation", "File", "SHA-256"), files, TEXT + TEXT + CODE, "Files")]
    return Section(_TITLE, (*blocks, _counts(found)) if found.is_up_to_date else tuple(blocks))


def _counts(found: Checked) -> Table:
    ways = [way for way in WAYS if getattr(found.params, way)]
    columns = (
        "Evaluation",
        "Items",
        "Not read",
        *(_HITS[way] for way in ways),
        "Records",
        "Dropped",
        "In the selection",
    )
    rows = tuple(_row(file, ways) for file in found.files)
    return Table(columns, rows, TEXT + NUMBER * (len(columns) - 1), "Records that overlap")


def _row(file: File, ways: list[str]) -> tuple:
    hits = (file.hits[way] for way in ways)
    return file.name, file.n_items, file.n_unread, *hits, file.n_overlapping, file.n_dropped, file.n_in_export
