"""What each verb of the command line does. Parsing is in `__main__.py`, the work in the stages."""

import argparse
import json
import sys
from pathlib import Path

from ..base.errors import CurationError
from ..base.files import file_sha256
from ..base.params import Params
from ..base.text import counted
from ..data import manifest as exporting
from ..data.records import RecordParams
from ..data.targets import check_out, source_of
from ..evidence.current import Current, current_selection, make_current
from ..evidence.redraw import overlap_warning
from ..evidence.stability import Stability
from ..export import delivery
from ..models.encoder import BUNDLED
from ..models.judge import named_model
from ..quality.params import QualityParams
from ..quality.scorers.judge import judge_estimate
from ..quality.stage import scores_made
from ..run import jobs
from ..run.pipeline import Pipeline, open_workspace
from ..run.tasks import Step, run_steps
from ..selection.params import SelectionParams
from ..vectors.cluster_counts import SuggestParams, parse_counts
from ..vectors.clustering import ClusterParams
from ..vectors.embedding import EmbedParams
from ..vectors.projection import ProjectParams
from ..workspace.deciding import overrides_of
from ..workspace.workspace import Workspace, default_folder
from .terminal import Report


def curate(arguments: argparse.Namespace) -> None:
    """Run every stage that the method needs, then export."""
    select_params = _select_params(arguments)
    stages: list[tuple[str, Params]] = []
    needs = select_params.needs
    if "reward" in needs:
        raise CurationError(
            f"{select_params.method} goes by domains; import and embed the data, then: python -m core reward …"
        )
    if {"embed", "cluster"} & set(needs) or arguments.map:
        stages.append(("embed", _embed_params(arguments)))
    if "cluster" in needs:
        stages.append(("cluster", _cluster_params(arguments)))
    if arguments.map:
        stages.append(("project", ProjectParams(seed=arguments.seed)))
    if "score" in needs:
        stages.append(("score", _quality_params(arguments)))
    stages.append(("select", select_params))
    check_out(Path(arguments.out), [source_of(Path(arguments.data))])
    workspace = _workspace_for(arguments)
    steps = [_import_step(arguments), *(Step(stage, params.as_dict()) for stage, params in stages)]
    run_in_workspace(workspace, steps, arguments)
    _export(Pipeline(workspace), Path(arguments.out))


def use(arguments: argparse.Namespace) -> None:
    """Make a run, a round, an earlier selection or a version the current selection."""
    say_current(make_current(open_pipeline(arguments), arguments.selection))


def import_data(arguments: argparse.Namespace) -> None:
    """Read a data file into its workspace."""
    workspace = _workspace_for(arguments)
    run_in_workspace(workspace, [_import_step(arguments)], arguments)
    dataset = workspace.dataset()
    print(f"{counted(dataset.n_records, 'record')} in {workspace.folder} ({dataset.fields})")


def embed(arguments: argparse.Namespace) -> None:
    """Run the embed stage."""
    _run_stage("embed", _embed_params(arguments), arguments)


def cluster(arguments: argparse.Namespace) -> None:
    """Run the cluster stage and list the clusters."""
    pipeline = _run_stage("cluster", _cluster_params(arguments), arguments)
    info = pipeline.workspace.info("cluster", pipeline.current("cluster"))
    for number, (size, name) in enumerate(zip(info["sizes"], info["names"], strict=True)):
        print(f"{number:>5} {size:>9,}  {name}")


def project(arguments: argparse.Namespace) -> None:
    """Run the project stage."""
    _run_stage("project", ProjectParams(arguments.neighbors, arguments.min_dist, arguments.seed), arguments)


def score(arguments: argparse.Namespace) -> None:
    """Run the score stage; a judge's cost is said first."""
    params = _quality_params(arguments)
    if params.scorer == "judge":
        records = open_pipeline(arguments).workspace.records()
        for line in judge_estimate(records, params, arguments.price_in, arguments.price_out):
            print(line, file=sys.stderr)
        if arguments.estimate:
            return
    pipeline = _run_stage("score", params, arguments)
    info = pipeline.workspace.info("score", pipeline.current("score"))
    if info.get("n_missing"):
        print(
            f"warning: {counted(info['n_missing'], 'record')} got no score and were given the lowest", file=sys.stderr
        )


