"""Stages and their results in a workspace: what each result is kept by, whether it is current, making it if it is not.

Which stages there are is handed in; none is known here by name. Same key, same result, no work.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ..base import access
from ..base.errors import CurationError, lacking
from ..base.params import Params, digest
from ..base.progress import Progress, no_progress
from ..models.encoder import Encoder
from .artifacts import Result
from .engine import LOCAL, Engine
from .workspace import Workspace

RECORDS = "records"  # no stage: the import, on which all of them rest


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a stage: the results it reads from, the key its own gets, and what it was asked.

    encoder: in place of the model that `params` names. vectors: the file of the curator's own embeddings. engine: where shards
    are made.
    """

    results: "Results"
    key: str
    params: Params
    progress: Progress = no_progress
    device: str = "auto"
    encoder: Encoder | None = None
    vectors: Path | None = None
    engine: Engine = LOCAL


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage. Its result is kept by a key: a hash of its version, its params and the keys that it depends on.

    version: raised when its result changes for the same params. needs: the stages it reads. help: what it does. doing: what is
    said while it runs. leads: whether every curator needs it; the others are for those who ask.
    A stage whose key, needs or params are not so plain is a subclass.
    """

    name: str
    params: type[Params]
    version: int
    needs: tuple[str, ...]
    run: Callable[[Run], Result]
    help: str
    doing: str
    leads: bool = True

    def needs_of(self, params: Params) -> tuple[str, ...]:
        """Return the stages that a run with `params` reads."""
        return self.needs

    def key(self, results: "Results", params: Params) -> str:
        """Return the key of the result for `params`, "" where something it needs is not current."""
        needs = [results.current(need) for need in self.needs_of(params)]
        return self.digest(params, needs) if all(needs) else ""

    def standing(self, results: "Results", key: str) -> str:
        """Return the key of what stands for the result `key`, which is there: its own, or of what people made of it."""
        return key

    def digest(self, params: Params, needs: list[str]) -> str:
        """Return the plain key."""
        return digest(self.name, self.version, params.as_dict(), needs)

    def read_params(self, values: dict[str, Any]) -> Params:
        """Return the params that `as_dict` gave `values` for."""
        return self.params.from_dict(values)

    def shards_of(self, params: Params) -> Params:
        """Return the params under whose key a run keeps its shards."""
        return params

    def remember(self, results: "Results", key: str, params: Params) -> None:
        """Record that `key` is now the stage's result in the workspace."""
        results.workspace.ledger.set_settings(self.name, params.as_dict())


class Results:
    """The stages' results in one workspace, as they stood when each was first asked for.

    What was found is remembered until this object runs or decides something; take a `fresh` one to see what others did.
    """

    def __init__(self, workspace: Workspace, stages: Mapping[str, Stage]) -> None:
        self.workspace = workspace
        self.stages = stages
        self._found: dict[str, Any] = {}

    def fresh(self) -> "Results":
        """Return the results as they stand now."""
        return Results(self.workspace, self.stages)

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """Return what `find` gave when it was first asked under this name."""
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]

    def forget(self) -> Self:
        """Look at everything anew from now on."""
        self._found.clear()
        return self

    # Keys and states

    def params(self, stage: str) -> Params | None:
        """Return the params that the stage last ran with, or None."""
        values = self.once("settings", self.workspace.ledger.settings).get(stage)
        return None if values is None else self.stages[stage].read_params(values)

    def key(self, stage: str, params: Params | None = None) -> str:
        """Return the key of a stage's result for `params`, or for its last; "" where it or what it needs never ran."""
        if stage == RECORDS:
            return self.once(RECORDS, lambda: self.workspace.dataset().fingerprint if self.workspace.has_data else "")
        params = params or self.params(stage)
        return self.stages[stage].key(self, params) if params is not None else ""

    def current(self, stage: str) -> str:
        """Return the key of the stage's result if it is there and up to date, else ""."""
        return self.once(f"current {stage}", lambda: self._current(stage))

    def _current(self, stage: str) -> str:
        key = self.key(stage)
        if stage == RECORDS or not key:
            return key
        return self.stages[stage].standing(self, key) if self.workspace.has(stage, key) else ""

    def state(self, stage: str) -> str:
        """Return "missing" (never ran), "stale" (what it depends on has changed since), or "done"."""
        if stage != RECORDS and self.params(stage) is None:
            return "missing"
        return "done" if self.current(stage) else "stale" if stage != RECORDS else "missing"

    def n_records(self) -> int:
        """Return how many records there are."""
        return self.once("n_records", lambda: self.workspace.dataset().n_records)

    # What is current, None where nothing is

    def array(self, stage: str, suffix: str = ".npy") -> np.ndarray | None:
        """Return an array of the stage's current result, memory-mapped."""
        return self.workspace.array(stage, key, suffix) if (key := self.current(stage)) else None

    def table(self, stage: str) -> pa.Table | None:
        """Return the table of the stage's current result, memory-mapped."""
        return self.workspace.table(stage, key) if (key := self.current(stage)) else None

    def column(self, stage: str, name: str) -> np.ndarray | None:
        """Return a column of that table as an (n,) array."""
        return None if (table := self.table(stage)) is None else table[name].combine_chunks().to_numpy()

    def info(self, stage: str) -> dict[str, Any] | None:
        """Return what the stage wrote down about its current result."""
        return self.workspace.info(stage, key) if (key := self.current(stage)) else None

    def finished(self, stage: str) -> dict[str, Any]:
        """Return the facts of a stage's current result. Raises CurationError where there is none, or no longer."""
        if (info := self.info(stage)) is None:
            raise CurationError(
                f"The result of {stage} is out of date already: somebody decided, or ran a stage it depends on, meanwhile. "
                "Run it again."
            )
        return info

    # Making

    def run(self, stage: str, params: Params, progress: Progress = no_progress, **means: Any) -> str:
        """Bring a stage's result up to date and return its key. Raises CurationError where what it needs is not there.

        means: device, encoder, vectors and engine of `Run`.
        """
        access.require(access.RUN)
        self.workspace.check_writable()
        key = self.make(stage, params, progress, **means)
        self.remember(stage, key, params)
        return key

    def make(self, stage: str, params: Params, progress: Progress = no_progress, **means: Any) -> str:
        """Make a stage's result, if it is not there, without making it the workspace's own; else as `run`."""
        about = self.stages[stage]
        for need in about.needs_of(params):
            if not self.current(need):
                raise lacking(f"{stage} needs the {need} stage, which has not run on this data", need)
        key = self.key(stage, params)

        def timed() -> Result:
            started = time.monotonic()
            info, parts = about.run(Run(self, key, params, progress, **means))
            return {"params": params.as_dict(), "seconds": round(time.monotonic() - started, 3)} | info, parts

        return self.keep(stage, key, timed, shards=self.key(stage, about.shards_of(params)))

    def keep(self, kind: str, key: str, make: Callable[[], Result], shards: str = "") -> str:
        """Let a result be there: under a lock, and unless it is there, it is made and written, once; return its key.

        kind: of a stage or anything else that is kept by its inputs. shards: the key of the shards that it then can do without.
        """
        return self.workspace.keep(kind, key, make, shards)

    def remember(self, stage: str, key: str, params: Params) -> None:
        """Record that `key` is now the stage's result."""
        self.stages[stage].remember(self, key, params)
        self.forget()
