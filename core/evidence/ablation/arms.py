"""What each method selects for an ablation, where the held-out records can't be selected."""

import dataclasses

import numpy as np
import pyarrow.compute as pc

from ...base.errors import CurationError, lacking
from ...base.progress import Progress, no_progress
from ...refine.drawing import select_round
from ...refine.feedback import pairs_of, proxy_feedback
from ...refine.params import RefineParams
from ...refine.weights import cluster_scores, first_weights, update_weights
from ...selection.choosing import select_records
from ...selection.params import SelectionParams
from ...selection.pool import Pool
from ...workspace.results import Results
from ..redraw import redrawn_pool, redrawn_stages
from ..versions import find_version, version_rows
from .params import AblationParams

_ROUNDS = 3


def select_for_ablation(
    results: Results,
    method: str,
    params: AblationParams,
    seed: int,
    barred: np.ndarray,
    progress: Progress = no_progress,
    device: str = "auto",
) -> np.ndarray:
    """Return the row ids, ascending, that a method selects where the `barred` rows can't be selected.

    Everything random that the selection rests on is drawn anew for each seed, its clusters and DaaR's probes too; the first
    seed of `params` takes today's. Raises CurationError where a method lacks what it needs.
    """
    if method.startswith("version:"):
        version = find_version(results.workspace, method.removeprefix("version:"))
        rows = np.setdiff1d(version_rows(results.workspace, version), barred)
        if not len(rows):
            raise CurationError(f"{version.name} has no record in this data that is not held out; leave it out.")
        return rows
    asked = _asked(method, params.budget, seed)
    _check_needs(results, method, asked)
    pool = redrawn_pool(results, asked, seed - params.seed, progress, device)
    pool = dataclasses.replace(pool, dropped=np.union1d(pool.dropped, barred), pinned=np.setdiff1d(pool.pinned, barred))
    if method == "rounds":
        return _by_rounds(results, pool, params.budget, seed)
    if method == "longest":
        pool = dataclasses.replace(pool, quality=_lengths(results))
    return np.sort(select_records(pool, asked).rows)


def _asked(method: str, budget: str, seed: int) -> SelectionParams:
    """Return an arm as a selection's params; of rounds those that a round draws by."""
    if method.startswith("random:"):
        return SelectionParams(method.removeprefix("random:"), "random", seed=seed)
    return SelectionParams(budget, {"longest": "quality", "rounds": "kmq"}.get(method, method), seed=seed)


def _check_needs(results: Results, method: str, asked: SelectionParams) -> None:
    for need in asked.needs if method != "longest" else ():
        if not results.current(need):
            raise lacking(f"{method} needs the {need} stage", need, results.workspace.folder)


def redrawn_words(results: Results, params: AblationParams) -> str:
    """Return in a sentence or two what differs between the seeds of an ablation, and what of it does not and why."""
    stages: dict[str, str] = {}
    for method in params.methods:
        if not method.startswith("version:"):
            stages |= redrawn_stages(results, _asked(method, params.budget, params.seed))
    names = {"cluster": "clusters", "reward": "DaaR's seeds and probes"}
    anew = ["the methods' draws", *(names[stage] for stage, why in stages.items() if not why), "the trainings"]
    kept = [f"The same for all seeds: {names[stage]}, since {why}." for stage, why in stages.items() if why]
    if any(method.startswith("version:") for method in params.methods):
        kept.append("A version holds the same records for all seeds; of it only the training differs.")
    return " ".join([f"Drawn anew for each seed: {', '.join(anew[:-1])} and {anew[-1]}.", *kept])


def _lengths(results: Results) -> np.ndarray:
    batches = results.workspace.records().batches(["response"])
    lengths = [pc.utf8_length(batch["response"]).to_numpy(zero_copy_only=False) for batch in batches]
    return np.concatenate(lengths).astype(np.float32)


def _by_rounds(results: Results, pool: Pool, budget: str, seed: int) -> np.ndarray:
    """Three proxy rounds, as `refine` makes them, without a run in the workspace."""
    params = RefineParams(budget, _ROUNDS, seed=seed)
    records = results.workspace.records()
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
