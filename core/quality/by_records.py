"""Scoring record by record: in batches where that is quick, in shards where a model works, so that a killed run goes on."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ..base.files import read_table
from ..base.progress import Progress
from ..data.record_table import RecordTable
from ..workspace.engine import make_shards
from ..workspace.results import Run
from ..workspace.shards import shard_files
from ..workspace.work import Opened, in_full, with_whole_paths
from .scorer import Scored

ScoreBatch = Callable[[pa.RecordBatch], pa.RecordBatch]
ScorePairs = Callable[..., dict[str, np.ndarray]]  # prompts, responses, progress -> {column: (m,) float32}
LoadScorer = Callable[[str, str, int], tuple[ScorePairs, str]]  # model, device, max_tokens -> scorer, its device
SHARD_RECORDS = 256


def score_batches(run: Run, score: ScoreBatch) -> Scored:
    """Score batches with the columns of `records.SCHEMA`."""
    records = run.results.workspace.records()

    def scored() -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in records.batches():
            yield score(batch)
            done += len(batch)
            run.progress(done, len(records))

    return {}, pa.Table.from_batches(scored())


def shard_folder(run: Run) -> Path:
    """Return the folder where a run keeps what it has finished."""
    return run.results.workspace.shard_folder("score", _shards(run))


def _shards(run: Run) -> str:
    return run.results.key("score", run.params.asked)


@dataclasses.dataclass(frozen=True)
class ScoreWork:
    """The work of scoring pairs by a model. load: a function of a module. records: their path. model, max_tokens: of the params."""

    load: LoadScorer
    records: Path
    model: str
    max_tokens: int
    device: str

    def open(self, settled: dict[str, Any]) -> Opened:
        """Load the model; what it settles is its device."""
        records = RecordTable(self.records)
        score, device = self.load(self.model, settled.get("device", self.device), self.max_tokens)

        def make(start: int, stop: int, within: Progress) -> pa.Table:
            pairs = records.take(np.arange(start, stop), ["prompt", "response"])
            columns = score(pairs["prompt"].to_pylist(), pairs["response"].to_pylist(), within)
            return pa.table({name: pa.array(column, pa.float32()) for name, column in columns.items()})

        return Opened(make, {"device": device})

    def sent(self) -> Self:
        """Return it with its paths in full."""
        return dataclasses.replace(with_whole_paths(self), model=in_full(self.model))


def score_in_shards(run: Run, load: LoadScorer) -> Scored:
    """Score 256 records at a time by a model; a shard that is there already is not scored again."""
    workspace, params = run.results.workspace, run.params
    work = ScoreWork(load, workspace.records().path, params.model, params.max_tokens, run.device)
    shards = shard_files(workspace, "score", _shards(run), SHARD_RECORDS, ".arrow")
    settled = make_shards(shards, work, run.progress, run.engine)
    return {"device": settled["device"]}, pa.concat_tables(read_table(shard.path) for shard in shards)