def suggest(arguments: argparse.Namespace) -> None:
    """Show what several numbers of clusters would give, with advice."""
    pipeline = open_pipeline(arguments)
    params = SuggestParams(arguments.budget, parse_counts(arguments.counts), arguments.seed)
    run_in_workspace(pipeline.workspace, [Step("suggest", params.as_dict())], arguments)
    pipeline = open_pipeline(arguments)
    info = pipeline.workspace.info("suggest", pipeline.current("suggest"))
    print(f"{'clusters':>9} {'silhouette':>11} {'objective':>10} {'too small':>10} {'singletons':>11}")
    for line in info["choices"]:
        print(
            f"{line['n_clusters']:>9,} {line['silhouette']:>11.3f} {line['objective']:>10.4f} {line['too_small']:>10.0%} "
            f"{line['singletons']:>11.0%}"
        )
    print(*info["advice"], sep="\n")


def select(arguments: argparse.Namespace) -> None:
    """Run the select stage and say what was found."""
    _say_selection(_run_stage("select", _select_params(arguments), arguments))


def status(arguments: argparse.Namespace) -> None:
    """Show the dataset, the stages, the decisions and the selection."""
    pipeline = open_pipeline(arguments)
    dataset = pipeline.workspace.dataset()
    overrides = overrides_of(pipeline)
    selection, current = pipeline.table("select"), current_selection(pipeline)
    facts = {
        "dataset": {
            "file": dataset.path,
            "records": dataset.n_records,
            "rejects": dataset.n_rejects,
            "fields": dataset.fields,
        },
        "stages": {stage: pipeline.state(stage) for stage, about in pipeline.stages.items() if about.leads},
        "decisions": {
            "pinned": len(overrides.pinned),
            "dropped": len(overrides.dropped),
            "weighted_clusters": len(overrides.multipliers),
            "set_aside": len(overrides.set_aside),
        },
        "selected": None if selection is None else len(selection),
        "selection": None if current is None else current.as_facts() | {"up_to_date": current.is_up_to_date},
    }
    if arguments.json:
        print(json.dumps(facts, indent=1))
        return
    print(
        f"data      {dataset.path}\nrecords   {dataset.n_records:,} ({dataset.n_rejects:,} not taken), {dataset.fields}"
    )
    for stage, state in facts["stages"].items():
        print(f"{stage:<9} {state}")
    print("decisions " + ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in facts["decisions"].items()))
    print(f"selected  {'-' if selection is None else format(len(selection), ',')}")
    print(f"selection {'-' if current is None else current.title}{'' if selection or not current else ', out of date'}")


def export(arguments: argparse.Namespace) -> None:
    """Write the current selection."""
    _export(open_pipeline(arguments), Path(arguments.out), arguments.unfinished)


def verify(arguments: argparse.Namespace) -> None:
    """Rebuild an export and compare."""
    output = Path(arguments.output) if arguments.output else None
    held = exporting.verify(Path(arguments.manifest), Path(arguments.data), output)
    print(f"verified: {counted(held['output']['n_lines'], 'line')}, rebuilt byte for byte from {arguments.data}")


def job(arguments: argparse.Namespace) -> None:
    """Do a queued job's work."""
    jobs.run_job(Workspace(arguments.workspace), arguments.job_id)


def _workspace_for(arguments: argparse.Namespace) -> Workspace:
    file_sha256(arguments.data)  # a wrong path must not leave an empty workspace behind
    return Workspace(arguments.workspace or default_folder(Path(arguments.data)), create=True)


def open_pipeline(arguments: argparse.Namespace) -> Pipeline:
    """Open the workspace that a verb was given; its current selection obeys what was decided since, if it can."""
    return open_workspace(Workspace(arguments.workspace))


def say_current(current: Current) -> None:
    """Print what the current selection is, and what it lacks."""
    print(f"current selection: {current.title}: {current.size}")
    if current.shortfall:
        print(f"warning: {current.shortfall}", file=sys.stderr)


def _import_step(arguments: argparse.Namespace) -> Step:
    return Step("import", RecordParams(arguments.fields, arguments.on_error).as_dict(), data=arguments.data)


