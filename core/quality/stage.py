"""The score stage: whichever scorer, what becomes of records without a score, and the scores kept beside each other."""

from typing import Any

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.params import Params
from ..workspace.artifacts import Result
from ..workspace.results import Results, Run, Stage
from .params import QualityParams
from .scorer import SCORERS


def _score(run: Run) -> Result:
    """Score every record as `run.params` says; the table has `score` and what it was made of."""
    info, table = SCORERS[run.params.scorer].score(run)
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


class _Score(Stage):
    """What becomes of missing scores is no part of what is kept in shards; the latest scores by each scorer are listed."""

    def shards_of(self, params: Params) -> Params:
        return params.asked

    def remember(self, results: Results, key: str, params: Params) -> None:
        super().remember(results, key, params)
        results.workspace.ledger.set_settings(f"{self.name}:{params.name}", params.as_dict())


SCORE = _Score(
    name="score",
    params=QualityParams,
    version=2,
    needs=("records",),
    run=_score,
    help="Score the records' quality.",
    doing="Scoring quality",
)


def scores_made(settings: dict[str, dict[str, Any]]) -> dict[str, QualityParams]:
    """Return {name: params} of the latest scores by each scorer, from the workspace's settings."""
    return {
        name.removeprefix("score:"): QualityParams.from_dict(values)
        for name, values in settings.items()
        if name.startswith("score:")
    }
