"""Running the score stage on a workspace: whichever scorer, in shards where a model works, so that a killed run goes on."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from core.causal import load_causal
from core.errors import CurationError
from core.files import read_table, write_table
from core.judge import JudgeParams, estimate, judge
from core.progress import part_of
from core.quality import QualityParams, score_quality
from core.record_table import RecordTable
from core.reward_model import RewardModel
from core.scorers import combine_by_product, combine_by_rank, ifd_scores

if TYPE_CHECKING:
    from core.runners import Run

Result = tuple[dict[str, Any], dict[str, np.ndarray | pa.Table]]
ScoreBlock = Callable[..., dict[str, np.ndarray]]
_SHARD_RECORDS = 256


def run_score(run: "Run") -> Result:
    """Score every record as `run.params` says; the table has `score` and what it was made of."""
    info, table = _SCORE[run.params.scorer](run)
    scores = table["score"].to_numpy()
    missing = ~np.isfinite(scores)
    if missing.all():
        raise CurationError(f"Not one of {len(scores):,} records got a score. {info.get('why', '')}".strip())
    if missing.any():
        if run.params.missing == "fail":
            raise CurationError(
                f"{int(missing.sum()):,} of {len(scores):,} records got no score, the first is record {int(missing.argmax())}. "
                f"{info.get('why', '')} What was scored is kept: run it again to try those again, or give them the lowest "
                "score with missing=lowest."
            )
        scores = np.where(missing, scores[~missing].min(), scores)
        table = table.set_column(table.column_names.index("score"), "score", pa.array(scores, pa.float32()))
    return info | {"n_missing": int(missing.sum())}, {"value": table}


def _in_batches(run: "Run") -> tuple[dict[str, Any], pa.Table]:
    records = run.pipeline.workspace.records()

    def counted() -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in records.batches():
            yield batch
            done += len(batch)
            run.progress(done, len(records))

    return {}, score_quality(counted(), run.params)


def _by_ifd(run: "Run") -> tuple[dict[str, Any], pa.Table]:
    lm = load_causal(run.params.model, run.device, run.params.max_tokens)
    why = "A record without a response has no instruction-following difficulty."
    return {"device": lm.device, "why": why}, _in_shards(run, lambda *pair: ifd_scores(lm, *pair))


def _by_reward(run: "Run") -> tuple[dict[str, Any], pa.Table]:
    model = RewardModel(run.params.model, run.device, run.params.max_tokens)
    return {"device": model.device}, _in_shards(
        run, lambda prompts, responses, progress: {"score": model.score(prompts, responses, progress=progress)}
    )


def _in_shards(run: "Run", score: ScoreBlock) -> pa.Table:
    """Score 256 records at a time; a shard that is there already is not scored again."""
    workspace = run.pipeline.workspace
    records, folder = workspace.records(), workspace.shard_folder("score", run.pipeline.key("score", run.params.asked))
    n, shards = len(records), []
    for start in range(0, n, _SHARD_RECORDS):
        rows = np.arange(start, min(start + _SHARD_RECORDS, n))
        path = folder / f"shard-{start // _SHARD_RECORDS:06d}.arrow"
        if not path.exists():
            pairs = records.take(rows, ["prompt", "response"])
            within = part_of(lambda done, total: run.progress(done * n, n), start / n, (rows[-1] + 1) / n)
            columns = score(pairs["prompt"].to_pylist(), pairs["response"].to_pylist(), within)
            write_table(path, pa.table({name: pa.array(column, pa.float32()) for name, column in columns.items()}))
        shards.append(read_table(path))
        run.progress(int(rows[-1]) + 1, n)
    return pa.concat_tables(shards)


def _by_judge(run: "Run") -> tuple[dict[str, Any], pa.Table]:
    workspace = run.pipeline.workspace
    folder = workspace.shard_folder("score", run.pipeline.key("score", run.params.asked))
    pairs = pa.Table.from_batches(workspace.records().batches(["prompt", "response"]))
    params = JudgeParams(run.params.criterion, run.params.model)
    verdicts = judge(
        pairs["prompt"].to_pylist(), pairs["response"].to_pylist(), params, folder / "answers.jsonl", run.progress
    )
    info = verdicts.info
    if verdicts.bad:
        row, answer = next(iter(verdicts.bad.items()))
        info = info | {"why": f"On record {row} the judge {answer}."}
    return info, pa.table({"score": pa.array(verdicts.scores, pa.float32())})


def _by_combination(run: "Run") -> tuple[dict[str, Any], pa.Table]:
    pipeline = run.pipeline
    scores, names, weights = [], [], []
    for weight, values in run.params.parts:
        params = QualityParams.from_dict(values)
        key = pipeline.key("score", params)
        if not pipeline.workspace.has("score", key):
            raise CurationError(
                f"There are no scores by {params.name} yet",
                command="run: python -m core score … first",
                page="score the records that way first, under Score quality another way on the Data page",
            )
        scores.append(pipeline.workspace.table("score", key)["score"].to_numpy())
        names.append(params.name)
        weights.append(weight)
    combine = {"rank": combine_by_rank, "product": combine_by_product}[run.params.combine_by]
    columns = {"score": combine(scores, weights)} | {
        f"{i} {name}": score for i, (name, score) in enumerate(zip(names, scores, strict=True), 1)
    }
    return {}, pa.table({name: pa.array(column, pa.float32()) for name, column in columns.items()})


_SCORE: dict[str, Callable[["Run"], tuple[dict[str, Any], pa.Table]]] = {
    "heuristic": _in_batches,
    "column": _in_batches,
    "ifd": _by_ifd,
    "reward": _by_reward,
    "judge": _by_judge,
    "combine": _by_combination,
}


def judge_estimate(records: RecordTable, params: QualityParams, price_in: float = 0, price_out: float = 0) -> list[str]:
    """Return in words what judging all records will take. Prices are for a million tokens, sent and answered."""
    pairs = pa.Table.from_batches(records.batches(["prompt", "response"]))
    asked = JudgeParams(params.criterion, params.model)
    told = estimate(pairs["prompt"].to_pylist(), pairs["response"].to_pylist(), asked)
    lines = [
        f"Judging takes {told['requests']:,} requests, about {told['tokens_sent']:,} tokens sent and "
        f"{told['tokens_answered']:,} answered; bad answers are asked again, up to {asked.attempts} times."
    ]
    if price_in or price_out:
        cost = (told["tokens_sent"] * price_in + told["tokens_answered"] * price_out) / 1e6
        lines.append(f"At these prices about {cost:,.2f}.")
    return lines


def scores_made(settings: dict[str, dict[str, Any]]) -> dict[str, QualityParams]:
    """Return {name: params} of the latest scores by each scorer, from the workspace's settings."""
    return {
        name.removeprefix("score:"): QualityParams.from_dict(values)
        for name, values in settings.items()
        if name.startswith("score:")
    }
