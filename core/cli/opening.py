"""What verbs share: the workspace that one was given, steps run in it with a bar, what was selected said aloud."""

import argparse
import sys
from pathlib import Path

from ..base.errors import CurationError
from ..base.params import Params
from ..base.progress import Progress
from ..base.text import counted, duration
from ..evidence.current import Current
from ..evidence.outlook import seconds_needed
from ..evidence.redraw import overlap_warning
from ..evidence.stability import Stability
from ..run.pipeline import Pipeline, open_results
from ..run.tasks import Step, run_steps
from ..selection.limits import limits_in_words
from ..selection.params import SelectionParams
from ..selection.target.facts import target_in_words
from ..workspace.workspace import Workspace
from .options import read_engine
from .terminal import Report

_LONG = 5.0  # seconds: what takes as long is said beforehand


def open_pipeline(arguments: argparse.Namespace) -> Pipeline:
    """Open the workspace that a verb was given; its current selection obeys what was decided since, if it can."""
    return open_results(Workspace(arguments.workspace))


def run_in_workspace(workspace: Workspace, steps: list[Step], arguments: argparse.Namespace) -> None:
    """Run steps with what the command line says of device and vectors, and show how far they are."""
    report = Report()

    def begin(step: str) -> Progress:
        if step == "select":
            report.close()
            _say_how_long(workspace, steps)
        return report(step)

    vectors, device = getattr(arguments, "embeddings", None), getattr(arguments, "device", "cpu")
    try:
        engine = read_engine(arguments)
        run_steps(workspace, steps, begin, device, Path(vectors) if vectors else None, engine=engine)
    except BaseException:
        report.close(failed=True)
        workspace.remove()  # only where it was made for this import, which failed
        raise
    report.close()
    if any(step.do == "import" for step in steps) and (n_rejects := workspace.dataset().n_rejects):
        print(
            f"{counted(n_rejects, 'record was', 'records were')} not read; the reasons are in "
            f"{workspace.folder / 'rejects.jsonl'}",
            file=sys.stderr,
        )


def _say_how_long(workspace: Workspace, steps: list[Step]) -> None:
    """Print about how long choosing takes, where that is long."""
    pipeline = Pipeline(workspace)
    for step in steps:
        params = SelectionParams.from_dict(step.params) if step.do == "select" else None
        if params is None or not (key := pipeline.key("select", params)) or workspace.has("select", key):
            continue
        if (seconds := seconds_needed(pipeline, params)) >= _LONG:
            print(f"select: {params.method} takes about {duration(seconds)} here", file=sys.stderr, flush=True)


def run_stage(stage: str, params: Params, arguments: argparse.Namespace) -> Pipeline:
    """Bring a stage up to date in the workspace that the verb was given."""
    workspace = Workspace(arguments.workspace)
    workspace.dataset()
    run_in_workspace(workspace, [Step(stage, params.as_dict())], arguments)
    return Pipeline(workspace)


def warn(text: str) -> None:
    """Print a warning."""
    print(f"warning: {text}", file=sys.stderr)


def say_current(current: Current) -> None:
    """Print what the current selection is, and what it lacks."""
    print(f"current selection: {current.title}: {current.size}")
    if current.shortfall:
        warn(current.shortfall)


def say_selection(pipeline: Pipeline) -> None:
    """Print how many records are selected, and what could not be met."""
    info = pipeline.finished("select")
    print(f"{info['n_selected']:,} of {counted(pipeline.n_records(), 'record')} selected")
    print(*limits_in_words(info), sep="\n", end="\n" if limits_in_words(info) else "")
    for text in target_in_words(info["target"]) if "target" in info else []:
        print(text)
    for text in filter(None, [info["shortfall"], *info["warnings"]]):
        warn(text)


def say_stability(title: str, method: str, found: Stability) -> None:
    """Print how alike several seeds select, and a warning where that is too little."""
    print(f"{title}: over {found.n_seeds} seeds, mean Jaccard {found.jaccard:.3f}, overlap {found.overlap:.0%}")
    if text := overlap_warning(method, found.overlap, found.n_seeds):
        warn(text)


def scores_named(made: dict[str, Params], name: str) -> Params:
    """Return the params of scores made before. Raises CurationError where there are none of that name."""
    if name not in made:
        have = ", ".join(sorted(made)) or "none"
        raise CurationError(f"There are no scores by {name} to combine; there are: {have}.")
    return made[name]
