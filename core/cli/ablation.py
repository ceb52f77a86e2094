"""The verbs that end in a document: ablate, which trains and compares, and report."""

import argparse
from pathlib import Path

from ..base.errors import CurationError
from ..evidence.ablation.latest import last_ablation, table_lines
from ..evidence.ablation.params import AblationParams
from ..export.report.writing import write_report
from ..run.tasks import Step
from .opening import open_pipeline, run_in_workspace, warn
from .options import add_device, add_options, read
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add(
        "ablate", "Train a model on each method's selection; compare held-out losses.", ablate, also="prove"
    )
    add_options(sub, AblationParams)
    sub.add_argument("--set", default="", help="of the model, as in steps=800,width=256 or epochs=1,rank=8")
    add_device(sub)
    sub = verbs.add("report", "Write everything about the current selection as one HTML file.", report)
    sub.add_argument("--out", required=True, help="the .html to write; the .md is written beside it")
    sub.add_argument("--examples", type=int, default=8, help="records to show, selected and not (8)")
    sub.add_argument("--seed", type=int, default=0, help="of everything random (0)")


def ablate(arguments: argparse.Namespace) -> None:
    """Train on each method's selection and print the held-out losses."""
    pipeline = open_pipeline(arguments)
    pipeline.workspace.dataset()
    own = {"lora" if arguments.base else "small": _settings(arguments.set)}
    params = read(arguments, AblationParams, **own)
    run_in_workspace(pipeline.workspace, [Step("ablate", params.as_dict())], arguments)
    ablation = last_ablation(open_pipeline(arguments))
    print(*table_lines(ablation.lines), sep="\n")
    for warning in ablation.warnings:
        warn(warning)
    print(
        "ahead, behind, can't tell: the paired tests against random at 5 %, after Holm's correction over the methods; could show: "
        "the least difference that as many seeds show four times in five"
    )
    print(
        "read: how often a training read what was selected; overlap: the share of it that two seeds both select, on average"
    )
    print(ablation.stopping)
    print(ablation.varied)
    print("nats a token of held-out responses, lower is better; ± half a 95 % confidence interval over the seeds")
    if not arguments.base:
        print(
            "a small model from scratch is a proxy: it says what a selection teaches it, not how a large model will do"
        )


def _settings(text: str) -> dict[str, int | float]:
    """Return the names and numbers of a text such as "steps=800,width=256"."""
    values: dict[str, int | float] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name or not equals:
            raise CurationError(f"--set is {text!r}; it must be names and values such as steps=800,width=256.")
        if name in values:
            raise CurationError(f"--set is {text!r}, which gives {name} twice; leave one out.")
        try:
            values[name] = int(value)
        except ValueError:
            try:
                values[name] = float(value)
            except ValueError as error:
                raise CurationError(f"--set gives {name} as {value!r}; it must be a number.") from error
    return values


def report(arguments: argparse.Namespace) -> None:
    """Write the report of the current selection."""
    written = write_report(open_pipeline(arguments), Path(arguments.out), arguments.examples, arguments.seed)
    print(f"written to {written[0].resolve()}, with {written[1].name} beside it")
