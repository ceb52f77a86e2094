"""Tasks: what a job or a command does, one after the other: an import, a stage, or one of TASKS. Knows nothing of processes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.errors import CurationError
from ..base.progress import Progress, part_of
from ..base.registry import Registry
from ..daar.seed_writing import SeedParams, write_seeds
from ..data.pool import Data, as_given, as_text, on_hub
from ..data.records import RecordParams
from ..evidence.ablation.params import AblationParams
from ..evidence.ablation.run import ablate
from ..evidence.candidates import find_choice, rows_of
from ..evidence.embedders import EmbedderParams, compare_embedders
from ..evidence.ground import MeasureParams
from ..evidence.measuring import measure
from ..evidence.stability import StabilityParams, stability
from ..export.hub.params import PushParams
from ..export.hub.push import push
from ..models.encoder import Encoder
from ..refine.advance import Advance, advance
from ..refine.runs import Rounds
from ..selection.params import SelectionParams
from ..vectors.embedding import EmbedParams
from ..workspace.engine import LOCAL, Engine
from ..workspace.workspace import Workspace
from .first_look import REPLACE, replace
from .pipeline import STAGES, Pipeline


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing for a job or the command line to do.

    do: "import" (of `data`, as `pool.as_text` writes it), "fetch" (what of it lies on a hub), a stage (params: its `as_dict`), or
    one of TASKS with its own params.
    """

    do: str
    params: dict[str, Any]
    data: str = ""


@dataclasses.dataclass(frozen=True)
class _With:
    """What a task is done with."""

    pipeline: Pipeline
    params: dict[str, Any]
    progress: Progress
    device: str
    encoder: Encoder | None
    vectors: Path | None = None
    engine: Engine = LOCAL


@dataclasses.dataclass(frozen=True)
class Task:
    """Long work that is no stage. doing: what is said while it runs."""

    name: str
    doing: str
    place: int
    run: Callable[[_With], Any]


def _refine(by: _With) -> None:
    advance(Rounds(by.pipeline), Advance.from_dict(by.params), by.progress, by.device, by.encoder)


def _seeds(by: _With) -> None:
    write_seeds(by.pipeline.workspace, SeedParams.from_dict(by.params), by.progress, by.device, by.encoder)


def _measure(by: _With) -> None:
    """choices: ids of selections to measure; params: of MeasureParams. An empty one does not keep others from it."""
    params = MeasureParams.from_dict(by.params["params"])
    found = [rows_of(by.pipeline, find_choice(by.pipeline, name)) for name in by.params["choices"]]
    found = [rows for rows in found if len(rows)] or found
    for i, rows in enumerate(found):
        within = part_of(by.progress, i / len(found), (i + 1) / len(found))
        measure(by.pipeline, rows, params, within, by.device)


def _preview(by: _With) -> None:
    """Make a selection and keep it, without making it the current one. params: of SelectionParams."""
    by.pipeline.make("select", SelectionParams.from_dict(by.params), by.progress, device=by.device)


def _stability(by: _With) -> None:
    stability(by.pipeline, StabilityParams.from_dict(by.params), by.progress, by.device)


def _embedders(by: _With) -> None:
    if by.vectors is None:
        raise CurationError("No file of other embeddings is named; name one, a .npy with a row a record.")
    compare_embedders(by.pipeline, by.vectors, EmbedderParams.from_dict(by.params), by.progress, by.device)


def _ablate(by: _With) -> None:
    ablate(by.pipeline, AblationParams.from_dict(by.params), by.progress, by.device)


def _replace(by: _With) -> None:
    """params: of EmbedParams, by which the embeddings are made that replace today's, with what rests on them."""
    replace(by.pipeline, EmbedParams.from_dict(by.params), by.progress, by.device, by.encoder, by.vectors, by.engine)


def _push(by: _With) -> None:
    push(by.pipeline, PushParams.from_dict(by.params), by.progress, by.device)


def import_steps(data: Data, params: RecordParams) -> list[Step]:
    """Return the steps that read data: what lies on a hub is fetched first."""
    text = as_text(as_given(data))
    fetched = [Step("fetch", {}, data=text)] if on_hub(data) else []
    return [*fetched, Step("import", params.as_dict(), data=text)]


TASKS: Registry[Task] = Registry()
for _task in (
    Task("refine", "Refining in rounds", 1, _refine),
    Task("seeds", "Writing seeds", 2, _seeds),
    Task("measure", "Measuring selections", 3, _measure),
    Task("stability", "Trying seeds", 4, _stability),
    Task("ablate", "Training on each selection", 5, _ablate),
    Task("preview", "Working out what would change", 6, _preview),
    Task("embedders", "Comparing embedders", 30, _embedders),
    Task(REPLACE, "Embedding by the model", 31, _replace),
    Task("push", "Sending to the hub", 20, _push),
):
    TASKS.add(_task)


# As jobs of earlier versions call it, which may be tried again.
_CALLED_BEFORE = {"prove": "ablate"}


_DOING = {"": "Starting", "fetch": "Fetching from the hub", "import": "Reading the data"}


def doing(step: str) -> str:
    """Return in words what is done in a step, "" standing for the beginning."""
    about = STAGES.get(step) or TASKS.get(step)
    return about.doing if about else _DOING.get(step, step)


def run_steps(
    workspace: Workspace,
    steps: list[Step],
    report: Callable[[str], Progress],
    device: str = "auto",
    vectors: Path | None = None,
    encoder: Encoder | None = None,
    engine: Engine = LOCAL,
) -> None:
    """Run the steps in order. `report(step)` is asked for each step's Progress. What is up to date is not done again.

    engine: where a stage's shards are made, and files read.

    Raises CurationError before anything is made of records that were changed since the import.
    """
    is_checked = False
    for asked in steps:
        step = dataclasses.replace(asked, do=_CALLED_BEFORE.get(asked.do, asked.do))
        if step.do not in ("import", "fetch") and not is_checked:
            workspace.check_records()
        # By the check, or by an import, which ends with records that are whole, and follows what is fetched.
        is_checked = True
        pipeline = Pipeline(workspace)
        progress = report(step.do)
        if step.do == "fetch":
            workspace.fetch(step.data, progress)
        elif step.do == "import":
            workspace.import_data(step.data, RecordParams.from_dict(step.params), progress, engine)
        elif step.do in TASKS:
            TASKS[step.do].run(_With(pipeline, step.params, progress, device, encoder, vectors, engine))
        else:
            params = STAGES[step.do].params.from_dict(step.params)
            pipeline.run(step.do, params, progress, device=device, vectors=vectors, encoder=encoder, engine=engine)
        progress(1, 1)
