"""Edits: a record's field corrected by somebody. A decision like any other; the record stays, the export has the new text.

Embeddings, clusters, scores and the map are those of the original text: an edit makes nothing out of date.
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import orjson

from ..base.errors import CurationError
from ..data.editing import Field, edited, fields_of, find_field
from .deciding import check_rows
from .decisions import Decision, in_force
from .found_again import rows_today
from .results import Results
from .workspace import Workspace

Edits = dict[int, dict[str, str]]  # {row: {field: its new text}}


def editable_fields(workspace: Workspace, row: int) -> list[Field]:
    """Return the fields of a record that can be edited, with their original texts. Raises CurationError: no such record."""
    return fields_of(orjson.loads(_raw(workspace, row)), workspace.dataset().fields_of(row))


def edit_record(
    workspace: Workspace, row: int, field: str, text: str, who: str = "", note: str = "", origin: str = ""
) -> Decision:
    """Give a field of a record another text; the last word on a field counts. Return the decision.

    field: of `editable_fields`, or "prompt" or "response" where that is one field. Raises CurationError where there is no
    such record or field, it reads so already, or the record would be left without any text.
    """
    raw, fields = _raw(workspace, row), workspace.dataset().fields_of(row)
    name = find_field(fields_of(orjson.loads(raw), fields), field).name
    standing = edits_in(workspace).get(row, {})
    after = edited(raw, standing | {name: text}, fields)
    if after == edited(raw, standing, fields):
        raise CurationError(f"{name} of record {row} reads so already; nothing was changed.")
    rows = np.array([row], np.int64)
    return workspace.ledger.add_decision(
        Decision(
            action="edit",
            rows=rows,
            fingerprint=check_rows(workspace, rows),
            field=name,
            text=text,
            who=who,
            note=note,
            origin=origin,
        )
    )


def _raw(workspace: Workspace, row: int) -> str:
    return workspace.records().take(np.array([row]), ["raw"])["raw"][0].as_py()


@dataclasses.dataclass(frozen=True)
class Edit:
    """An edit that stands: of which record today, which field, its new text, and the decision that it is."""

    row: int
    field: str
    text: str
    decision: Decision

    def as_facts(self) -> dict[str, str | int]:
        """Return what a manifest says of it: enough to make the edited record of the original."""
        made = self.decision
        about = {"row": self.row, "field": self.field, "text": self.text, "decision": made.id, "who": made.who}
        return about | {"at": made.at} | ({"note": made.note} if made.note else {})


def standing_edits(workspace: Workspace) -> list[Edit]:
    """Return the edits that stand, the last on each field of a record that is in today's data; by row, then as decided."""
    made = [decision for decision in in_force(workspace.ledger.decisions()) if decision.action == "edit"]
    today = workspace.dataset().fingerprint if made else ""
    last: dict[tuple[int, str], Edit] = {}
    for decision in sorted(made, key=lambda d: d.refers or d.id):
        rows = rows_today(workspace, decision.fingerprint, decision.rows, decision.hashes, today)
        for row in [] if rows is None else rows.tolist():
            last[row, decision.field] = Edit(row, decision.field, decision.text, decision)
    return sorted(last.values(), key=lambda edit: (edit.row, edit.decision.id))


def edits_in(workspace: Workspace) -> Edits:
    """Return the new texts that stand today, by record and field."""
    return as_edits(standing_edits(workspace))


def as_edits(made: Iterable[Edit]) -> Edits:
    """Return edits by record and field."""
    found: Edits = {}
    for edit in made:
        found.setdefault(edit.row, {})[edit.field] = edit.text
    return found


def edit_facts(made: Sequence[Edit]) -> dict[str, list]:
    """Return {"edits": …} as a manifest names them, nothing where there are none."""
    return {"edits": [edit.as_facts() for edit in made]} if made else {}


def edits_of(results: Results) -> Edits:
    """Return the new texts that stand today, by record and field."""
    return results.once("edits", lambda: edits_in(results.workspace))


def edits_among(workspace: Workspace, rows: Iterable[int]) -> list[Edit]:
    """Return the edits that stand on records of `rows`."""
    made = standing_edits(workspace)
    wanted = set(rows) if made else set()
    return [edit for edit in made if edit.row in wanted]


def edited_raws(workspace: Workspace, edits: Edits) -> dict[int, str]:
    """Return the JSON, as it is to be exported, of the records that were edited."""
    if not edits:
        return {}
    rows, dataset = np.array(sorted(edits), np.int64), workspace.dataset()
    raws = workspace.records().take(rows, ["raw"])["raw"].to_pylist()
    return {row: edited(raw, edits[row], dataset.fields_of(row)) for row, raw in zip(rows.tolist(), raws, strict=True)}
