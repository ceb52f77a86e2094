"""The verbs at the end: status, use, export, verify; and the one by which the app's jobs run."""

import argparse
import json
from pathlib import Path
from typing import Any

from ..base.text import counted
from ..data import manifest
from ..data.trainer_formats import TRAINERS
from ..evidence.current import current_selection, make_current
from ..export.delivery import export_selection
from ..export.for_trainers import TrainerParams, export_for
from ..export.parts import parts_in_words
from ..export.splitting import WHOLE, SplitParams
from ..run import jobs
from ..run.first_look import note_of
from ..run.pipeline import Pipeline
from ..workspace.deciding import overrides_of
from ..workspace.results import Results
from ..workspace.snapshot import snapshot
from ..workspace.workspace import Workspace
from .decontamination import say_checked
from .opening import open_pipeline, say_current, say_selection, warn
from .options import add_options, read
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add("status", "Show what is done, stale or missing.", status)
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = verbs.add("use", "Make another selection the current one.", use)
    sub.add_argument("selection", help="#NUMBER, round:RUN.NUMBER, run:NUMBER or version:NAME")
    sub = verbs.add("export", "Write the chosen records and their manifest.", export)
    sub.add_argument("--out", required=True, help="where to write the chosen records")
    sub.add_argument("--unfinished", action="store_true", help="also a run whose rounds are not all selected")
    sub.add_argument("--update", action="store_true", help="select anew first where decisions changed since")
    add_options(sub, TrainerParams)
    add_options(sub, SplitParams)
    sub = verbs.add("verify", "Rebuild an export from its source and compare.", verify, workspace=False)
    sub.add_argument("manifest", help="the .manifest.json beside an export")
    sub.add_argument(
        "--data", required=True, nargs="+", help="the source data: its file, or the files or folder of several"
    )
    sub.add_argument("--output", help="the exported file, if it was moved")
    sub = verbs.add("job", "Do the work of a job that the app has queued.", job)
    sub.add_argument("job_id", type=int, help="the job's number")


def status(arguments: argparse.Namespace) -> None:
    """Show the dataset, the stages, the decisions and the selection."""
    facts = _facts(open_pipeline(arguments))
    if arguments.json:
        print(json.dumps(facts, indent=1))
        return
    data, selection = facts["dataset"], facts["selection"]
    print(f"data      {data['file']}")
    print(f"records   {data['records']:,} ({data['rejects']:,} not read), {data['fields']}")
    for stage, state in facts["stages"].items():
        print(f"{stage:<9} {state}")
    if facts["first_look"]:
        print(f"          {facts['first_look']}")
    print("decisions " + ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in facts["decisions"].items()))
    print(f"selected  {'-' if facts['selected'] is None else format(facts['selected'], ',')}")
    old = "" if facts["selected"] or selection is None else ", out of date"
    print(f"selection {'-' if selection is None else selection['title']}{old}")


def _facts(pipeline: Pipeline) -> dict[str, Any]:
    dataset, overrides = pipeline.workspace.dataset(), overrides_of(pipeline)
    selection, current = pipeline.table("select"), current_selection(pipeline)
    return {
        "dataset": {
            "file": dataset.path,
            "records": dataset.n_records,
            "rejects": dataset.n_rejects,
            "fields": dataset.fields,
        },
        "stages": {name: pipeline.state(name) for name, stage in pipeline.stages.items() if stage.leads},
        "first_look": note_of(pipeline),
        "decisions": {
            "pinned": len(overrides.pinned),
            "dropped": len(overrides.dropped),
            "weighted_clusters": len(overrides.multipliers),
            "set_aside": len(overrides.set_aside),
        },
        "selected": None if selection is None else len(selection),
        "selection": None if current is None else current.as_facts() | {"up_to_date": current.is_up_to_date},
    }


def use(arguments: argparse.Namespace) -> None:
    """Make a run, a round, an earlier selection or a version the current selection."""
    say_current(make_current(open_pipeline(arguments), arguments.selection))


def export(arguments: argparse.Namespace) -> None:
    """Write the current selection, untouched or for a trainer."""
    params, split = read(arguments, TrainerParams), read(arguments, SplitParams)
    if not params.trainer:
        export_current(open_pipeline(arguments), Path(arguments.out), arguments.unfinished, split, arguments.update)
        return
    pipeline = snapshot(open_pipeline(arguments))
    path, written = export_for(pipeline, Path(arguments.out), params, arguments.unfinished, split, arguments.update)
    if written.problems:
        warn(f"{TRAINERS[params.trainer].title} would refuse or drop some: {written.in_words()}")
    print(f"current selection: {current_selection(pipeline).title}")
    say_checked(pipeline)
    done = [f"{len(written.repaired):,} repaired"] * bool(written.repaired)
    done += [f"{len(written.left_out):,} left out"] * bool(written.left_out)
    print(
        f"wrote {counted(len(written.rows), 'record')} to {arguments.out} for {TRAINERS[params.trainer].title}, as {params.form}"
    )
    if done:
        print(", ".join(done))
    held = json.loads(path.read_text(encoding="utf-8"))
    config = held["for"]["config"]
    say_parts(held)
    print(f"manifest {path}; its configuration {', '.join(config)} beside it")


def say_parts(held: dict[str, Any]) -> None:
    """Print what a manifest says of the parts of a split export."""
    for text in parts_in_words(held):
        print(text)


def export_current(
    results: Results,
    out: Path,
    unfinished: bool = False,
    split: SplitParams = WHOLE,
    update: bool = False,
) -> None:
    """Write the current selection, up to date with all that is decided when this begins, and say what was written.

    update: see `as_it_stands`.
    """
    pipeline = snapshot(results)
    written = export_selection(pipeline, out, unfinished, split, update)
    print(f"current selection: {current_selection(pipeline).title}")
    say_selection(pipeline)
    say_checked(pipeline)
    say_parts(json.loads(written.read_text(encoding="utf-8")) if split.split else {})
    where = f"in parts to {out.resolve().parent}" if split.split else f"to {out.resolve()}"
    print(f"written {where}, with {written.name} beside it")


def verify(arguments: argparse.Namespace) -> None:
    """Rebuild an export and compare."""
    output = Path(arguments.output) if arguments.output else None
    held = manifest.verify(Path(arguments.manifest), arguments.data, output)
    print(
        f"verified: {counted(held['output']['n_lines'], 'line')}, rebuilt byte for byte from {', '.join(arguments.data)}"
    )


def job(arguments: argparse.Namespace) -> None:
    """Do a queued job's work."""
    jobs.run_job(Workspace(arguments.workspace), arguments.job_id)
