"""Quality from a numeric field of the records."""

import numpy as np
import orjson
import pyarrow as pa

from ...base.errors import CurationError
from ..by_records import score_batches
from ..scorer import SCORERS, Scorer

_MOST = float(np.finfo(np.float32).max)


def column_scores(batch: pa.RecordBatch, column: str) -> pa.RecordBatch:
    """Return the float32 column `score`, a row a record. batch: with the columns of `records.SCHEMA`.

    column: "score", or "meta.rating" to step into an object. Raises CurationError where a record lacks a finite number there.
    """
    steps = column.split(".")
    values = np.empty(len(batch), np.float32)
    for i, (row, raw) in enumerate(zip(batch["row_id"].to_pylist(), batch["raw"].to_pylist(), strict=True)):
        record = value = orjson.loads(raw)
        if column in record:
            value = record[column]
        else:
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
        values[i] = _as_number(value, column, row)
    return pa.record_batch({"score": pa.array(values)})


def _as_number(value: object, column: str, row: int) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else np.nan
    except ValueError:
        number = np.nan
    if not abs(number) <= _MOST:
        raise CurationError(
            f"record {row} has {column} = {value!r}; a quality column needs a finite number in every record. "
            "Fix it, name another column, or name none to use the heuristic."
        )
    return number


SCORERS.add(
    Scorer(
        name="column",
        title="A field of the records",
        help="A numeric field of the records.",
        place=2,
        score=lambda run: score_batches(run, lambda batch: column_scores(batch, run.params.column)),
        needs=("column",),
        called=lambda params: f"column-{params.column}",
    )
)
