"""The log of decisions in a ledger's database: appended to, never changed; what a process has read it need not read again."""

import collections
import dataclasses
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import numpy as np

from ..base import access
from .decisions import Decision
from .row_sets import pack_rows

TABLE = """
CREATE TABLE IF NOT EXISTS decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
    row_ids BLOB NOT NULL, hashes BLOB NOT NULL, fingerprint TEXT NOT NULL, cluster INTEGER NOT NULL,
    clustering TEXT NOT NULL, value REAL NOT NULL, note TEXT NOT NULL, refers INTEGER NOT NULL);
"""
# They came with version 4. Rows and hashes of before stay as they were written: eight bytes a row, sixteen a hash.
_ADDED = {
    "rows_as": "TEXT NOT NULL DEFAULT ''",
    "field": "TEXT NOT NULL DEFAULT ''",
    "text": "TEXT NOT NULL DEFAULT ''",
    "numbers": "TEXT NOT NULL DEFAULT '[]'",
    "sign": "TEXT NOT NULL DEFAULT ''",
    "origin": "TEXT NOT NULL DEFAULT ''",
}
_PACKED = "roaring"
_HASH_BYTES = 16
_PLAIN = [f.name for f in dataclasses.fields(Decision) if f.name not in ("id", "rows", "hashes", "numbers")]
_LEDGERS_KNOWN = 8


def add_columns(db: sqlite3.Connection) -> None:
    """Add to the table of an earlier version what it lacks; what is in it stays."""
    have = {row["name"] for row in db.execute("PRAGMA table_info(decisions)")}
    for name, kind in _ADDED.items():
        if name not in have:
            db.execute(f"ALTER TABLE decisions ADD COLUMN {name} {kind}")


def append(db: sqlite3.Connection, decision: Decision, at: str) -> Decision:
    """Append a decision and return it with its id and time. Where people sign in, it is signed by the sub of who acts.

    Raises CurationError where they may not decide.
    """
    access.require(access.DECIDE)
    decision = dataclasses.replace(decision, who=access.signed(decision.who))
    values: dict[str, Any] = {name: getattr(decision, name) for name in _PLAIN} | {"at": at}
    values |= {"row_ids": pack_rows(decision.rows), "rows_as": _PACKED, "hashes": b"".join(decision.hashes)}
    values["numbers"] = json.dumps(decision.numbers)
    names = ", ".join(values)
    marks = ", ".join(":" + name for name in values)
    cursor = db.execute(f"INSERT INTO decisions ({names}) VALUES ({marks})", values)
    return dataclasses.replace(decision, id=cursor.lastrowid, at=at)


def _read(row: sqlite3.Row) -> Decision:
    hashes, rows = row["hashes"], row["row_ids"]
    return Decision(
        **{name: row[name] for name in _PLAIN},
        id=row["id"],
        rows=rows if row["rows_as"] == _PACKED else np.frombuffer(rows, dtype="<i8"),
        hashes=tuple(hashes[i : i + _HASH_BYTES] for i in range(0, len(hashes), _HASH_BYTES)),
        numbers=tuple(json.loads(row["numbers"])),
    )


_known: collections.OrderedDict[tuple, list[Decision]] = collections.OrderedDict()  # by file, the latest asked for last
_knowing = threading.Lock()


def read_all(db: sqlite3.Connection, path: Path) -> list[Decision]:
    """Return every decision in the database at `path`, oldest first. Only what came since this process asked is read."""
    file = path.stat()
    name = (str(path.resolve()), file.st_dev, file.st_ino)
    with _knowing:
        known = _known.get(name, [])
    last = known[-1] if known else None
    news = db.execute("SELECT * FROM decisions WHERE id >= ? ORDER BY id", (last.id if last else 0,)).fetchall()
    if last is not None:
        if news and (news[0]["id"], news[0]["at"], news[0]["who"], news[0]["action"]) == (
            last.id,
            last.at,
            last.who,
            last.action,
        ):
            news = news[1:]
        else:  # another file took its place, such as a backup
            known, news = [], db.execute("SELECT * FROM decisions ORDER BY id").fetchall()
    found = [*known, *map(_read, news)]
    with _knowing:
        _known[name] = found
        _known.move_to_end(name)
        while len(_known) > _LEDGERS_KNOWN:
            _known.popitem(last=False)
    return list(found)
