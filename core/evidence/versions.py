"""Versions: selections saved under a name, which never change; and files of records chosen elsewhere, found in the pool.

A version keeps its rows with the records' content hashes, so it survives a new import of the data, and the facts of how it came
about, so it can be exported with its manifest at any time.
"""

import dataclasses
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..base import access
from ..base.confinement import check_reading
from ..base.errors import CurationError
from ..base.files import together
from ..base.params import digest, rows_digest
from ..base.text import CONTROLS, counted
from ..data.manifest import export_lines, write_jsonl, write_manifest
from ..data.records import RecordParams, content_hash, load_records
from ..data.targets import check_out
from ..selection.params import REASONS, Selection, VersionParams
from ..selection.stage import publish_selection
from ..workspace.deciding import overrides_of
from ..workspace.decisions import Overrides
from ..workspace.edits import as_edits, edit_facts, edited_raws, edits_among
from ..workspace.matching import match_hashes
from ..workspace.results import Results
from ..workspace.workspace import Workspace

_HASH = 16
_RESERVED = ("#", "round:", "version:")


@dataclasses.dataclass(frozen=True)
class Version:
    """One saved selection. key: of its artifact. params: what made it. n: records. n_unknown: of a file, not in the pool."""

    id: int
    at: str
    who: str
    name: str
    note: str
    key: str
    params: dict[str, Any]
    n: int
    n_unknown: int = 0

    @property
    def method(self) -> str:
        """Return the method that made it; "file" where it came from one."""
        return self.params.get("method", "file")


def versions(workspace: Workspace) -> list[Version]:
    """Return the saved versions, oldest first."""
    return [Version(**row) for row in workspace.ledger.versions()]


def find_version(workspace: Workspace, name: str) -> Version:
    """Return the version of that name. Raises CurationError where there is none."""
    held = {version.name: version for version in versions(workspace)}
    if name not in held:
        raise CurationError(f"There is no version called {name!r}; there are: {', '.join(held) or 'none yet'}.")
    return held[name]


def save_version(results: Results, name: str, facts: dict[str, Any], note: str = "", who: str = "") -> Version:
    """Keep the current selection under a name. facts: of its manifest.

    Raises CurationError: nothing selected or out of date, no name, or a name that is taken.
    """
    table = results.table("select")
    if table is None:
        raise CurationError("There is no selection up to date to save; select again first.")
    return _save(results.workspace, name, note, who, table, results.params("select").as_dict(), facts, 0)


def import_version(workspace: Workspace, path: Path, name: str, note: str = "", who: str = "") -> Version:
    """Keep the records of a data file as a version: those found in the pool by their text. The rest are counted.

    Raises CurationError where the file can't be read, or none of its records is in the pool.
    """
    access.require(access.IMPORT)
    wanted = _read(workspace, check_reading(path))
    rows = match_hashes([content_hash(raw) for raw, _ in wanted], workspace.hashes())
    others = np.flatnonzero(rows < 0)
    # By text only among what was not found by its line: of two records with one text each is taken once.
    free = np.setdiff1d(np.arange(workspace.dataset().n_records), rows)
    by_text = match_hashes([content_hash(wanted[i][1]) for i in others], workspace.hashes("text")[free])
    rows[others] = np.where(by_text >= 0, free[by_text] if len(free) else -1, -1)
    left = np.flatnonzero(rows < 0)  # copies of a record that was found already
    rows[left] = match_hashes([content_hash(wanted[i][1]) for i in left], workspace.hashes("text"))
    found = np.sort(rows[rows >= 0])
    if not len(found):
        raise CurationError(
            f"None of the {counted(len(rows), 'record')} of {Path(path).name} is in this workspace's data; "
            "open a selection from it."
        )
    table = pa.table(
        {
            "row_id": pa.array(found),
            "cluster": pa.array(np.full(len(found), -1, np.int32)),
            "score": pa.array(np.zeros(len(found), np.float32)),
            "reason": pa.array(np.full(len(found), REASONS.index("drawn"), np.int8)),
        }
    )
    facts = {"from": {"file": Path(path).name, "n_records": len(rows), "n_in_the_data": len(found)}}
    return _save(workspace, name, note, who, table, {"method": "file"}, facts, int((rows < 0).sum()))


def _read(workspace: Workspace, path: Path) -> list[tuple[str, str]]:
    """Return (original text, text) of a file's records, read as the workspace's data was, else by the file's own layout."""
    try:
        _, batches = load_records(path, RecordParams.from_dict(workspace.dataset().params))
        read = list(batches)
    except CurationError:
        _, batches = load_records(path, RecordParams())
        read = list(batches)
    columns = [(batch["raw"].to_pylist(), batch["text"].to_pylist()) for batch in read]
    return [pair for raws, texts in columns for pair in zip(raws, texts, strict=True)]


