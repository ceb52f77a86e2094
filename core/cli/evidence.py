"""The verbs of evidence: measure, compare, why."""

import argparse
import json

import numpy as np

from ..base.errors import CurationError
from ..base.params import check_count
from ..evidence.candidates import Choice, find_choice, rows_of
from ..evidence.ground import MeasureParams
from ..evidence.measuring import Evidence, found_before
from ..evidence.stability import LEAST_SEEDS, StabilityParams, stability
from ..evidence.why import why
from ..measures.compare import by_cluster, compare
from ..measures.measure import MEASURES
from ..run.pipeline import Pipeline
from ..run.tasks import Step
from ..selection.method import is_seeded
from ..workspace.shape import cluster_names
from .decisions import parse_rows
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
    sub = verbs.add("why", "Say why records are selected or not.", say_why)
    sub.add_argument("rows", metavar="ROWS", help="record numbers, as in 3,17,40-59")


def say_why(arguments: argparse.Namespace) -> None:
    """Say of each record, in a sentence, why it is in the current selection or not."""
    pipeline = open_pipeline(arguments)
    rows = parse_rows(arguments.rows, pipeline.n_records())
    for row, said in zip(rows.tolist(), why(pipeline, rows), strict=True):
        print(f"{row:>9}  {said or 'Nothing is selected yet.'}")


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
    _say_measures(chosen, found)
    rows = [rows_of(pipeline, choice) for choice in chosen]
    for other, theirs in zip(chosen[1:], rows[1:], strict=True):
        _say_difference(pipeline, (chosen[0], rows[0]), (other, theirs))
    if arguments.stability:
        _say_stabilities(pipeline, chosen, arguments)


def _say_measures(chosen: list[Choice], found: list[Evidence]) -> None:
    print(f"{'measure':<28}" + "".join(f"{choice.title[:30]:>32}" for choice in chosen))
    for name in MEASURES:
        if all(name in each.values for each in found):
            cells = "".join(f"{_number(each.values[name]):>24} {each.place(name):<7}" for each in found)
            print(f"{MEASURES[name].title:<28}{cells}")
    print("above, inside and below: of the band of random selections of the same size")
    if len({choice.n for choice in chosen}) > 1:
        print("these selections differ in size, and most measures grow or shrink with it")


def _say_difference(pipeline: Pipeline, one: tuple[Choice, np.ndarray], other: tuple[Choice, np.ndarray]) -> None:
    apart = compare(one[1], other[1])
    print(
        f"{one[0].title} and {other[0].title}: {len(apart.both):,} in both, {len(apart.only_a):,} only in the first, "
        f"{len(apart.only_b):,} only in the second, Jaccard {apart.jaccard:.3f}"
    )
    labels = pipeline.array("cluster")
    if labels is None:
        return
    clusters = by_cluster(apart, labels, cluster_names(pipeline))
    for line in clusters.head(_SHOWN_CLUSTERS).itertuples():
        print(f"  cluster {line.cluster} {line.name}: {line.both} both, {line.only_a} first, {line.only_b} second")
    if len(clusters) > _SHOWN_CLUSTERS:
        print(f"  and {len(clusters) - _SHOWN_CLUSTERS} more clusters, less apart")


def _say_stabilities(pipeline: Pipeline, chosen: list[Choice], arguments: argparse.Namespace) -> None:
    for choice in chosen:
        if not is_seeded(choice.params):
            print(f"{choice.title}: no seeds to try")
            continue
        steady = stability(pipeline, StabilityParams(choice.params, arguments.stability), device=arguments.device)
        say_stability(choice.title, choice.params["method"], steady)


def _measured(arguments: argparse.Namespace, names: list[str]) -> list[Evidence]:
    pipeline = open_pipeline(arguments)
    chosen = [find_choice(pipeline, name) for name in names]
    params = read(arguments, MeasureParams)
    if "current" in names and not pipeline.current("select"):
        warn("the current selection is out of date; it is measured as it was selected")
    step = Step("measure", {"choices": [choice.id for choice in chosen], "params": params.as_dict()})
    run_in_workspace(pipeline.workspace, [step], arguments)
    pipeline = open_pipeline(arguments)
    found = [found_before(pipeline, rows_of(pipeline, choice), params) for choice in chosen]
    if None in found:
        raise CurationError("The clusters, scores or domains were changed while it was measured; measure again.")
    return found
