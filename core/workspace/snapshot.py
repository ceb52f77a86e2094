"""A workspace as its ledger stood at one moment, for what reads it many times and must not see others decide in between."""

import contextlib
import copy
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

from . import decision_log
from .decisions import Decision
from .ledger import Ledger, list_selection
from .results import Results


class _Moment(Ledger):
    """A copy in memory of a ledger at one moment, taken in one transaction: whatever is read of it is of that moment.

    The few things that may be written by it are written to the ledger and seen here; any other is refused, since only the copy
    would have it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.__dict__.update(ledger.__dict__)
        self._ledger, self._lock = ledger, threading.RLock()
        self._copy = sqlite3.connect(":memory:", check_same_thread=False)
        self._copy.row_factory = sqlite3.Row
        with ledger.connect() as db:
            db.execute("BEGIN")
            self._decisions = decision_log.read_all(db, ledger.path)
            db.backup(self._copy)
        self._copy.execute("PRAGMA query_only = 1")

    @contextlib.contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Give the copy, to be read."""
        with self._lock, self._copy:
            yield self._copy

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._copy.execute("PRAGMA query_only = 0")
            try:
                with self._copy:
                    yield self._copy
            finally:
                self._copy.execute("PRAGMA query_only = 1")

    def decisions(self) -> list[Decision]:
        """Return every decision there was."""
        return list(self._decisions)

    def set_settings(self, stage: str, params: dict[str, Any]) -> None:
        """Record the params that a stage last ran with."""
        self._ledger.set_settings(stage, params)
        with self._opened():
            super().set_settings(stage, params)

    def follow_selection(self, key: str, params: dict[str, Any], n: int, current: dict[str, Any], after: int) -> int:
        """See `Ledger.follow_selection`; where another was made current meanwhile, the copy too leaves the list as it was."""
        number = self._ledger.follow_selection(key, params, n, current, after)
        if number:
            with self._opened() as db:
                list_selection(db, key, params, n, number)
        return number


def snapshot(results: Results) -> Results:
    """Return the results of a workspace as its ledger stands now, and goes on to stand whatever others decide meanwhile."""
    if isinstance(results.workspace.ledger, _Moment):
        return results
    workspace = copy.copy(results.workspace)
    workspace.ledger = _Moment(results.workspace.ledger)
    return Results(workspace, results.stages)
