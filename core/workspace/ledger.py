"""The ledger: `workspace.db`, where several people and processes meet. SQLite in WAL mode; decisions are append-only."""

import contextlib
import datetime
import getpass
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import filelock

from ..base import access
from ..base.errors import CurationError
from ..base.files import replacing
from ..base.refusals import refusal, unwritable
from . import decision_log, read_only
from .decisions import Decision

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (stage TEXT PRIMARY KEY, params TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS selections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, key TEXT NOT NULL, params TEXT NOT NULL, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, params TEXT NOT NULL, lm TEXT NOT NULL,
    inputs TEXT NOT NULL, parent INTEGER NOT NULL, parent_round INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rounds (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, run INTEGER NOT NULL, number INTEGER NOT NULL,
    key TEXT NOT NULL, feedback TEXT NOT NULL DEFAULT '', last_decision INTEGER NOT NULL, taken_back TEXT NOT NULL DEFAULT '');
CREATE UNIQUE INDEX IF NOT EXISTS one_standing_round ON rounds (run, number) WHERE taken_back = '';
CREATE TABLE IF NOT EXISTS versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL UNIQUE, note TEXT NOT NULL,
    key TEXT NOT NULL, params TEXT NOT NULL, n INTEGER NOT NULL, n_unknown INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, arguments TEXT NOT NULL,
    status TEXT NOT NULL, step TEXT NOT NULL DEFAULT '', fraction REAL NOT NULL DEFAULT 0, rate REAL, seconds_left REAL,
    error TEXT NOT NULL DEFAULT '', pid INTEGER, ended TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS one_job_at_a_time ON jobs ((1)) WHERE status IN ('queued', 'running');
CREATE TABLE IF NOT EXISTS picks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL,
    kind TEXT NOT NULL, label TEXT NOT NULL, row_ids BLOB NOT NULL, fingerprint TEXT NOT NULL, cluster INTEGER NOT NULL);
"""
_TABLES = ("settings", "decisions", "selections", "runs", "rounds", "versions", "jobs", "picks")
_WAIT_SECONDS = 30
_VERSION_AT = 60  # bytes into a database, four bytes long


def lost(message: str) -> CurationError:
    """Return the error that says by `message` that a ledger is not there or can't be read, and what can be done."""
    back = "put a backup of that file back"
    return CurationError(
        message,
        command=f"{back}. To start anew without them, move the folder away, or name another with --workspace.",
        page=f"{back}, move the folder away to start anew without them, or open other data",
    )


_VERSION = 4  # raised with every change of the schema, which must leave what is there alone


def now() -> str:
    """Return the present moment in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def user_name() -> str:
    """Return who is at this computer; "" where that has no name, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


_heads: dict[tuple[int, int], int] = {}  # descriptors, one a ledger that this process has looked at
_looking = threading.Lock()


def _head_of(path: Path) -> bytes:
    """Return a database's first bytes, by a descriptor that stays open for good.

    One that is closed would take the locks of all of this process's connections with it, as POSIX has it: another process could
    then take itself for the last one, and remove the journal from under them (sqlite.org/howtocorrupt.html, 2.2).
    """
    with _looking:
        file = path.stat()
        name = (file.st_dev, file.st_ino)
        if name not in _heads:
            _heads[name] = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        return os.pread(_heads[name], _VERSION_AT + 4, 0)


def _version_in(path: Path) -> int:
    """Return the version that a database's first bytes tell, 0 where they are no database's."""
    head = _head_of(path)
    return int.from_bytes(head[_VERSION_AT:], "big") if head.startswith(b"SQLite format 3\0") else 0


def is_empty(path: Path) -> bool:
    """Whether there is no ledger at `path`: no file, an empty one, or one without a table. Nothing is written."""
    if not path.exists() or not path.stat().st_size:
        return True
    if _version_in(path) or read_only.is_read_only(path.parent):
        return False
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as db:
        try:
            return not db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        except sqlite3.DatabaseError:
            return False  # what is wrong with it, opening says


def list_selection(db: sqlite3.Connection, key: str, params: dict[str, Any], n: int, number: int | None = None) -> int:
    """Put a selection on the list of those made, behind the others; return its id. number: which that is, None for the next."""
    values = (number, now(), key, json.dumps(params), n)
    return db.execute("INSERT INTO selections (id, at, key, params, n) VALUES (?, ?, ?, ?, ?)", values).lastrowid


