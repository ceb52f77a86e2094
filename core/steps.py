"""Steps: what a job or a command does, one after the other. Knows how each is run, and nothing of processes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.advance import Advance, advance
from core.embedding import Encoder
from core.pipeline import STAGES, Pipeline
from core.progress import Progress
from core.records import RecordParams
from core.rounds import Rounds
from core.seed_writing import SeedParams, write_seeds
from core.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing for a job or the command line to do.

    do: "import" (of `data`), "refine" (rounds of a run, params: `Advance.as_dict`), "seeds" (`SeedParams.as_dict`), or a stage
    (params: its `as_dict`).
    """

    do: str
    params: dict[str, Any]
    data: str = ""


def run_steps(
    workspace: Workspace,
    steps: list[Step],
    report: Callable[[str], Progress],
    device: str = "auto",
    vectors: Path | None = None,
    encoder: Encoder | None = None,
) -> None:
    """Run the steps in order. `report(step)` is asked for each step's Progress. What is up to date is not done again."""
    for step in steps:
        pipeline = Pipeline(workspace)
        progress = report(step.do)
        if step.do == "import":
            workspace.import_data(Path(step.data), RecordParams.from_dict(step.params), progress)
        elif step.do == "refine":
            advance(Rounds(pipeline), Advance.from_dict(step.params), progress, device, encoder)
        elif step.do == "seeds":
            write_seeds(workspace, SeedParams.from_dict(step.params), progress, device, encoder)
        else:
            params = STAGES[step.do].params.from_dict(step.params)
            pipeline.run(step.do, params, progress, device=device, vectors=vectors, encoder=encoder)
        progress(1, 1)
