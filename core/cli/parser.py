"""The command line: `python -m core VERB …`. Exit status 0 done, 1 the data or params are at fault, 2 wrong usage."""

import argparse
import sys
from collections.abc import Sequence

from ..base.device import DEVICES
from ..base.errors import CurationError
from ..models.judge import CRITERIA
from ..quality.params import COMBINED_BY, SCORERS
from ..selection.params import BANDS, GROUPS
from ..selection.method import METHODS
from . import decisions, evidence, refine, stages
from ..selection.methods.by_domain import daar


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs; every verb's function is its default `run`."""
    parser = argparse.ArgumentParser(
        prog="python -m core", description="Winnow: choose a small, diverse set of records to train on."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, summary: str, run, workspace: bool = True) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=summary, description=summary)
        sub.set_defaults(run=run)
        if workspace:
            sub.add_argument("workspace", help="the workspace folder")
        return sub

    curate = verb("curate", "From a data file to a curated JSONL in one go.", stages.curate, workspace=False)
    curate.add_argument("data", help="the data file")
    curate.add_argument("--out", required=True, help="where to write the chosen records")
    curate.add_argument("--map", action="store_true", help="also lay out the map for the app")
    _add_import(curate)
    for add in (_add_embed, _add_cluster, _add_score, _add_select):
        add(curate)
    _add_device(curate)
    _add_seed(curate)

    sub = verb("import", "Read a data file into a workspace.", stages.import_data, workspace=False)
    sub.add_argument("data", help="the data file")
    _add_import(sub)
    sub = verb("embed", "Embed the records' text.", stages.embed)
    _add_embed(sub)
    _add_device(sub)
    sub = verb("cluster", "Cluster the embeddings by k-means and name the clusters.", stages.cluster)
    _add_cluster(sub)
    _add_device(sub)
    _add_seed(sub)
    sub = verb("project", "Lay out the map by UMAP.", stages.project)
    sub.add_argument("--neighbors", type=int, default=15, help="neighbours of a record that the map keeps near (15)")
    sub.add_argument("--min-dist", type=float, default=0.1, help="how tight points may lie (0.1)")
    _add_seed(sub)
    sub = verb("suggest", "Show what several numbers of clusters would give.", stages.suggest)
    sub.add_argument("--counts", default="", help="the numbers to try, as in 64,128,256 (a range around auto)")
    sub.add_argument("--budget", default="10%", help="the budget that clusters are to fill (10%%)")
    _add_device(sub)
    _add_seed(sub)
    sub = verb("score", "Score the records' quality.", stages.score)
    _add_score(sub)
    sub.add_argument("--combine", type=_weights, help="scores made before, with weights, as in heuristic=1,ifd=2")
    sub.add_argument(
        "--combine-by",
        choices=tuple(COMBINED_BY),
        default="rank",
        help="their ranks averaged, or the scores multiplied (rank)",
    )
    sub.add_argument("--estimate", action="store_true", help="only say what judging will take")
    sub.add_argument("--price-in", type=float, default=0.0, help="of a judge, for a million tokens sent")
    sub.add_argument("--price-out", type=float, default=0.0, help="of a judge, for a million tokens answered")
    _add_device(sub)
    sub = verb("select", "Choose records.", stages.select)
    _add_select(sub)
    _add_seed(sub)
    sub = verb("refine", "Choose records in rounds that learn from feedback.", refine.refine)
    refine.add_refine(sub)
    _add_device(sub)
    sub = verb("seeds", "Let a model write seeds for the domains of DaaR.", daar.seeds)
    daar.add_seeds(sub)
    _add_device(sub)
    _add_seed(sub)
    sub = verb("reward", "Choose by DaaR: the records hardest to place in one domain.", daar.reward)
    daar.add_reward(sub)
    _add_device(sub)
    _add_seed(sub)
    sub = verb("measure", "Measure a selection beside random ones of its size.", evidence.measure)
    evidence.add_measure(sub)
    _add_device(sub)
    sub = verb("compare", "Set selections beside each other.", evidence.compare_selections)
    evidence.add_compare(sub)
    _add_device(sub)
    sub = verb("prove", "Train a model on each method's selection; compare held-out losses.", evidence.prove)
    evidence.add_prove(sub)
    _add_device(sub)
    _add_seed(sub)
    sub = verb("report", "Write everything about the current selection as one HTML file.", evidence.report)
    evidence.add_report(sub)
    _add_seed(sub)
    sub = verb("version", "Keep selections under names.", None, workspace=False)
    evidence.add_version(sub)
    _add_round(verb("round", "Carry a round elsewhere and its scores back.", None, workspace=False))
    for name, summary in (
        ("pin", "Records or a cluster that must be chosen."),
        ("drop", "Records or a cluster that must not be chosen."),
        ("clear", "Take pins, drops and weights off records or a cluster."),
    ):
        _add_target(verb(name, summary, decisions.decide))
    sub = verb("weight", "Multiply a cluster's share of the budget.", decisions.weight)
    sub.add_argument("--cluster", type=int, required=True, help="the cluster's number")
    sub.add_argument("--by", type=float, required=True, help="the multiplier, 0 or more; 1 takes it off")
    _add_note(sub)
    verb("undo", "Take back the latest decision.", decisions.undo)
    verb("redo", "Restore the decision last taken back.", decisions.redo)
    sub = verb("status", "Show what is done, stale or missing.", stages.status)
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = verb("use", "Make another selection the current one.", stages.use)
    sub.add_argument("selection", help="#NUMBER, round:RUN.NUMBER, run:NUMBER or version:NAME")
    sub = verb("export", "Write the chosen records and their manifest.", stages.export)
    sub.add_argument("--out", required=True, help="where to write the chosen records")
    sub.add_argument("--unfinished", action="store_true", help="also a run whose rounds are not all selected")
    sub = verb("verify", "Rebuild an export from its source and compare.", stages.verify, workspace=False)
    sub.add_argument("manifest", help="the .manifest.json beside an export")
    sub.add_argument("--data", required=True, help="the source data file")
    sub.add_argument("--output", help="the exported file, if it was moved")
    sub = verb("job", "Do the work of a job that the app has queued.", stages.job)
    sub.add_argument("job_id", type=int, help="the job's number")
    return parser


