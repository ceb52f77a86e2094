"""What the reader draws: a line for every record of a page, and all of those that are being read. Numbers and texts alone."""

from typing import Any

import numpy as np
import streamlit as st

from components.records.reading import Reading
from components.records.record_view import corrected, turn_view, turns_in
from components.session import opened
from core.base.arrays import is_among
from core.base.text import counted, shorten
from core.evidence.why import why
from core.run.pipeline import Pipeline
from core.selection.finding.find import neighbours_of
from core.selection.finding.meaning import Nearest
from core.selection.stage import last_selection_key
from core.workspace.edits import Edit, edited_raws, edits_among, edits_of

N_SIMILAR = 12
NEAR_DUPLICATE = 0.95  # the cosine from which two records count as near-duplicates, as in the near-duplicate rate
WHY_AT_ONCE = 100_000  # records: of more, one is shown before it is worked out why it is selected
_BEGINNING = 160  # characters of a line
_BEFORE, _AFTER = 1, 2  # records beside the one that is read, sent along so that the next is there at once


def lines(pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray) -> list[dict[str, Any]]:
    """Return a line for each of `rows`. statuses: (n,) int8 of all records."""
    table = opened.records(pipeline).take(rows, ["prompt", "response", "source"])
    quality, chosen = opened.quality(pipeline), opened.selected(pipeline)
    is_chosen = np.zeros(len(rows), bool) if chosen is None else is_among(rows, chosen)
    edited = {edit.row for edit in edits_among(pipeline.workspace, rows.tolist())}
    labels = opened.labels(pipeline)
    names = None if labels is None else opened.cluster_names(pipeline)
    return [
        {
            "row": row,
            "status": int(statuses[row]),
            "chosen": bool(is_chosen[i]),
            "quality": None if quality is None else float(quality[row]),
            "source": record["source"] or "",
            "cluster": "" if names is None else f"cluster {labels[row]}, {shorten(names[labels[row]], 40)}",
            "begins": shorten(record["prompt"] or record["response"], _BEGINNING),
            "edited": row in edited,
        }
        for i, (row, record) in enumerate(zip(rows.tolist(), table.to_pylist(), strict=True))
    ]


def views(pipeline: Pipeline, rows: np.ndarray, statuses: np.ndarray, held: Reading) -> dict[int, dict[str, Any]]:
    """Return {row: all of it} of the record of a page that is read, and of those beside it. rows: those of the page."""
    at = np.flatnonzero(rows == held.at)
    if not len(at):
        return {}
    near = rows[max(0, at[0] - _BEFORE) : at[0] + _AFTER + 1]
    table = opened.records(pipeline).take(near, ["prompt", "response", "raw"])
    dataset = pipeline.workspace.dataset()
    edits = {edit.row: edit for edit in edits_among(pipeline.workspace, near.tolist())}
    raws = edited_raws(pipeline.workspace, {row: edits_of(pipeline)[row] for row in edits})
    found = {}
    for row, record in zip(near.tolist(), table.to_pylist(), strict=True):
        is_original, fields = row in held.original or row not in edits, dataset.fields_of(row)
        turns = turns_in(record if is_original else corrected(record, raws[row], fields), fields)
        found[row] = {
            "why": _why(pipeline, row, held) if row == held.at else None,
            "edited": _edited(edits[row]) if row in edits else "",
            "original": is_original,
            "turns": [turn_view(role, text, held.mode, row in held.whole) for role, text in turns],
            "similar": _similar(pipeline, row, statuses) if row == held.similar else None,
        }
    return found


def _edited(edit: Edit) -> str:
    by = f" by {edit.decision.who}" if edit.decision.who else ""
    note = f": {edit.decision.note}" if edit.decision.note else ""
    return f"{edit.field} corrected{by}{note}"


def _why(pipeline: Pipeline, row: int, held: Reading) -> str | None:
    """Return why a record is selected or not; None where that takes long and the browser has not asked for it yet."""
    stands = (last_selection_key(pipeline), pipeline.current("select"), pipeline.workspace.ledger.last_decision_id())
    asked, held.explains = held.explains, False
    if pipeline.n_records() > WHY_AT_ONCE and not asked and held.explained != (stands, row):
        return None
    held.explained = (stands, row)
    return _known_why(str(pipeline.workspace.folder.resolve()), opened.shown_keys(pipeline), stands, row, pipeline)


@st.cache_data(max_entries=1024, show_spinner=False)
def _known_why(folder: str, shown: str, stands: tuple, row: int, _pipeline: Pipeline) -> str:
    return why(_pipeline, np.array([row], np.int64))[0]


def _similar(pipeline: Pipeline, row: int, statuses: np.ndarray) -> dict[str, Any]:
    found, note = neighbours(pipeline, row)
    rows, cosines = found.rows, found.cosines
    table = opened.records(pipeline).take(rows, ["prompt", "response"])
    items = [
        {
            "row": other,
            "cosine": float(cosine),
            "near": bool(cosine >= NEAR_DUPLICATE),
            "text": shorten(record["prompt"] or record["response"], _BEGINNING),
            "status": int(statuses[other]),
        }
        for other, cosine, record in zip(rows.tolist(), cosines.tolist(), table.to_pylist(), strict=True)
    ]
    near = sum(item["near"] for item in items)
    told = f"{counted(near, 'near-duplicate')} (cosine {NEAR_DUPLICATE:g} or more)" if near else "no near-duplicate"
    return {"items": items, "summary": f"Nearest records by cosine: {told}. {note}".strip()}


def neighbours(pipeline: Pipeline, row: int) -> tuple[Nearest, str]:
    """Return the records nearest to one, and what is to be said of how they were found."""
    keys = (pipeline.current("embed"), pipeline.current("meaning"))
    return _found(str(pipeline.workspace.folder.resolve()), keys, row, pipeline)


@st.cache_data(max_entries=256, show_spinner=False)
def _found(folder: str, keys: tuple[str, str], row: int, _pipeline: Pipeline) -> tuple[Nearest, str]:
    return neighbours_of(_pipeline, row, N_SIMILAR)
