"""Picks: sets of records that somebody picked on the map, by a search or in a table, kept so that a link brings them back."""

import dataclasses
import sqlite3

import numpy as np

from ..base import access
from ..base.arrays import ascending
from ..base.errors import CurationError
from ..base.params import digest, rows_digest
from .deciding import check_rows
from .found_again import rows_today
from .ledger import now
from .row_sets import pack_rows, unpack_rows
from .workspace import Workspace

_MOST_UNNAMED = 500
_ID_LETTERS = 12


@dataclasses.dataclass(frozen=True)
class Pick:
    """What was picked. kind, label: how, as on the page. rows: (m,) int64, ascending, in today's data. cluster: or -1.

    name: by which it is kept for good, "" for one that only its link knows. at: when it was last picked.
    """

    id: str
    kind: str
    label: str
    rows: np.ndarray
    cluster: int = -1
    name: str = ""
    who: str = ""
    at: str = ""


def keep_pick(
    workspace: Workspace, kind: str, label: str, rows: np.ndarray, cluster: int = -1, who: str = "", name: str = ""
) -> Pick:
    """Keep a pick and return it. The same picked again is the same; a name that is given names it, or names it anew.

    rows: (m,) row ids, in any order. Raises CurationError for a row out of range, or a name that another pick has.
    """
    rows, name = ascending(rows), name.strip()
    access.require(access.DECIDE if name else access.READ)
    who = access.signed(who)
    fingerprint = check_rows(workspace, rows)
    made = digest(kind, label, int(cluster), rows_digest(rows), fingerprint)[:_ID_LETTERS]
    with workspace.ledger.connect() as db:
        db.execute(
            "PRAGMA synchronous = NORMAL"
        )  # no waiting for the disk: a pick that a power cut takes is picked again
        if name and db.execute("SELECT 1 FROM picks WHERE name = ? AND id != ?", (name, made)).fetchone():
            raise CurationError(f"Another pick is called {name!r}; give this one another name.")
        held = db.execute("SELECT name, who FROM picks WHERE id = ?", (made,)).fetchone()
        if held is not None:
            name, who = name or held["name"], who or held["who"]
        db.execute(
            "INSERT OR REPLACE INTO picks (id, at, who, name, kind, label, row_ids, fingerprint, cluster) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (made, at := now(), who, name, kind, label, pack_rows(rows), fingerprint, int(cluster)),
        )
        db.execute(
            "DELETE FROM picks WHERE name = '' AND number NOT IN "
            "(SELECT number FROM picks WHERE name = '' ORDER BY number DESC LIMIT ?)",
            (_MOST_UNNAMED,),
        )
    return Pick(made, kind, label, rows, int(cluster), name, who, at)


def pick_of(workspace: Workspace, pick_id: str) -> Pick | None:
    """Return a pick with the rows that its records have today; None where there is none, or none of its records."""
    with workspace.ledger.connect() as db:
        row = db.execute("SELECT * FROM picks WHERE id = ?", (pick_id,)).fetchone()
    return None if row is None else _today(workspace, row)


def named_picks(workspace: Workspace) -> list[Pick]:
    """Return the picks that have a name, by their names; one whose records are all gone is not among them."""
    with workspace.ledger.connect() as db:
        rows = db.execute("SELECT * FROM picks WHERE name != '' ORDER BY name").fetchall()
    return [pick for row in rows if (pick := _today(workspace, row)) is not None]


def forget_pick(workspace: Workspace, pick_id: str) -> None:
    """Take a pick off the list; what was decided about its records stays."""
    access.require(access.DELETE)
    with workspace.ledger.connect() as db:
        db.execute("DELETE FROM picks WHERE id = ?", (pick_id,))


def _today(workspace: Workspace, row: sqlite3.Row) -> Pick | None:
    rows = rows_today(workspace, row["fingerprint"], unpack_rows(row["row_ids"]))
    if rows is None or not len(rows):
        return None
    names = ("id", "kind", "label", "cluster", "name", "who", "at")
    return Pick(rows=rows, **{name: row[name] for name in names})
