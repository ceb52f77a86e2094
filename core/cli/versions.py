"""The verb of versions: save, list, restore, export, import."""

import argparse
from pathlib import Path

from ..base.errors import CurationError
from ..base.text import counted, one_line
from ..evidence.candidates import choices
from ..evidence.versions import (
    export_version,
    find_version,
    import_version,
    restore_version,
    save_version,
    version_rows,
)
from ..export.delivery import manifest_facts
from ..run.pipeline import Pipeline
from ..workspace.ledger import user_name
from ..workspace.workspace import Workspace
from .opening import open_pipeline, warn
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb and its ways."""
    ways = verbs.add_ways("version", "Keep selections under names.", "save|list|restore|export|import")
    for name, summary, run in (
        ("save", "Keep the current selection under a name; it never changes.", _save),
        ("list", "Show what can be compared: versions and the selections made.", _list),
        ("restore", "Make a version the current selection again.", _restore),
        ("export", "Write a version as JSONL with its manifest.", _export),
        ("import", "Keep the records of a JSONL made elsewhere as a version.", _import),
    ):
        way = ways.add(name, summary, run)
        if name == "import":
            way.add_argument("data", help="the file; its records are found in the data by their text")
        if name != "list":
            way.add_argument("--name", required=True, help="the version's name")
        if name in ("save", "import"):
            way.add_argument("--note", default="", help="why, for those who read it later")
        if name == "export":
            way.add_argument("--out", required=True, help="where to write it")


def _save(arguments: argparse.Namespace) -> None:
    pipeline = open_pipeline(arguments)
    if pipeline.table("select") is None:
        raise CurationError("There is no selection up to date to save; select again first.")
    made = save_version(pipeline, arguments.name, manifest_facts(pipeline), arguments.note, user_name())
    print(f"saved {made.name}: {counted(made.n, 'record')}")


def _import(arguments: argparse.Namespace) -> None:
    made = import_version(
        Workspace(arguments.workspace), Path(arguments.data), arguments.name, arguments.note, user_name()
    )
    print(f"saved {made.name}: {counted(made.n, 'record')}")
    if made.n_unknown:
        warn(f"{counted(made.n_unknown, 'record')} of {arguments.data} not in the data")


def _list(arguments: argparse.Namespace) -> None:
    for choice in choices(open_pipeline(arguments)):
        note = f": {one_line(choice.note)}" if choice.note else ""
        print(f"{choice.id:<24} {choice.n:>9,}  {choice.at}  {choice.title}{note}")


def _restore(arguments: argparse.Namespace) -> None:
    pipeline = open_pipeline(arguments)
    restore_version(pipeline, find_version(pipeline.workspace, arguments.name))
    info = Pipeline(pipeline.workspace).finished("select")
    print(f"{counted(info['n_selected'], 'record')} selected, as in {arguments.name}")
    if info["shortfall"]:
        warn(info["shortfall"])


def _export(arguments: argparse.Namespace) -> None:
    workspace = Workspace(arguments.workspace)
    version = find_version(workspace, arguments.name)
    manifest = export_version(workspace, version, Path(arguments.out))
    if gone := version.n - len(version_rows(workspace, version)):
        warn(f"{counted(gone, 'of its records is', 'of its records are')} no longer in the data")
    print(f"written to {Path(arguments.out).resolve()}, with {manifest.name} beside it")
