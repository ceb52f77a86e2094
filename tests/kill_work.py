"""What `tests/kill.py` kills: the work on a workspace, in steps that can each be done again, as a person would after a crash."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.base.params import Params
from core.daar import stage as daar_stage
from core.daar.domains import Domain, domain_as_dict
from core.daar.params import DaarParams
from core.data.records import RecordParams
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.run import ablate
from core.evidence.ground import MeasureParams
from core.evidence.measuring import measure
from core.evidence.stability import StabilityParams, stability
from core.evidence.versions import find_version, save_version, versions
from core.export.delivery import export_selection, manifest_facts, selected_rows
from core.export.hub.params import PushParams
from core.export.hub.push import push
from core.export.report.writing import write_report
from core.export.splitting import SplitParams
from core.quality.params import QualityParams
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.packing import pack, unpack
from core.run.pipeline import Pipeline
from core.selection import token_counts
from core.selection.balance.stage import BalanceParams
from core.selection.finding.columns import ColumnParams
from core.selection.finding.meaning import MeaningParams
from core.selection.finding.stage import WordParams
from core.selection.params import SelectionParams
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from core.vectors import stage as vectors
from core.vectors import style
from core.vectors.cluster_counts import SuggestParams
from core.vectors.clustering import ClusterParams
from core.vectors.duplicates.params import DuplicateParams, Threshold
from core.vectors.duplicates.stage import groups_at, keep_best, note_of
from core.vectors.embedding import EmbedParams
from core.vectors.naming.stage import RegionParams
from core.vectors.overlap.evaluations import evaluations_in
from core.vectors.overlap.params import OverlapParams
from core.vectors.projection import ProjectParams
from core.vectors.reshaping import merge_clusters, rename_cluster
from core.vectors.topics import TopicParams
from core.workspace.deciding import decide_cluster, decide_clusters, decide_records
from core.workspace.edits import edit_record
from core.workspace.picks import keep_pick
from core.workspace.revising import revise_own
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.stand_ins import quick

N, SHARD, N_CLUSTERS = 240, 32, 8


class Counting(TinyEncoder):
    """An encoder that writes down every shard that it is asked for."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def encode(self, texts):
        with self._log.open("a") as file:
            file.write(f"{len(texts)}\n")
        return super().encode(texts)


