"""The verbs of evidence: measure, compare, version, ablate, report."""

import argparse
import json
import sys
from pathlib import Path

from ..base.errors import CurationError
from ..base.params import check_count
from ..base.text import counted, one_line
from ..evidence.ablation.latest import last_ablation, table_lines
from ..evidence.ablation.params import AblationParams
from ..evidence.candidates import choices, find_choice, rows_of
from ..evidence.ground import MeasureParams
from ..evidence.measuring import Evidence, found_before
from ..evidence.stability import LEAST_SEEDS, StabilityParams, stability
from ..evidence.versions import (
    export_version,
    find_version,
    import_version,
    restore_version,
    save_version,
    version_rows,
)
from ..export.delivery import manifest_facts
from ..export.report.writing import write_report
from ..measures.compare import by_cluster, compare
from ..measures.measure import MEASURES
from ..run.pipeline import Pipeline
from ..run.tasks import Step
from ..selection.method import is_seeded
from ..workspace.ledger import user_name
from ..workspace.workspace import Workspace
from .opening import open_pipeline, run_in_workspace, say_stability, warn
from .options import add_device, add_options, read
from .verbs import Verbs

_SHOWN_CLUSTERS = 10


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add("measure", "Measure a selection beside random ones of its size.", measure)
    sub.add_argument(
        "--selection", default="current", help="current, #NUMBER, round:RUN.NUMBER or a version's name (current)"
    )
    add_options(sub, MeasureParams)
    sub.add_argument("--json", action="store_true", help="as JSON")
    add_device(sub)
    sub = verbs.add("compare", "Set selections beside each other.", compare_selections)
    sub.add_argument(
        "selections",
        nargs="+",
        metavar="A B",
        help="two or more: current, #NUMBER, round:RUN.NUMBER or a version's name",
    )
    add_options(sub, MeasureParams)
    sub.add_argument("--stability", type=int, default=0, metavar="SEEDS", help="also how alike SEEDS seeds select (no)")
    add_device(sub)
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
    _add_version(verbs)


def measure(arguments: argparse.Namespace) -> None:
    """Measure a selection beside random ones."""
    read(arguments, MeasureParams)  # checked before anything is done
    found = _measured(arguments, [arguments.selection])[0]
    if arguments.json:
        print(json.dumps({"values": found.values, "bands": found.bands, "details": found.details}, indent=1))
        return
    print(f"{'measure':<28} {'value':>12} {'random, least':>14} {'most':>12}  ")
    for name, value in found.values.items():
        band = found.bands[name]
        cells = f"{_number(value):>12} {_number(min(band)):>14} {_number(max(band)):>12}"
        print(f"{MEASURES[name].title:<28} {cells}  {found.place(name)}")
    tokens = found.details["tokens"]
    print(f"tokens: {tokens['prompts']:,} in prompts, {tokens['responses']:,} in responses ({tokens['tokenizer']}'s)")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"


def compare_selections(arguments: argparse.Namespace) -> None:
    """Set selections beside each other: measures, shared records, clusters."""
    if len(arguments.selections) < 2:
        raise CurationError("Name two selections at least; status and version list say what there is.")
    read(arguments, MeasureParams)  # checked before anything is done
    if arguments.stability:
        check_count("--stability", arguments.stability, LEAST_SEEDS)
    found = _measured(arguments, arguments.selections)
    pipeline = open_pipeline(arguments)
    chosen = [find_choice(pipeline, name) for name in arguments.selections]
    print(f"{'measure':<28}" + "".join(f"{choice.title[:30]:>32}" for choice in chosen))
    for name in MEASURES:
        if all(name in each.values for each in found):
            cells = "".join(f"{_number(each.values[name]):>24} {each.place(name):<7}" for each in found)
            print(f"{MEASURES[name].title:<28}{cells}")
    print("above, inside and below: of the band of random selections of the same size")
    if len({choice.n for choice in chosen}) > 1:
        print("these selections differ in size, and most measures grow or shrink with it")
    rows = [rows_of(pipeline, choice) for choice in chosen]
    labels = pipeline.array("cluster")
    for other, theirs in zip(chosen[1:], rows[1:], strict=True):
        apart = compare(rows[0], theirs)
        print(
            f"{chosen[0].title} and {other.title}: {len(apart.both):,} in both, {len(apart.only_a):,} only in the first, "
            f"{len(apart.only_b):,} only in the second, Jaccard {apart.jaccard:.3f}"
        )
        if labels is not None:
            names = pipeline.workspace.info("cluster", pipeline.current("cluster"))["names"]
            clusters = by_cluster(apart, labels, names)
            for line in clusters.head(_SHOWN_CLUSTERS).itertuples():
                print(
                    f"  cluster {line.cluster} {line.name}: {line.both} both, {line.only_a} first, {line.only_b} second"
                )
            if len(clusters) > _SHOWN_CLUSTERS:
                print(f"  and {len(clusters) - _SHOWN_CLUSTERS} more clusters, less apart")
    if arguments.stability:
        for choice in chosen:
            if not is_seeded(choice.params.get("method", "")):
                print(f"{choice.title}: no seeds to try")
                continue
            steady = stability(pipeline, StabilityParams(choice.params, arguments.stability), device=arguments.device)
            say_stability(choice.title, choice.params["method"], steady)


def _measured(arguments: argparse.Namespace, names: list[str]) -> list[Evidence]:
    pipeline = open_pipeline(arguments)
    chosen = [find_choice(pipeline, name) for name in names]
    params = read(arguments, MeasureParams)
    if "current" in names and not pipeline.current("select"):
        print("warning: the current selection is out of date; it is measured as it was selected", file=sys.stderr)
    step = Step("measure", {"choices": [choice.id for choice in chosen], "params": params.as_dict()})
    run_in_workspace(pipeline.workspace, [step], arguments)
    pipeline = open_pipeline(arguments)
    found = [found_before(pipeline, rows_of(pipeline, choice), params) for choice in chosen]
    if None in found:
        raise CurationError("The clusters, scores or domains were changed while it was measured; measure again.")
    return found


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
        warn(f"{warning}")
    print(
        "read: how often a training read what was selected; overlap: the share of it that two seeds both select, on average"
    )
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


def _add_version(verbs: Verbs) -> None:
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
        warn(f"{info['shortfall']}")


def _export(arguments: argparse.Namespace) -> None:
    workspace = Workspace(arguments.workspace)
    version = find_version(workspace, arguments.name)
    manifest = export_version(workspace, version, Path(arguments.out))
    if gone := version.n - len(version_rows(workspace, version)):
        print(
            f"warning: {counted(gone, 'of its records is', 'of its records are')} no longer in the data",
            file=sys.stderr,
        )
    print(f"written to {Path(arguments.out).resolve()}, with {manifest.name} beside it")
