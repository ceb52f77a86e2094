"""Stages: what a stage is, one run of it, and what it hands back. Which stages there are is not known here."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.params import Params, digest
from ..base.progress import Progress, no_progress
from .workspace import Result

if TYPE_CHECKING:
    from ..models.encoder import Encoder
    from .results import Results


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a stage: the results it reads from, the key its own gets, and what it was asked.

    encoder: in place of the model that `params` names. vectors: the file of the curator's own embeddings.
    """

    results: "Results"
    key: str
    params: Params
    progress: Progress = no_progress
    device: str = "auto"
    encoder: "Encoder | None" = None
    vectors: Path | None = None


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