@dataclasses.dataclass(frozen=True)
class Case:
    """One folder in which the work is done: data.jsonl and eval.jsonl, the workspace w, what leaves it in out.

    repo: where it is pushed.
    """

    folder: Path
    repo: str

    @property
    def pipeline(self) -> Pipeline:
        """The results as a process that has just begun sees them."""
        return Pipeline(Workspace(self.folder / "w"))

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened anew."""
        return Workspace(self.folder / "w")

    @property
    def out(self) -> Path:
        """Where what leaves the workspace is written."""
        return self.folder / "out"


Do = Callable[[Case], object]


def make_data(folder: Path) -> None:
    """Write what the work begins with; some of its records come twice, some are in the evaluation."""
    records = small_records(N)
    for i in range(0, 40, 4):
        records[N - 1 - i] = records[i] | {"rating": 1}
    write_jsonl(folder / "data.jsonl", records)
    write_jsonl(folder / "eval.jsonl", [{"question": records[i]["instruction"], "answer": "?"} for i in (2, 3, 50)])
    for name in ("out", "tmp"):
        (folder / name).mkdir()


def _stage(name: str, params: Params) -> Do:
    def run(case: Case) -> None:
        encoder = Counting(case.folder / "encoded") if name == "embed" else TinyEncoder()
        case.pipeline.run(name, params, encoder=encoder, device="cpu")

    return run


def _import(case: Case) -> None:
    workspace = Workspace(case.folder / "w", create=True)
    workspace.import_data(case.folder / "data.jsonl", RecordParams())


def _domains() -> tuple[dict, ...]:
    words = {"baking": "bread oven flour", "coding": "python function list", "garden": "garden soil seeds"}
    return tuple(domain_as_dict(Domain(name, text)) for name, text in words.items())


def _target(case: Case) -> None:
    rows = picked(case.workspace.records(), range(12))
    _stage("targets", TargetParams(**rows))(case)


def _overlap(case: Case) -> None:
    evaluations = evaluations_in([str(case.folder / "eval.jsonl")])
    _stage("decontaminate", OverlapParams(evaluations=evaluations))(case)


# Decisions: each is one call of a person's, and the ledger says how many of its lines were there when it was done


def _drop_duplicates(case: Case) -> None:
    pipeline, at = case.pipeline, Threshold("words", 0.95, 0.9)
    found = keep_best(pipeline, groups_at(pipeline, at), "quality")
    decide_records(case.workspace, "drop", found.drop, "ann", note_of(at, "quality"))


def _records(action: str, row: int) -> Do:
    return lambda case: decide_records(case.workspace, action, np.array([row, row + 1]), "ann", f"{row}")


BEFORE_ROUNDS: tuple[tuple[Do, int], ...] = (
    (_records("pin", 1), 1),
    (_records("drop", 8), 1),
    (lambda case: rename_cluster(case.pipeline, 1, "Ours", "ann"), 1),
    (lambda case: edit_record(case.workspace, 1, "output", "A better answer.", "ann"), 1),
    (lambda case: decide_clusters(case.pipeline, "weight", (0, 2, 3), "ben", value=2.0), 3),
    (_drop_duplicates, 1),
    (_records("pin", 15), 1),
    (lambda case: revise_own(case.workspace, "undo", "ann"), 1),
    (lambda case: revise_own(case.workspace, "redo", "ann"), 1),
)
AFTER_ROUNDS: tuple[tuple[Do, int], ...] = (
    (_records("drop", 22), 1),
    (_records("pin", 29), 1),
    (lambda case: decide_cluster(case.pipeline, "weight", 1, "ben", value=0.5), 1),
)
_MERGED: tuple[tuple[Do, int], ...] = ((lambda case: merge_clusters(case.pipeline, (4, 5), "ann"), 1),)


def _decide(decisions: tuple[tuple[Do, int], ...], n_before: int) -> Do:
    """Return what makes those of the decisions that are not there yet, and writes down each that was told to be made."""

    def decide(case: Case) -> None:
        end = n_before
        for make, n_lines in decisions:
            there, end = len(case.workspace.ledger.decisions()), end + n_lines
            if there < end:
                if there != end - n_lines:
                    raise SystemExit(f"a decision of {n_lines} lines has {there - end + n_lines} in the ledger")
                make(case)
            with (case.folder / "decided").open("w") as file:
                file.write(f"{end}")

    return decide


def _n_lines(decisions: tuple[tuple[Do, int], ...]) -> int:
    return sum(n for _, n in decisions)


def _rounds(until: int) -> Do:
    def go_on(case: Case) -> None:
        rounds = Rounds(case.pipeline)
        if not rounds.workspace.ledger.runs():
            rounds.start(RefineParams("40", 2), who="ann")
        advance(rounds, Advance(1, until=until), encoder=TinyEncoder())

    return go_on


# What speaks for a selection, and what leaves


def _measure(case: Case) -> None:
    pipeline = case.pipeline
    measure(pipeline, selected_rows(pipeline), MeasureParams(n_random=2), device="cpu")


def _stability(case: Case) -> None:
    stability(case.pipeline, StabilityParams(SelectionParams("30").as_dict(), 2), device="cpu")


def _ablate(case: Case) -> None:
    small = {"steps": 2, "width": 8, "layers": 1, "heads": 1, "context": 16, "vocabulary": 300}
    asked = AblationParams(("random", "kmq"), "30", n_seeds=2, most_seeds=2, held_out=40, small=small)
    ablate(case.pipeline, asked, device="cpu")


def _version(case: Case) -> None:
    pipeline = case.pipeline
    if not versions(pipeline.workspace):
        save_version(pipeline, "first", manifest_facts(pipeline), who="ann")
    find_version(pipeline.workspace, "first")


def _pick(case: Case) -> None:
    keep_pick(case.workspace, "area", "here", np.arange(5), name="Mine", who="ann")


def _export_split(case: Case) -> None:
    export_selection(case.pipeline, case.out / "parts.jsonl", split=SplitParams("validation=20%", "random"))


def _pack(case: Case) -> None:
    pack(case.folder / "w", case.out / "w.tar.gz")


def _unpack(case: Case) -> None:
    if not (case.folder / "copy").exists():  # a second time it is refused
        unpack(case.out / "w.tar.gz", case.folder / "copy")


def _push(case: Case) -> None:
    push(case.pipeline, PushParams(case.repo, replace=True, license="mit"), device="cpu")


_N_FIRST = _n_lines(BEFORE_ROUNDS)
_N_SECOND = _N_FIRST + _n_lines(AFTER_ROUNDS)
STEPS: dict[str, Do] = {
    "import": _import,
    "embed": _stage("embed", EmbedParams()),
    "cluster": _stage("cluster", ClusterParams(N_CLUSTERS)),
    "project": _stage("project", ProjectParams()),
    "regions": _stage("regions", RegionParams(3)),
    "names": _stage("names", TopicParams("a-model")),
    "suggest": _stage("suggest", SuggestParams(counts=(4, 8))),
    "score": _stage("score", QualityParams()),
    "judge": _stage("score", QualityParams(scorer="judge", model="a-judge")),
    "words": _stage("words", WordParams()),
    "columns": _stage("columns", ColumnParams()),
    "meaning": _stage("meaning", MeaningParams()),
    "tokens": _stage("tokens", token_counts.TokenParams()),
    "balance": _stage("balance", BalanceParams("style", 3, 1.0)),
    "duplicates": _stage("duplicates", DuplicateParams()),
    "decontaminate": _overlap,
    "targets": _target,
    "reward": _stage("reward", DaarParams(_domains(), sample=120, draws=2)),
    "pick": _pick,
    "decide": _decide(BEFORE_ROUNDS, 0),
    "rounds": _rounds(1),
    "decide again": _decide(AFTER_ROUNDS, _N_FIRST),
    "rounds again": _rounds(2),
    "export rounds": lambda case: export_selection(case.pipeline, case.out / "rounds.jsonl"),
    "merge": _decide(_MERGED, _N_SECOND),
    "select": _stage("select", SelectionParams("30", "daar")),
    "measure": _measure,
    "stability": _stability,
    "ablate": _ablate,
    "version": _version,
    "export": lambda case: export_selection(case.pipeline, case.out / "out.jsonl"),
    "split": _export_split,
    "report": lambda case: write_report(case.pipeline, case.out / "report.html"),
    "pack": _pack,
    "unpack": _unpack,
    "push": _push,
}


def prepare(put: Callable[[object, str, object], None] = setattr) -> None:
    """Let shards be small, so that there are several, and probes be trained for a moment. put: sets an attribute."""
    for name in ("train_domain_probe", "train_entropy_probe"):
        put(daar_stage, name, quick(getattr(daar_stage, name)))
    for module, name in ((vectors, "SHARD_ROWS"), (token_counts, "_SHARD_ROWS"), (style, "_SHARD_ROWS")):
        put(module, name, SHARD)
