"""Steps: what a job or a command does, one after the other. Knows how each is run, and nothing of processes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.advance import Advance, advance
from core.choices import StabilityParams, find_choice, rows_of, stability
from core.embedding import Encoder
from core.evidence import MeasureParams, measure
from core.pipeline import STAGES, Pipeline
from core.progress import Progress, part_of
from core.proof import ProveParams
from core.proving import prove
from core.records import RecordParams
from core.rounds import Rounds
from core.seed_writing import SeedParams, write_seeds
from core.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing for a job or the command line to do.

    do: "import" (of `data`), a stage (params: its `as_dict`), or one of OTHERS with its own params.
    """

    do: str
    params: dict[str, Any]
    data: str = ""


@dataclasses.dataclass(frozen=True)
class _Doing:
    """What a step is done with."""

    pipeline: Pipeline
    params: dict[str, Any]
    progress: Progress
    device: str
    encoder: Encoder | None


def _refine(doing: _Doing) -> None:
    advance(Rounds(doing.pipeline), Advance.from_dict(doing.params), doing.progress, doing.device, doing.encoder)


def _seeds(doing: _Doing) -> None:
    params = SeedParams.from_dict(doing.params)
    write_seeds(doing.pipeline.workspace, params, doing.progress, doing.device, doing.encoder)


def _measure(doing: _Doing) -> None:
    """choices: ids of selections to measure; params: of MeasureParams. An empty one does not keep others from it."""
    params = MeasureParams.from_dict(doing.params["params"])
    found = [rows_of(doing.pipeline, find_choice(doing.pipeline, name)) for name in doing.params["choices"]]
    found = [rows for rows in found if len(rows)] or found
    for i, rows in enumerate(found):
        within = part_of(doing.progress, i / len(found), (i + 1) / len(found))
        measure(doing.pipeline, rows, params, within, doing.device)


def _stability(doing: _Doing) -> None:
    stability(doing.pipeline, StabilityParams.from_dict(doing.params), doing.progress, doing.device)


def _prove(doing: _Doing) -> None:
    prove(doing.pipeline, ProveParams.from_dict(doing.params), doing.progress, doing.device)


OTHERS = {
    "refine": _refine,
    "seeds": _seeds,
    "measure": _measure,
    "stability": _stability,
    "prove": _prove,
}


def run_steps(
    workspace: Workspace,
    steps: list[Step],
    report: Callable[[str], Progress],
    device: str = "auto",
    vectors: Path | None = None,
    encoder: Encoder | None = None,
) -> None:
    """Run the steps in order. `report(step)` is asked for each step's Progress. What is up to date is not done again.

    Raises CurationError before anything is made of records that were changed since the import.
    """
    is_checked = False
    for step in steps:
        if step.do != "import" and not is_checked:
            workspace.check_records()
        is_checked = True  # by the check, or by an import, which ends with records that are whole
        pipeline = Pipeline(workspace)
        progress = report(step.do)
        if step.do == "import":
            workspace.import_data(Path(step.data), RecordParams.from_dict(step.params), progress)
        elif step.do in OTHERS:
            OTHERS[step.do](_Doing(pipeline, step.params, progress, device, encoder))
        else:
            params = STAGES[step.do].params.from_dict(step.params)
            pipeline.run(step.do, params, progress, device=device, vectors=vectors, encoder=encoder)
        progress(1, 1)