def _save(
    workspace: Workspace,
    name: str,
    note: str,
    who: str,
    table: pa.Table,
    params: dict[str, Any],
    facts: dict[str, Any],
    n_unknown: int,
) -> Version:
    access.require(access.DECIDE)  # before anything is written
    name = name.strip()
    if not name:
        raise CurationError("A version needs a name.")
    if CONTROLS.search(name) or len(name.splitlines()) > 1 or "\t" in name:
        raise CurationError(f"A version can't be called {name!r}; give a name on one line, without control characters.")
    if name == "current" or name.startswith(_RESERVED):
        raise CurationError(
            f"A version can't be called {name!r}: {', '.join(_RESERVED)} and current name other selections."
        )
    rows = table["row_id"].to_numpy()
    workspace.check_records()
    raws = workspace.records().take(rows, ["raw"])["raw"].to_pylist()
    hashes = pa.array([content_hash(raw) for raw in raws], pa.binary(_HASH))
    key = digest("version", rows_digest(rows), name, len(versions(workspace)))
    info = {"fingerprint": workspace.dataset().fingerprint, "facts": facts}
    workspace.save("version", key, info, value=table.append_column("hash", hashes))
    try:
        workspace.ledger.add_version(who, name, note, key, params, len(rows), n_unknown)
    except sqlite3.IntegrityError as error:
        raise CurationError(
            f"There is a version called {name!r} already, and it never changes; take another name."
        ) from error
    return find_version(workspace, name)


def version_table(workspace: Workspace, version: Version) -> pa.Table:
    """Return the version's row_id, cluster, score and reason in today's data; records no longer there are left out."""
    table = workspace.table("version", version.key)
    if workspace.info("version", version.key)["fingerprint"] == workspace.dataset().fingerprint:
        return table.drop_columns(["hash"])
    # A record drawn twice is found twice; of two alike records the second is found only where two are left.
    _, first, inverse = np.unique(table["row_id"].to_numpy(), return_index=True, return_inverse=True)
    hashes = table["hash"].take(pa.array(first)).to_pylist()
    rows = match_hashes(hashes, workspace.hashes(), again=False)[inverse]
    kept = table.set_column(0, "row_id", pa.array(rows)).filter(pa.array(rows >= 0))
    return kept.drop_columns(["hash"])


def version_rows(workspace: Workspace, version: Version) -> np.ndarray:
    """Return the version's row ids in today's data, ascending; one drawn twice comes twice."""
    return np.sort(version_table(workspace, version)["row_id"].to_numpy())


def restore_version(results: Results, version: Version) -> str:
    """Make a version the current selection again and return the selection's key.

    It stands as it was saved: what was decided since is said as a warning and does not change it.
    """
    table = version_table(results.workspace, version)
    rows = table["row_id"].to_numpy()
    reported = []
    if gone := version.n - len(rows):
        reported.append(f"{counted(gone, 'of its records is', 'of its records are')} no longer in the data.")
    reported += since_then(overrides_of(results), rows)
    selection = Selection(
        rows=rows,
        clusters=table["cluster"].to_numpy(),
        scores=table["score"].to_numpy(),
        reasons=table["reason"].to_numpy(),
        requested=version.n,
        shortfall=" ".join(reported),
    )
    return publish_selection(results, VersionParams(version.name, version.key, len(rows)), selection)


def since_then(overrides: Overrides, rows: np.ndarray) -> list[str]:
    """Return what today's decisions would change of a selection that stands as it was, a sentence each."""
    reported = []
    if n := len(np.setdiff1d(overrides.pinned, rows)):
        reported.append(f"{counted(n, 'record')} pinned now {'is' if n == 1 else 'are'} not in it.")
    if n := len(np.intersect1d(overrides.dropped, rows)):
        reported.append(f"{counted(n, 'record')} dropped now {'is' if n == 1 else 'are'} in it.")
    return reported


def export_version(workspace: Workspace, version: Version, out: Path) -> Path:
    """Write a version as JSONL with its manifest beside it, and return the manifest's path."""
    check_out(out, workspace.sources())
    workspace.check_records()
    rows = version_rows(workspace, version)
    made = edits_among(workspace, rows.tolist())
    lines = export_lines(workspace.records(), rows, edited_raws(workspace, as_edits(made)))
    facts = dict(workspace.info("version", version.key)["facts"])
    facts["input"] = workspace.dataset().as_input()
    about = {"name": version.name, "note": version.note, "at": version.at, "who": version.who}
    facts["saved_as"] = about | {"n_saved": version.n, "n_no_longer_in_the_data": version.n - len(rows)}
    with together() as replace:
        sha256 = write_jsonl(lines, Path(out), replace)
        return write_manifest(Path(out), sha256, rows, facts | edit_facts(made), replace)
