"""What `tests/kill.py` kills: the work on a workspace, in steps that can each be done again, as a person would after a crash."""

from collections.abc import Callable

from core.daar import stage as daar_stage
from core.daar.params import DaarParams
from core.quality.params import QualityParams
from core.run import jobs
from core.selection import token_counts
from core.selection.balance.stage import BalanceParams
from core.selection.finding.columns import ColumnParams
from core.selection.finding.meaning import MeaningParams
from core.selection.finding.stage import WordParams
from core.selection.params import SelectionParams
from core.vectors import stage as vectors
from core.vectors import style
from core.vectors.cluster_counts import SuggestParams
from core.vectors.clustering import ClusterParams
from core.vectors.duplicates.params import DuplicateParams
from core.vectors.embedding import EmbedParams
from core.vectors.naming.stage import RegionParams
from core.vectors.projection import ProjectParams
from core.vectors.topics import TopicParams
from tests import kill_evidence, kill_jobs, kill_people, kill_stages, kill_ways_out
from tests.kill_case import N_CLUSTERS, SHARD, Do
from tests.kill_stages import stage
from tests.stand_ins import quick

STEPS: dict[str, Do] = {
    "import": kill_stages.import_data,
    "fetch": kill_stages.fetch,
    "job": kill_jobs.job,
    "embed": stage("embed", EmbedParams()),
    "cluster": stage("cluster", ClusterParams(N_CLUSTERS)),
    "project": stage("project", ProjectParams()),
    "regions": stage("regions", RegionParams(3)),
    "names": stage("names", TopicParams("a-model")),
    "suggest": stage("suggest", SuggestParams(counts=(4, 8))),
    "score": stage("score", QualityParams()),
    "judge": stage("score", QualityParams(scorer="judge", model="a-judge")),
    "words": stage("words", WordParams()),
    "columns": stage("columns", ColumnParams()),
    "meaning": stage("meaning", MeaningParams()),
    "tokens": stage("tokens", token_counts.TokenParams()),
    "balance": stage("balance", BalanceParams("style", 3, 1.0)),
    "duplicates": stage("duplicates", DuplicateParams()),
    "decontaminate": kill_stages.overlap,
    "targets": kill_stages.target,
    "seeds": kill_stages.seeds,
    "reward": stage("reward", DaarParams(kill_stages.domains(), sample=120, draws=2)),
    "pick": kill_people.pick,
    "decide": kill_people.before_rounds,
    "rounds": kill_people.rounds(1),
    "decide again": kill_people.after_rounds,
    "rounds again": kill_people.rounds(2),
    "export rounds": kill_ways_out.export("rounds.jsonl"),
    "merge": kill_people.merge,
    "select": stage("select", SelectionParams("30", "daar")),
    "measure": kill_evidence.measure,
    "stability": kill_evidence.stability,
    "embedders": kill_evidence.embedders,
    "ablate": kill_evidence.ablate,
    "version": kill_ways_out.version,
    "export": kill_ways_out.export("out.jsonl"),
    "split": kill_ways_out.split,
    "trainers": kill_ways_out.trainers,
    "report": kill_ways_out.report,
    "pack": kill_ways_out.pack,
    "unpack": kill_ways_out.unpack,
    "push": kill_ways_out.push,
}
WORKERS = {"worker": "job"}  # what is killed in the process that a step starts: {its name: the step}
TARGETS = (*STEPS, *WORKERS)


def prepare(put: Callable[[object, str, object], None] = setattr) -> None:
    """Let what takes long or comes in one piece be short or in several. put: sets an attribute.

    Shards and what is fetched at once are small, probes are trained for a moment, and a job that nobody began is given up soon.
    """
    for name in ("train_domain_probe", "train_entropy_probe"):
        put(daar_stage, name, quick(getattr(daar_stage, name)))
    for module, name in ((vectors, "SHARD_ROWS"), (token_counts, "_SHARD_ROWS"), (style, "_SHARD_ROWS")):
        put(module, name, SHARD)
    put(jobs, "_START_SECONDS", 3)
    put(jobs, "_PACKAGE", kill_jobs.WORKER)
