"""The verb that gives a target its examples, from files and picked records, and says what they are."""

import argparse
from typing import Any

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from ..data.hub.fetching import fetch_all
from ..data.hub.listing import settle
from ..data.pool import on_hub
from ..run.pipeline import STAGES, Pipeline
from ..selection.finding.find import find
from ..selection.finding.query import Query
from ..selection.target.examples import picked
from ..selection.target.params import TargetParams
from ..vectors.overlap.evaluations import evaluations_in
from ..workspace.deciding import overrides_of
from ..workspace.workspace import Workspace
from .decisions import parse_rows
from .opening import open_pipeline, run_stage, warn
from .options import add_device, add_engine, add_options, read
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    sub = verbs.add("target", STAGES["targets"].help, run)
    sub.add_argument(
        "examples",
        nargs="*",
        metavar="FILE",
        help="files of examples, or hf://owner/name@revision, each under a label of yours as in NAME=PATH",
    )
    sub.add_argument("--config", default="", help="of data sets on a hub: which config")
    sub.add_argument("--split", default="", help="of data sets on a hub: which split")
    add_options(sub, TargetParams)
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--records", help="records of the data as examples, as in 3,17,40-59")
    which.add_argument("--found", metavar="WORDS", help="the records that hold these words, as `find` reads them")
    which.add_argument("--pinned", action="store_true", help="the records that are pinned")
    add_device(sub)
    add_engine(sub)


def run(arguments: argparse.Namespace) -> None:
    """Keep the examples, and say how many there are, of which labels, and what overlaps with them."""
    files = files_of_examples(Workspace(arguments.workspace), arguments.examples, arguments.config, arguments.split)
    params = read(arguments, TargetParams, files=files, **_picked(arguments))
    say_target(run_stage("targets", params, arguments))


def files_of_examples(workspace: Workspace, given: list[str], config: str = "", split: str = "") -> tuple:
    """Return the files that are named; what lies on a hub is fetched first."""
    if not given:
        return ()
    folder = workspace.folder / "hub"
    return evaluations_in(fetch_all(settle(given, config, split), folder) if on_hub(given) else given, folder)


def _picked(arguments: argparse.Namespace) -> dict[str, Any]:
    if not (arguments.records or arguments.found or arguments.pinned):
        return {}
    pipeline = open_pipeline(arguments)
    if arguments.records:
        rows = parse_rows(arguments.records, pipeline.n_records())
    elif arguments.found:
        rows = find(pipeline, Query(words=arguments.found, in_order=True)).rows
    else:
        rows = overrides_of(pipeline).pinned
    if not len(rows):
        raise CurationError("No record is pinned." if arguments.pinned else f"No record holds {arguments.found!r}.")
    return picked(pipeline.workspace.records(), np.asarray(rows).tolist())


def say_target(pipeline: Pipeline) -> None:
    """Print what the target's examples are."""
    info = pipeline.finished("targets")
    print(counted(info["n_examples"], "example"))
    for label, n in info["labels"].items():
        print(f"{n:>9,}  {label}")
    if info["n_twice"]:
        print(f"{counted(info['n_twice'], 'example')} with the same text as another left out")
    print(
        f"{counted(info['n_left_out'], 'record overlaps', 'records overlap')} with the examples; target leaves them out"
    )
    if info["n_unread"]:
        warn(f"{counted(info['n_unread'], 'entry', 'entries')} could not be read")
    for text in info["warnings"]:
        warn(text)
