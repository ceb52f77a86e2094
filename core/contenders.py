"""What each method selects for a proof by training, where the held-out records can't be selected."""

import dataclasses

import numpy as np
import pyarrow.compute as pc

from core.errors import CurationError, lacking
from core.feedback import pairs_of, proxy_feedback
from core.pipeline import Pipeline
from core.proof import ProveParams
from core.refinement import RefineParams, cluster_scores, first_weights, select_round, update_weights
from core.selection import Pool, SelectionParams, select_records
from core.versions import find_version, version_rows

_ROUNDS = 3


def select_for_proof(pipeline: Pipeline, method: str, params: ProveParams, seed: int, barred: np.ndarray) -> np.ndarray:
    """Return the row ids, ascending, that a method selects where the `barred` rows can't be selected."""
    if method.startswith("version:"):
        version = find_version(pipeline.workspace, method.removeprefix("version:"))
        rows = np.setdiff1d(version_rows(pipeline.workspace, version), barred)
        if not len(rows):
            raise CurationError(f"{version.name} has no record in this data that is not held out; leave it out.")
        return rows
    pool = pipeline.pool()
    pool = dataclasses.replace(pool, dropped=np.union1d(pool.dropped, barred), pinned=np.setdiff1d(pool.pinned, barred))
    if method == "rounds":
        return _by_rounds(pipeline, pool, params.budget, seed)
    if method == "longest":
        pool = dataclasses.replace(pool, quality=_lengths(pipeline))
    if method.startswith("random:"):
        return np.sort(select_records(pool, SelectionParams(method.removeprefix("random:"), "random", seed=seed)).rows)
    asked = SelectionParams(params.budget, "quality" if method == "longest" else method, seed=seed)
    for need in asked.needs if method != "longest" else ():
        if not pipeline.current(need):
            raise lacking(f"{method} needs the {need} stage", need, pipeline.workspace.folder)
    return np.sort(select_records(pool, asked).rows)


def _lengths(pipeline: Pipeline) -> np.ndarray:
    batches = pipeline.workspace.records().batches(["response"])
    lengths = [pc.utf8_length(batch["response"]).to_numpy(zero_copy_only=False) for batch in batches]
    return np.concatenate(lengths).astype(np.float32)


def _by_rounds(pipeline: Pipeline, pool: Pool, budget: str, seed: int) -> np.ndarray:
    """Three proxy rounds, as `refine` makes them, without a run in the workspace."""
    if pool.labels is None or pool.quality is None:
        need = "cluster" if pool.labels is None else "score"
        raise lacking("rounds need clusters and quality", need, pipeline.workspace.folder)
    params = RefineParams(budget, _ROUNDS, seed=seed)
    records = pipeline.workspace.records()
    weights, taken = first_weights(pool.n_clusters), np.zeros(0, np.int64)
    for number in range(1, _ROUNDS + 1):
        made = select_round(pool, params, number, weights, taken)
        taken = np.union1d(taken, made.selection.rows)
        if number < _ROUNDS:
            pairs = pairs_of(records, taken)
            scores = proxy_feedback(pairs, pairs).scores.astype(np.float64)
            weights = update_weights(
                weights, cluster_scores(scores, pool.labels[taken], pool.n_clusters), params
            ).weights
    return taken
