"""A workspace as its ledger stood at one moment, for what reads it many times and must not see others decide in between."""

import copy
from typing import Any

from .decisions import Decision
from .ledger import Ledger
from .results import Results


class _Moment(Ledger):
    """A ledger whose decisions are those of one moment; what is written by it is written to the ledger and seen here."""

    def __init__(self, ledger: Ledger) -> None:
        self.__dict__.update(ledger.__dict__)  # the same file, opened in the same way
        self._decisions = ledger.decisions()
        self._settings = ledger.settings()
        self._selections = ledger.selections()

    def decisions(self) -> list[Decision]:
        """Return every decision there was."""
        return list(self._decisions)

    def last_decision_id(self) -> int:
        """Return the id of the newest decision there was, 0 where there was none."""
        return self._decisions[-1].id if self._decisions else 0

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return {stage: params} of the stages that had run."""
        return dict(self._settings)

    def set_settings(self, stage: str, params: dict[str, Any]) -> None:
        """Record the params that a stage last ran with."""
        super().set_settings(stage, params)
        self._settings[stage] = params

    def selections(self) -> list[dict[str, Any]]:
        """Return the selections there were, and those made by this."""
        return list(self._selections)

    def add_selection(self, key: str, params: dict[str, Any], n: int) -> None:
        """Record that the selection artifact `key` is now the current one."""
        super().add_selection(key, params, n)
        self._selections = super().selections()


def snapshot(results: Results) -> Results:
    """Return the results of a workspace as its ledger stands now, and goes on to stand whatever others decide meanwhile."""
    if isinstance(results.workspace.ledger, _Moment):
        return results
    workspace = copy.copy(results.workspace)
    workspace.ledger = _Moment(results.workspace.ledger)
    return Results(workspace, results.stages)