class Ledger:
    """The tables of one workspace. Every call opens its own connection, so threads and processes may share it.

    made: whether this object made the file. One of an earlier version is copied beside it before it is changed. Raises
    CurationError for a file that is no database, or of a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path = self._file = path
        self.made = self._only_read = False
        if read_only.is_read_only(path.parent):
            self._check_version(_version_in(path))
            self._file = read_only.copy_of_ledger(path)
        if (version := self._version()) < _VERSION:
            # SQLite answers "locked" at once where two change the journal mode together.
            with filelock.FileLock(f"{self._file}.lock"):
                self.made = not self._file.exists()
                if (version := self._version()) < _VERSION:
                    self._copy_first(version)
                    self._make()
        self._only_read = self._file != path

    def _version(self) -> int:
        if not self._file.exists():
            return 0  # connecting would make it
        self._check_version(_version_in(self._file))  # first, because SQLite touches the files beside one that it opens
        with self.connect() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
        self._check_version(version)
        return version

    def _check_version(self, version: int) -> None:
        if version > _VERSION:
            raise CurationError(
                f"{self.path} was written by a later version of Winnow (format {version}; this one knows formats to "
                f"{_VERSION}) and is left as it is",
                command="use that version, or a workspace of its own: --workspace.",
                page="use that version, or open other data",
            )

    def _copy_first(self, version: int) -> None:
        """Keep a ledger as the earlier version left it, beside it: `workspace.db.version-3`."""
        if is_empty(self._file) or self._file != self.path:
            return
        with self.connect() as db:
            if not any(name in _TABLES for (name,) in db.execute("SELECT name FROM sqlite_master")):
                return
            held = self.path.with_name(f"{self.path.name}.version-{version}")
            with replacing(held) as temporary, contextlib.closing(sqlite3.connect(temporary)) as copy:
                db.backup(copy)

    def _make(self) -> None:
        with self.connect() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(decision_log.TABLE + _SCHEMA)
            decision_log.add_columns(db)
            db.execute(f"PRAGMA user_version = {_VERSION}")

    @contextlib.contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one transaction: committed at the end, rolled back at an error.

        Raises CurationError where the file is damaged, may not be written, or the disk is full.
        """
        try:
            db = sqlite3.connect(self._file, timeout=_WAIT_SECONDS)
            try:
                db.row_factory = sqlite3.Row
                if self._only_read:
                    db.execute("PRAGMA query_only = 1")
                with db:
                    yield db
            finally:
                db.close()
        except sqlite3.DatabaseError as error:
            raise (self._told(error) or error) from error

    def _told(self, error: sqlite3.Error) -> CurationError | None:
        """Return what SQLite's error means for whoever uses the workspace, None where it is for the caller to know."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            what = "what people decided, selections and versions"
            return lost(f"{self.path} is damaged ({error}), and with it {what}")
        if code == sqlite3.SQLITE_READONLY or (self._only_read and code == sqlite3.SQLITE_CANTOPEN):
            return read_only.refused(self.path.parent)
        if code == sqlite3.SQLITE_BUSY:
            return CurationError(f"{self.path} was held by others for {_WAIT_SECONDS} seconds; try again.")
        if code == sqlite3.SQLITE_IOERR:
            return CurationError(
                f"{self.path} can't be read or written ({error}): make room on its disk, or see whether that is in order; "
                "then try again. What was decided before stays."
            )
        if (number := refusal(error)) and self.path.parent.is_dir():
            return unwritable(self.path, number)
        return None

    def faults(self) -> list[str]:
        """Return what SQLite finds wrong with the whole file, in its words. Raises CurationError where it can't be read."""
        with self.connect() as db:
            return [text for (text,) in db.execute("PRAGMA integrity_check(5)") if text != "ok"]

    def is_blank(self) -> bool:
        """Whether nothing was ever written down here, as in a workspace just made."""
        with self.connect() as db:
            return not any(db.execute(f"SELECT EXISTS (SELECT 1 FROM {name})").fetchone()[0] for name in _TABLES)

    def remove(self) -> None:
        """Remove the file and what SQLite and the lock put beside it."""
        with filelock.FileLock(f"{self.path}.lock"):  # nobody makes it in between
            for end in ("", "-wal", "-shm", ".lock"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return {stage: params} of the stages that have run."""
        with self.connect() as db:
            return {row["stage"]: json.loads(row["params"]) for row in db.execute("SELECT * FROM settings")}

    def set_settings(self, stage: str, params: dict[str, Any]) -> None:
        """Record the params that a stage last ran with."""
        with self.connect() as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (stage, json.dumps(params)))

    def set_several(self, settings: dict[str, dict[str, Any]]) -> None:
        """Record the params of several stages, all of them or none."""
        with self.connect() as db:
            rows = [(stage, json.dumps(params)) for stage, params in settings.items()]
            db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)

    def add_decision(self, decision: Decision) -> Decision:
        """Append a decision and return it with its id and time."""
        with self.connect() as db:
            return decision_log.append(db, decision, now())

    def add_decisions(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Append several decisions, all of them or none, and return them with their ids and their time."""
        with self.connect() as db:
            at = now()
            return [decision_log.append(db, decision, at) for decision in decisions]

    def decide(self, make: Callable[[list[Decision]], Sequence[Decision]]) -> list[Decision]:
        """Append what `make` gives for the decisions there are, with nobody deciding in between; return it as `add_decisions`."""
        with self.connect() as db:
            db.execute("BEGIN IMMEDIATE")
            made, at = make(decision_log.read_all(db, self.path)), now()
            return [decision_log.append(db, decision, at) for decision in made]

    def decisions(self) -> list[Decision]:
        """Return every decision, undone ones and undos too, oldest first."""
        with self.connect() as db:
            return decision_log.read_all(db, self.path)

    def last_decision_id(self) -> int:
        """Return the id of the newest decision, 0 where there is none."""
        with self.connect() as db:
            return db.execute("SELECT COALESCE(MAX(id), 0) FROM decisions").fetchone()[0]

    def add_selection(self, key: str, params: dict[str, Any], n: int) -> None:
        """Record that the selection artifact `key` is now the current one."""
        with self.connect() as db:
            list_selection(db, key, params, n)

    def follow_selection(self, key: str, params: dict[str, Any], n: int, current: dict[str, Any], after: int) -> int:
        """Record what the current selection has become; return its id, 0 where another was made current meanwhile: that stands.

        current: the settings of the current one, after: the id of the newest on the list, both as the caller knows them.
        """
        with self.connect() as db:
            db.execute("BEGIN IMMEDIATE")
            held = db.execute("SELECT params FROM settings WHERE stage = 'select'").fetchone()
            newest = db.execute("SELECT COALESCE(MAX(id), 0) FROM selections").fetchone()[0]
            if held is None or json.loads(held["params"]) != current or newest != after:
                return 0
            return list_selection(db, key, params, n)

    def selections(self) -> list[dict[str, Any]]:
        """Return the selections made so far, oldest first: id, at, key, params, n."""
        with self.connect() as db:
            rows = db.execute("SELECT * FROM selections ORDER BY id").fetchall()
        return [dict(row) | {"params": json.loads(row["params"])} for row in rows]

    def add_version(
        self, who: str, name: str, note: str, key: str, params: dict[str, Any], n: int, n_unknown: int
    ) -> None:
        """Record a saved selection. A name that is taken is an IntegrityError."""
        access.require(access.DECIDE)
        with self.connect() as db:
            db.execute(
                "INSERT INTO versions (at, who, name, note, key, params, n, n_unknown) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (now(), access.signed(who), name, note, key, json.dumps(params), n, n_unknown),
            )

    def versions(self) -> list[dict[str, Any]]:
        """Return every saved selection, oldest first."""
        with self.connect() as db:
            rows = db.execute("SELECT * FROM versions ORDER BY id").fetchall()
        return [dict(row) | {"params": json.loads(row["params"])} for row in rows]

    def add_run(
        self,
        who: str,
        params: dict[str, Any],
        lm: dict[str, Any],
        inputs: dict[str, str],
        parent: int,
        parent_round: int,
    ) -> int:
        """Record a new run of rounds and return its id."""
        access.require(access.RUN)
        who = access.signed(who)
        with self.connect() as db:
            values = (now(), who, json.dumps(params), json.dumps(lm), json.dumps(inputs), parent, parent_round)
            return db.execute(
                "INSERT INTO runs (at, who, params, lm, inputs, parent, parent_round) VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid

    def runs(self) -> list[dict[str, Any]]:
        """Return every run of rounds, oldest first."""
        with self.connect() as db:
            rows = db.execute("SELECT * FROM runs ORDER BY id").fetchall()
        return [dict(row) | {name: json.loads(row[name]) for name in ("params", "lm", "inputs")} for row in rows]

    def add_round(self, run: int, number: int, key: str, who: str, last_decision: int, feedback: str = "") -> None:
        """Record that round `number` of a run was selected. Two that stand can't be; the second is an IntegrityError."""
        access.require(access.RUN)
        who = access.signed(who)
        with self.connect() as db:
            db.execute(
                "INSERT INTO rounds (at, who, run, number, key, last_decision, feedback) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now(), who, run, number, key, last_decision, feedback),
            )

    def set_feedback(self, round_id: int, key: str) -> None:
        """Record the feedback on a round."""
        access.require(access.RUN)
        with self.connect() as db:
            db.execute("UPDATE rounds SET feedback = ? WHERE id = ?", (key, round_id))

    def take_back_rounds(self, run: int, number: int, who: str) -> int:
        """Mark the rounds from `number` on as taken back; they stay on record. Return how many."""
        access.require(access.DECIDE)
        who = access.signed(who)
        with self.connect() as db:
            return db.execute(
                "UPDATE rounds SET taken_back = ? WHERE run = ? AND number >= ? AND taken_back = ''",
                (f"{who} {now()}".strip(), run, number),
            ).rowcount

    def rounds(self, run: int) -> list[dict[str, Any]]:
        """Return every round of a run in the order they were made, those taken back too."""
        with self.connect() as db:
            return [dict(row) for row in db.execute("SELECT * FROM rounds WHERE run = ? ORDER BY id", (run,))]