def _add_round(sub: argparse.ArgumentParser) -> None:
    ways = sub.add_subparsers(dest="way", required=True, metavar="export|import")
    for name, summary, run in (
        ("export", "Write the latest round's records, with what to do.", refine.round_export),
        ("import", "Read the latest round's scores.", refine.round_import),
    ):
        way = ways.add_parser(name, help=summary, description=summary)
        way.set_defaults(run=run)
        way.add_argument("workspace", help="the workspace folder")
        if name == "import":
            way.add_argument("scores", help="a JSONL file with a score for every record")
        else:
            way.add_argument("--out", required=True, help="the folder to write to")
        way.add_argument("--run", dest="run_id", type=int, default=0, help="a run's number (the newest)")


def _add_import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--workspace", help="the workspace folder (workspaces/NAME, or $WINNOW_HOME/NAME)")
    sub.add_argument(
        "--fields", default="", help="which field is what, as in prompt=question,response=answer,source=topic"
    )
    sub.add_argument("--on-error", choices=("fail", "skip"), default="fail", help="what to do at a bad record (fail)")


def _add_embed(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--model", default="", help="a sentence-transformers model by path or hub name (the bundled one)")
    sub.add_argument("--max-tokens", type=int, default=0, help="cut texts there (the model's own limit)")
    sub.add_argument("--embeddings", help="your own vectors, a .npy file with one row a record")


def _add_cluster(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--clusters", default="auto", help="how many, or auto: the square root of the number of records (auto)"
    )
    sub.add_argument("--iterations", type=int, default=25, help="k-means iterations (25)")
    sub.add_argument("--hierarchical", action="store_true", help="k-means of k-means, evener on very uneven data")


def _add_score(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--quality", default="", help="a numeric field of the records; else the heuristic")
    sub.add_argument("--scorer", choices=tuple(SCORERS), default="", help="where scores come from (heuristic)")
    sub.add_argument(
        "--quality-model", default="", help="of ifd and reward a path or hub name, of judge its name at the endpoint"
    )
    sub.add_argument("--criterion", choices=tuple(CRITERIA), default="quality", help="what a judge grades (quality)")
    sub.add_argument(
        "--missing",
        choices=("fail", "lowest"),
        default="fail",
        help="what to do with records that got no usable score (fail)",
    )


def _weights(text: str) -> dict[str, float]:
    pairs = [part.partition("=") for part in text.split(",")]
    return {name.strip(): float(weight or 1) for name, _, weight in pairs}


def _add_select(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--budget", default="10%", help="how many records: a count or a percentage (10%%)")
    sub.add_argument("--method", choices=tuple(METHODS), default="kmq", help="how to choose (kmq)")
    sub.add_argument(
        "--quota", choices=("size", "equal"), default="size", help="a cluster's share of the budget (size)"
    )
    sub.add_argument(
        "--probability",
        choices=("proportional", "softmax"),
        default="proportional",
        help="of a record in kmq, by its quality (proportional)",
    )
    sub.add_argument("--replacement", action="store_true", help="draw with replacement; a record may then come twice")
    sub.add_argument("--threshold", type=float, default=0.9, help="in deita, the cosine that is too much alike (0.9)")
    sub.add_argument("--customise", default="", help="in daar, a domain to favour")
    sub.add_argument(
        "--band", choices=BANDS, default="0-20", help="of inter-band and intra-band, least alike first (0-20)"
    )
    sub.add_argument("--groups", choices=tuple(GROUPS), default="domains", help="what those bands go by (domains)")
    sub.add_argument("--alpha", type=float, default=0.5, help="in qdit, the weight of quality, 0 to 1 (0.5)")


def _add_device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", choices=DEVICES, default="auto", help="where to compute (auto)")


def _add_seed(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--seed", type=int, default=0, help="of everything random (0)")


def _add_target(sub: argparse.ArgumentParser) -> None:
    target = sub.add_mutually_exclusive_group(required=True)
    target.add_argument("--rows", help="record numbers, as in 3,17,40-59")
    target.add_argument("--cluster", type=int, help="a cluster's number")
    target.add_argument("--search", help="every record whose text holds these words")
    _add_note(sub)


def _add_note(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--note", default="", help="why, for those who read it later")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except CurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 130
    return 0
