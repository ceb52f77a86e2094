"""The verbs from a file to a workspace: curate, which goes all the way to a JSONL, and import."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..base.errors import COMMAND, CurationError
from ..base.text import counted, visible
from ..data.dataset import Dataset
from ..data.hub.listing import settle
from ..data.pool import DataFile, as_given, on_hub, open_pool
from ..data.records import RecordParams
from ..data.targets import check_out, source_of
from ..run.first_look import note_of
from ..run.pipeline import STAGES, Pipeline
from ..run.tasks import Step, import_steps
from ..selection.target.params import TargetParams
from ..vectors.overlap.evaluations import evaluations_in
from ..workspace.workspace import Workspace, default_folder
from .export import export_current
from .opening import run_in_workspace, warn
from .options import add_device, add_engine, add_options, read
from .stages import add_stage_options, params_of
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add("curate", "From a data file to a curated JSONL in one go.", curate, workspace=False)
    _add_data(sub)
    sub.add_argument("--out", required=True, help="where to write the chosen records")
    sub.add_argument("--map", action="store_true", help="also lay out the map for the app")
    sub.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="FILE",
        help="a file of examples, for the method target; repeat it",
    )
    add_options(sub, TargetParams, "label", "draw")
    _add_import(sub)
    for stage in ("embed", "cluster", "score", "select"):
        add_stage_options(sub, stage)
    add_device(sub)
    add_engine(sub)
    sub = verbs.add("import", "Read data files into a workspace.", import_data, workspace=False)
    _add_data(sub)
    _add_import(sub)
    add_engine(sub)


def _add_data(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "data",
        nargs="+",
        metavar="DATA",
        help="a data file, a folder or a glob of them, or hf://owner/name@revision; several are a source each, as in NAME=PATH",
    )
    sub.add_argument("--config", default="", help="of data sets on a hub: which config")
    sub.add_argument("--split", default="", help="of data sets on a hub: which split")


def _add_import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--workspace", help="the workspace folder (workspaces/NAME, or $WINNOW_HOME/NAME)")
    add_options(sub, RecordParams)


def curate(arguments: argparse.Namespace) -> None:
    """Run every stage that the method needs, then export."""
    params = params_of("select", arguments)
    if "reward" in params.needs:
        raise CurationError(f"{params.method} goes by domains; import and embed the data, then: {COMMAND} reward …")
    target = _target(arguments) if "targets" in params.needs else None
    wanted = {*params.needs, "select"} | ({"project"} if arguments.map else set())
    wanted |= {"regions"} if {"cluster", "project"} <= wanted else set()
    if wanted & {"cluster", "project", "targets"}:
        wanted.add("embed")
    # The map is laid out with more neighbours than `curate` has options for: with the usual ones.
    known = {"project": STAGES["project"].params(seed=arguments.seed), "targets": target}
    steps = [Step(name, (known.get(name) or params_of(name, arguments)).as_dict()) for name in STAGES if name in wanted]
    files = [
        *(file.path for file in _local(arguments.data)),
        *(Path(each.path) for each in (target.files if target else ())),
    ]
    check_out(Path(arguments.out), [source_of(path) for path in files])
    workspace = _workspace_for(arguments)
    run_in_workspace(workspace, [*_import_steps(arguments), *steps], arguments)
    if note := note_of(Pipeline(workspace)):
        warn(note)
    export_current(Pipeline(workspace), Path(arguments.out), update=True)


def _target(arguments: argparse.Namespace) -> TargetParams:
    if not arguments.target:
        raise CurationError("target goes by examples; name a file of them with --target FILE.")
    return read(arguments, TargetParams, "label", "draw", files=evaluations_in(arguments.target))


def import_data(arguments: argparse.Namespace) -> None:
    """Read data files into their workspace."""
    workspace = _workspace_for(arguments)
    run_in_workspace(workspace, _import_steps(arguments), arguments)
    dataset = workspace.dataset()
    print(f"{counted(dataset.n_records, 'record')} in {workspace.folder} ({visible(dataset.fields)})")
    say_hub(dataset)
    say_sources(dataset, RecordParams.from_dict(dataset.params).leave_out_duplicates)
    say_left_out(dataset)


def say_hub(dataset: Dataset) -> None:
    """Print what was fetched, from which commit, and under which licence."""
    for part in dataset.hub:
        licence = part.licence or "not said by its card"
        print(f"{part.repo}, config {part.config}, split {part.split}, at commit {part.commit}; licence: {licence}")
        if part.n_other:
            print(f"{counted(part.n_other, 'file')} of it in another format left alone")


def say_sources(dataset: Dataset, left_out: bool) -> None:
    """Print what each file of several gave, and what sources share."""
    if len(dataset.files) < 2:
        return
    for file in dataset.files:
        label = f"{visible(file.source)}: " if file.source else ""
        print(f"  {label}{visible(file.file)}, {counted(file.n_records, 'record')}")
    if dataset.n_duplicates:
        done = "left out" if left_out else "kept; --leave-out-duplicates leaves them out"
        print(f"{counted(dataset.n_duplicates, 'record is', 'records are')} in an earlier source too: {done}")


def say_left_out(dataset: Dataset) -> None:
    """Print which fields are in no part of the records' texts."""
    for source, understood in dataset.understood_by_source().items():
        if understood.left_out:
            of = f" of {visible(source)}" if source else ""
            print(f"not read{of} (kept in the record): {visible(', '.join(understood.left_out))}")


def _workspace_for(arguments: argparse.Namespace) -> Workspace:
    _local(arguments.data, say=True)  # a wrong path must not leave an empty workspace behind
    folder = arguments.workspace or default_folder(arguments.data)
    arguments.data = settle(arguments.data, arguments.config, arguments.split)
    return Workspace(folder, create=True)


def _local(data: Sequence[str], say: bool = False) -> tuple[DataFile, ...]:
    """Return the files of this computer among the data. say: how many beside them are none."""
    there = [each for each in as_given(data) if each not in on_hub(data)]
    if not there:
        return ()
    pool = open_pool(there)
    if say and pool.n_other:
        print(f"{counted(pool.n_other, 'file', 'files')} beside the data left alone", file=sys.stderr)
    return pool.files


def _import_steps(arguments: argparse.Namespace) -> list[Step]:
    return import_steps(arguments.data, read(arguments, RecordParams))
