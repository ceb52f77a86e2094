"""The doctor: looks at all of a workspace, to the byte, says what is wrong and what to do, and does it if asked."""

import dataclasses
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

from ..base.errors import COMMAND, CurationError
from ..base.files import left_behind, sweep_temporaries
from ..base.progress import Progress, no_progress
from ..data.records import RecordParams
from ..workspace.sources import source_fault
from ..workspace.workspace import Workspace
from .pipeline import STAGES, Pipeline

_AHEAD = datetime.timedelta(days=1)  # of a clock that is merely not set to the second


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was found.

    what: is wrong. todo: what to do about it. is_harmless: nothing rests on it. stage: whose result is to be made again.
    repair: does it, where that can be done.
    """

    what: str
    todo: str
    is_harmless: bool = False
    stage: str = ""
    repair: Callable[[], object] | None = None


def examine(folder: Path) -> list[Finding]:
    """Look at a workspace; nothing in it is changed. Raises CurationError where `folder` is none."""
    try:
        workspace = Workspace(folder)
        faults = workspace.ledger.faults()
    except CurationError as error:
        if not (Path(folder) / "workspace.db").is_file() and not (Path(folder) / "dataset.json").is_file():
            raise
        return [Finding(str(error).split(";")[0], str(error).partition(";")[2].strip() or "see above")]
    found = [Finding(f"{workspace.ledger.path} is damaged ({text})", "put a backup of it back") for text in faults]
    found += [] if found else [*_clock(workspace), *_data(workspace)]
    return [*found, *_results(workspace), *_leftovers(workspace)]


def repair(folder: Path, found: list[Finding], progress: Progress = no_progress) -> list[str]:
    """Do what can be done about what was found; return what was done, and what could not be. Raises CurationError: read-only."""
    Workspace(folder).check_writable()
    done = []
    for finding in found:
        if finding.repair is None:
            continue
        try:
            finding.repair()
            done.append(f"done: {finding.todo}")
        except CurationError as error:
            done.append(f"not done: {error}")
    again = {finding.stage for finding in found if finding.stage}
    for stage in STAGES:
        pipeline = Pipeline(Workspace(folder))
        if stage not in again or pipeline.params(stage) is None or pipeline.current(stage):
            continue
        try:
            pipeline.run(stage, pipeline.params(stage), progress)
            done.append(f"done: made the result of {stage} again")
        except CurationError as error:
            done.append(f"not done: {error}")
    return done


def _data(workspace: Workspace) -> Iterator[Finding]:
    try:
        held = workspace.last_import()
    except CurationError as error:
        yield Finding(str(error), "import the data again")
        return
    if held is None:
        yield Finding(f"{workspace.folder} holds no data yet", f"{COMMAND} import DATA", is_harmless=True)
        return
    moved = source_fault(held, whole=True)
    try:
        workspace.dataset()
        workspace.check_records()
    except CurationError as error:
        again = None if moved else lambda: workspace.import_data(list(held.given), RecordParams.from_dict(held.params))
        yield Finding(str(error).split(";")[0], "import the data again", repair=again)
    if moved:
        todo = "nothing needs it but `verify`, which is told where it is, and another import"
        yield Finding(moved, todo, is_harmless=True)


def _results(workspace: Workspace) -> Iterator[Finding]:
    for path in sorted(workspace.artifacts.glob("*.json")):
        stage, _, key = path.stem.partition("-")
        _, fault = workspace.look_at(stage, key, whole=True)
        if fault:
            yield Finding(
                f"{fault[0]} is damaged ({fault[1]})",
                f"set the result {path.stem} aside in {workspace.folder / 'damaged'}",
                stage=stage,
                repair=lambda stage=stage, key=key: workspace.set_aside(stage, key),
            )


def _leftovers(workspace: Workspace) -> Iterator[Finding]:
    for folder in (workspace.folder, workspace.artifacts):
        if left := left_behind(folder):
            what = f"{len(left)} half-written files of processes that are gone lie in {folder}"
            yield Finding(what, "remove them", repair=lambda folder=folder: sweep_temporaries(folder))


def _clock(workspace: Workspace) -> Iterator[Finding]:
    latest = max((decision.at for decision in workspace.ledger.decisions()), default="")
    now = datetime.datetime.now(datetime.UTC)
    if latest and datetime.datetime.fromisoformat(latest) > now + _AHEAD:
        what = f"a decision is of {latest}, and this computer's clock says {now.isoformat(timespec='seconds')}"
        yield Finding(what, "set the clock; decisions count in the order they came, whatever it says", is_harmless=True)
