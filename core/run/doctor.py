"""The doctor: looks at all of a workspace, to the byte, says what is wrong and what to do, and does it if asked."""

import datetime
from collections.abc import Iterator
from pathlib import Path

from ..base.errors import COMMAND, CurationError
from ..base.progress import Progress, no_progress
from ..base.temporaries import left_behind, of_others, sweep_temporaries
from ..base.text import counted
from ..data.importing import rejects_fault
from ..data.records import RecordParams
from ..evidence.current import select_anew
from ..workspace.sources import source_fault
from ..workspace.workspace import Workspace
from .finding import Finding
from .ledger_and_files import missing_files, unknown_files
from .pipeline import STAGES, Pipeline

_AHEAD = datetime.timedelta(days=1)  # of a clock that is merely not set to the second


def examine(folder: Path) -> list[Finding]:
    """Look at a workspace; nothing in it is changed. Raises CurationError where `folder` is none."""
    try:
        workspace = Workspace(folder, sweep=False)
        faults = workspace.ledger.faults()
    except CurationError as error:
        if not (Path(folder) / "workspace.db").is_file() and not (Path(folder) / "dataset.json").is_file():
            raise
        return [Finding(str(error).split(";")[0], str(error).partition(";")[2].strip() or "see above")]
    found = [Finding(f"{workspace.ledger.path} is damaged ({text})", "put a backup of it back") for text in faults]
    if not found:
        found = [*_clock(workspace), *_data(workspace), *missing_files(workspace), *unknown_files(workspace)]
    return [*found, *_results(workspace), *_leftovers(workspace)]


def repair(folder: Path, found: list[Finding], progress: Progress = no_progress) -> list[str]:
    """Do what can be done about what was found; return what was done, and what could not be. Raises CurationError: read-only."""
    Workspace(folder).check_writable()
    done = []
    for finding in found:
        if finding.repair is None:
            done += [] if finding.stage or finding.is_harmless else [f"can't be done here: {finding.todo}"]
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
            if stage == "select":
                select_anew(pipeline)
            else:
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
        fault = rejects_fault(workspace.folder, held)
        wrong = f"{workspace.folder / 'rejects.jsonl'} {fault}" if fault else ""
    except CurationError as error:
        wrong = str(error).split(";")[0]
    if wrong:
        again = None if moved else lambda: workspace.import_data(list(held.given), RecordParams.from_dict(held.params))
        yield Finding(wrong, "import the data again", repair=again)
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
    for folder in (workspace.folder, *sorted(path for path in workspace.folder.rglob("*") if path.is_dir())):
        if left := left_behind(folder):
            what = f"{counted(len(left), 'half-written file')} of processes that are gone, in {folder}"
            yield Finding(what, "remove what they left", repair=lambda folder=folder: sweep_temporaries(folder))
        if others := of_others(folder):
            what = f"{counted(len(others), 'half-written file')} of another computer or container, in {folder}"
            todo = "remove them where nothing writes in this workspace there: whether it does can't be told here"
            yield Finding(what, todo, is_harmless=True)


def _clock(workspace: Workspace) -> Iterator[Finding]:
    latest = max((decision.at for decision in workspace.ledger.decisions()), default="")
    now = datetime.datetime.now(datetime.UTC)
    if latest and datetime.datetime.fromisoformat(latest) > now + _AHEAD:
        what = f"a decision is of {latest}, and this computer's clock says {now.isoformat(timespec='seconds')}"
        yield Finding(what, "set the clock; decisions count in the order they came, whatever it says", is_harmless=True)
