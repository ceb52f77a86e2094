"""Several scores together: by their ranks, or multiplied."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ...base.errors import COMMAND, CurationError
from ...workspace.results import Run
from ..params import QualityParams
from ..scorer import SCORERS, Scored, Scorer


def combine_by_rank(scores: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return (n,) float32 in 0..1: the weighted mean of each score's ranks, ties sharing theirs, the best 1, the worst 0.

    Ranks make scores of any scale comparable. scores: each (n,), finite; weights: as many, their sum positive.
    """
    import pandas as pd  # here, for it would double what a bare command takes to start

    n = len(scores[0])
    total = np.zeros(n)
    for score, weight in zip(scores, weights, strict=True):
        total += weight * (pd.Series(score).rank(method="average").to_numpy() - 1) / max(n - 1, 1)
    return (total / sum(weights)).astype(np.float32)


def combine_by_product(scores: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return (n,) float32: the scores multiplied, each to the power of its weight; DEITA's (arXiv 2312.15685) with weights 1.

    scores: each (n,), finite, none negative: a product of negative scores would put the worst first. Raises CurationError.
    """
    product = np.ones(len(scores[0]))
    for score, weight in zip(scores, weights, strict=True):
        if (least := float(np.min(score))) < 0:
            raise CurationError(
                f"One of the scores goes down to {least:g}, and a product is for scores of at least 0; combine by rank instead."
            )
        product *= np.asarray(score, np.float64) ** weight
    return product.astype(np.float32)


def _score(run: Run) -> Scored:
    results = run.results
    scores, names, weights = [], [], []
    for weight, values in run.params.parts:
        params = QualityParams.from_dict(values)
        key = results.key("score", params)
        if not results.workspace.has("score", key):
            raise CurationError(
                f"There are no scores by {params.name} yet",
                command=f"run: {COMMAND} score … first",
                page="score the records that way first, under Score quality another way on the Data page",
            )
        scores.append(results.workspace.table("score", key)["score"].to_numpy())
        names.append(params.name)
        weights.append(weight)
    combine = {"rank": combine_by_rank, "product": combine_by_product}[run.params.combine_by]
    columns = {"score": combine(scores, weights)} | {
        f"{i} {name}": score for i, (name, score) in enumerate(zip(names, scores, strict=True), 1)
    }
    return {}, pa.table({name: pa.array(column, pa.float32()) for name, column in columns.items()})


SCORERS.add(Scorer(name="combine", title="Several together", help="Several of these together.", place=6, score=_score))