def _run_stage(stage: str, params: Params, arguments: argparse.Namespace) -> Pipeline:
    workspace = Workspace(arguments.workspace)
    workspace.dataset()
    run_in_workspace(workspace, [Step(stage, params.as_dict())], arguments)
    return Pipeline(workspace)


def run_in_workspace(workspace: Workspace, steps: list[Step], arguments: argparse.Namespace) -> None:
    """Run steps with what the command line says of device and vectors, and show how far they are."""
    report = Report()
    vectors = getattr(arguments, "embeddings", None)
    try:
        run_steps(workspace, steps, report, getattr(arguments, "device", "cpu"), Path(vectors) if vectors else None)
    except BaseException:
        report.close(failed=True)
        workspace.remove()  # only where it was made for this import, which failed
        raise
    report.close()
    if steps[0].do == "import" and (n_rejects := workspace.dataset().n_rejects):
        print(
            f"{counted(n_rejects, 'record was', 'records were')} not taken; the reasons are in "
            f"{workspace.folder / 'rejects.jsonl'}",
            file=sys.stderr,
        )


def _embed_params(arguments: argparse.Namespace) -> EmbedParams:
    if arguments.embeddings:
        if arguments.model:
            raise CurationError("--model and --embeddings exclude each other; give one of them.")
        return EmbedParams(model="", vectors=file_sha256(Path(arguments.embeddings)))
    return EmbedParams(arguments.model or BUNDLED, arguments.max_tokens)


def _quality_params(arguments: argparse.Namespace) -> QualityParams:
    parts = []
    for name, weight in (getattr(arguments, "combine", None) or {}).items():
        made = scores_made(open_pipeline(arguments).workspace.ledger.settings())
        if name not in made:
            have = ", ".join(sorted(made)) or "none"
            raise CurationError(f"There are no scores by {name} to combine; there are: {have}.")
        parts.append((weight, made[name].as_dict()))
    scorer = "combine" if parts else arguments.scorer
    return QualityParams(
        column=arguments.quality,
        scorer=scorer,
        model=named_model(arguments.quality_model) if scorer == "judge" else arguments.quality_model,
        criterion=arguments.criterion,
        missing=arguments.missing,
        parts=tuple(parts),
        combine_by=arguments.combine_by if parts else "rank",
    )


def _cluster_params(arguments: argparse.Namespace) -> ClusterParams:
    text = str(arguments.clusters)
    if text != "auto" and (not text.isdecimal() or int(text) < 1):
        raise CurationError(f"clusters is {text!r}; it must be a count of at least 1, or auto.")
    return ClusterParams(
        0 if text == "auto" else int(text), arguments.iterations, arguments.seed, arguments.hierarchical
    )


def _select_params(arguments: argparse.Namespace) -> SelectionParams:
    return SelectionParams(
        arguments.budget,
        arguments.method,
        arguments.quota,
        arguments.probability,
        arguments.replacement,
        arguments.seed,
        arguments.threshold,
        arguments.alpha,
        arguments.customise,
        arguments.band,
        arguments.groups,
    )


def _say_selection(pipeline: Pipeline) -> None:
    info = pipeline.finished("select")
    print(f"{info['n_selected']:,} of {counted(pipeline.workspace.dataset().n_records, 'record')} selected")
    for warning in filter(None, [info["shortfall"], *info["warnings"]]):
        print(f"warning: {warning}", file=sys.stderr)


def _export(pipeline: Pipeline, out: Path, unfinished: bool = False) -> None:
    manifest = delivery.export_selection(pipeline, out, unfinished)
    print(f"current selection: {current_selection(pipeline).title}")
    _say_selection(pipeline)
    print(f"written to {out.resolve()}, with {manifest.name} beside it")


def say_stability(title: str, method: str, found: Stability) -> None:
    """Print how alike several seeds select, and a warning where that is too little."""
    print(f"{title}: over {found.n_seeds} seeds, mean Jaccard {found.jaccard:.3f}, overlap {found.overlap:.0%}")
    if warning := overlap_warning(method, found.overlap, found.n_seeds):
        print(f"warning: {warning}", file=sys.stderr)
