"""The verbs of the stages, one each, with the options that their params have."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.errors import CurationError
from ..base.files import file_sha256
from ..base.params import Params
from ..base.text import counted
from ..models.encoder import BUNDLED
from ..models.judge import named_model
from ..quality.params import QualityParams
from ..quality.scorers.judge import judge_estimate
from ..quality.stage import scores_made
from ..run.pipeline import STAGES, Pipeline
from ..vectors.embedding import EmbedParams
from ..vectors.naming.stage import regions_of
from ..vectors.topics import TopicParams, topic_model, topics_of
from ..workspace.shape import cluster_names, found_names
from .opening import open_pipeline, run_stage, say_selection, scores_named, warn
from .options import add_device, add_engine, add_options, read
from .verbs import Verbs

_WITHOUT_VERB = ("style", "balance")  # found by `select` where a quota goes by them
_OWN_VERB = ("reward", "duplicates", "decontaminate", "targets")  # its verb does more than the stage
_BY_ENGINE = ("embed", "cluster", "score", "tokens", "select")  # shards of all records
_ON_THE_CPU = ("names", "project", "regions", "words", "columns", "meaning", "tokens")


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    for name, stage in STAGES.items():
        if name not in (*_OWN_VERB, *_WITHOUT_VERB):
            sub = verbs.add(name, stage.help, lambda arguments, name=name: _run(name, arguments))
            add_stage_options(sub, name)
            if name == "score":
                _add_scoring(sub)
            if name not in _ON_THE_CPU:
                add_device(sub)
            if name in _BY_ENGINE:
                add_engine(sub)


def add_stage_options(sub: argparse.ArgumentParser, name: str) -> None:
    """Declare the options of a stage's params, and those that its params are made from."""
    if name == "score":
        add_options(sub, QualityParams, "column", "scorer", "model", "criterion", "missing")
        return
    add_options(sub, STAGES[name].params)
    if name == "embed":
        sub.add_argument("--embeddings", help="your own embeddings, a .npy file with one row a record")


def _add_scoring(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--combine", type=_weights, help="scores made before, with weights, as in heuristic=1,ifd=2")
    add_options(sub, QualityParams, "combine_by")
    sub.add_argument("--estimate", action="store_true", help="only say what judging will take")
    sub.add_argument("--price-in", type=float, default=0.0, help="of a judge, for a million tokens sent")
    sub.add_argument("--price-out", type=float, default=0.0, help="of a judge, for a million tokens answered")


def _weights(text: str) -> dict[str, float]:
    pairs = [part.partition("=") for part in text.split(",")]
    return {name.strip(): float(weight or 1) for name, _, weight in pairs}


def params_of(name: str, arguments: argparse.Namespace) -> Params:
    """Return the params of a stage that the command line gives. Raises CurationError."""
    if name == "embed" and arguments.embeddings:
        if arguments.model != BUNDLED:
            raise CurationError("--model and --embeddings can't be given together; give one of them.")
        return EmbedParams(model="", vectors=file_sha256(Path(arguments.embeddings)))
    if name == "score":
        return _quality_params(arguments)
    if name == "names":
        return read(arguments, TopicParams, model=topic_model(arguments.model or ""))
    return read(arguments, STAGES[name].params)


def _quality_params(arguments: argparse.Namespace) -> QualityParams:
    parts: list[tuple[float, dict[str, Any]]] = []
    if combined := getattr(arguments, "combine", None):
        made = scores_made(open_pipeline(arguments).workspace.ledger.settings())
        parts = [(weight, scores_named(made, name).as_dict()) for name, weight in combined.items()]
    own: dict[str, Any] = {"parts": tuple(parts)} | ({"scorer": "combine"} if parts else {"combine_by": "rank"})
    if own.get("scorer", arguments.scorer) == "judge":
        own["model"] = named_model(arguments.quality_model)
    return read(arguments, QualityParams, **own)


def _run(name: str, arguments: argparse.Namespace) -> None:
    params = params_of(name, arguments)
    if name == "score" and params.scorer == "judge":
        records = open_pipeline(arguments).workspace.records()
        for line in judge_estimate(records, params, arguments.price_in, arguments.price_out):
            print(line, file=sys.stderr)
        if arguments.estimate:
            return
    pipeline = run_stage(name, params, arguments)
    if name in _SAY:
        _SAY[name](pipeline)


def _say_clusters(pipeline: Pipeline) -> None:
    info = pipeline.finished("cluster")
    for number, (size, name) in enumerate(zip(info["sizes"], cluster_names(pipeline), strict=True)):
        if size:  # one that was merged into another is not shown
            print(f"{number:>5} {size:>9,}  {name}")


def _say_names(pipeline: Pipeline) -> None:
    info, named, missed = pipeline.finished("cluster"), topics_of(pipeline), pipeline.finished("names")["n_bad"]
    terms = found_names(pipeline, pipeline.current("cluster"))
    for number, (size, found) in enumerate(zip(info["sizes"], terms, strict=True)):
        if size:
            print(f"{number:>5} {size:>9,}  {named.get(number, '-'):<40}  {found}")
    if missed:
        warn(f"{counted(missed, 'cluster')} got no usable name and keep their terms")


def _say_regions(pipeline: Pipeline) -> None:
    for region in regions_of(pipeline):
        print(f"{region.records:>9,}  {region.name}")


def _say_counts(pipeline: Pipeline) -> None:
    info = pipeline.finished("suggest")
    print(f"{'clusters':>9} {'silhouette':>11} {'objective':>10} {'too small':>10} {'singletons':>11}")
    for line in info["choices"]:
        print(
            f"{line['n_clusters']:>9,} {line['silhouette']:>11.3f} {line['objective']:>10.4f} {line['too_small']:>10.0%} "
            f"{line['singletons']:>11.0%}"
        )
    print(*info["advice"], sep="\n")


def _say_missing_scores(pipeline: Pipeline) -> None:
    if n_missing := pipeline.finished("score").get("n_missing"):
        warn(f"{counted(n_missing, 'record')} got no score and were given the lowest")


_SAY: dict[str, Callable[[Pipeline], None]] = {
    "cluster": _say_clusters,
    "names": _say_names,
    "regions": _say_regions,
    "suggest": _say_counts,
    "score": _say_missing_scores,
    "select": say_selection,
}
