"""Quality by an LLM judge behind an OpenAI-compatible endpoint."""

import pyarrow as pa

from ...data.record_table import RecordTable
from ...models.judge import JudgeParams, estimate, judge
from ...workspace.results import Run
from ..by_records import shard_folder
from ..params import QualityParams
from ..scorer import SCORERS, Scored, Scorer


def _score(run: Run) -> Scored:
    pairs = pa.Table.from_batches(run.results.workspace.records().batches(["prompt", "response"]))
    params = JudgeParams(run.params.criterion, run.params.model)
    verdicts = judge(
        pairs["prompt"].to_pylist(),
        pairs["response"].to_pylist(),
        params,
        shard_folder(run) / "answers.jsonl",
        run.progress,
    )
    info = verdicts.info
    if verdicts.bad:
        row, answer = next(iter(verdicts.bad.items()))
        info = info | {"why": f"On record {row} the judge {answer}."}
    return info, pa.table({"score": pa.array(verdicts.scores, pa.float32())})


def judge_estimate(records: RecordTable, params: QualityParams, price_in: float = 0, price_out: float = 0) -> list[str]:
    """Return in words what judging all records will take. Prices are for a million tokens, sent and answered."""
    pairs = pa.Table.from_batches(records.batches(["prompt", "response"]))
    asked = JudgeParams(params.criterion, params.model)
    reported = estimate(pairs["prompt"].to_pylist(), pairs["response"].to_pylist(), asked)
    lines = [
        f"Judging takes {reported['requests']:,} requests, about {reported['tokens_sent']:,} tokens sent and "
        f"{reported['tokens_answered']:,} answered; bad answers are asked again, up to {asked.attempts} times."
    ]
    if price_in or price_out:
        cost = (reported["tokens_sent"] * price_in + reported["tokens_answered"] * price_out) / 1e6
        lines.append(f"At these prices about {cost:,.2f}.")
    return lines


SCORERS.add(
    Scorer(
        name="judge",
        title="A language model as judge",
        help="A language model behind an OpenAI-compatible endpoint grades each record 1 to 5.",
        place=5,
        score=_score,
        called=lambda params: f"judge-{params.criterion}",
    )
)
