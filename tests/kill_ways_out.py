"""Steps of `tests/kill.py`: what is kept of a selection, and all that leaves the workspace."""

from core.evidence.versions import find_version, save_version, versions
from core.export.delivery import export_selection, manifest_facts
from core.export.for_trainers import TrainerParams, export_for
from core.export.hub.params import PushParams
from core.export.hub.push import push as push_to_hub
from core.export.report.writing import write_report
from core.export.splitting import SplitParams
from core.run.packing import pack as pack_folder
from core.run.packing import unpack as unpack_file
from tests.kill_case import Case, Do

_PARTS = SplitParams("validation=20%", "random")


def version(case: Case) -> None:
    """Save the selection as a version."""
    pipeline = case.pipeline
    if not versions(pipeline.workspace):
        save_version(pipeline, "first", manifest_facts(pipeline), who="ann")
    find_version(pipeline.workspace, "first")


def export(name: str) -> Do:
    """Return what exports the selection under a name."""
    return lambda case: export_selection(case.pipeline, case.out / name)


def split(case: Case) -> None:
    """Export it in parts."""
    export_selection(case.pipeline, case.out / "parts.jsonl", split=_PARTS)


def trainers(case: Case) -> None:
    """Export it for two trainers, for one in parts; each has a configuration beside it."""
    export_for(case.pipeline, case.out / "trl.jsonl", TrainerParams("trl", problems="leave-out"))
    asked = TrainerParams("llamafactory", "prompt-completion", "repair")
    export_for(case.pipeline, case.out / "factory.jsonl", asked, split=_PARTS)


def report(case: Case) -> None:
    """Write the report."""
    write_report(case.pipeline, case.out / "report.html")


def pack(case: Case) -> None:
    """Write the workspace to one file."""
    pack_folder(case.folder / "w", case.out / "w.tar.gz")


def unpack(case: Case) -> None:
    """Make a workspace of that file."""
    if not (case.folder / "copy").exists():  # a second time it is refused
        unpack_file(case.out / "w.tar.gz", case.folder / "copy")


def push(case: Case) -> None:
    """Send the selection to the hub."""
    push_to_hub(case.pipeline, PushParams(case.repo, replace=True, license="mit"), device="cpu")
