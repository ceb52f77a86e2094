"""Scoring record by record: in batches where that is quick, in shards where a model works, so that a killed run goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..base.files import read_table, unsynced, write_table
from ..base.progress import part_of
from ..workspace.results import Run
from ..workspace.shards import is_shard, shard_files
from .scorer import Scored

ScoreBatch = Callable[[pa.RecordBatch], pa.RecordBatch]
ScorePairs = Callable[..., dict[str, np.ndarray]]  # prompts, responses, progress -> {column: (m,) float32}
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


def score_in_shards(run: Run, score: ScorePairs) -> pa.Table:
    """Score 256 records at a time; a shard that is there already is not scored again."""
    workspace = run.results.workspace
    records, shards = workspace.records(), []
    n = len(records)
    for start, stop, path in shard_files(workspace, "score", _shards(run), SHARD_RECORDS, ".arrow"):
        if not is_shard(path, read_table, stop - start):
            pairs = records.take(np.arange(start, stop), ["prompt", "response"])
            within = part_of(lambda done, total: run.progress(done * n, n), start / n, stop / n)
            columns = score(pairs["prompt"].to_pylist(), pairs["response"].to_pylist(), within)
            write_table(
                path, pa.table({name: pa.array(column, pa.float32()) for name, column in columns.items()}), unsynced
            )
        shards.append(read_table(path))
        run.progress(stop, n)
    return pa.concat_tables(shards)
