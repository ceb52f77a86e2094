"""What each method selects for an ablation, where the held-out records can't be selected."""

import dataclasses

import numpy as np
import pyarrow.compute as pc

from ...base.budget import records_of, tokens_of
from ...base.errors import CurationError, lacking
from ...base.progress import Progress, no_progress
from ...refine.drawing import select_round
from ...refine.feedback import pairs_of, proxy_feedback
from ...refine.params import RefineParams
from ...refine.weights import cluster_scores, first_weights, update_weights
from ...selection.choosing import select_records
from ...selection.params import SelectionParams
from ...selection.pool import Pool
from ...selection.token_counts import costs_of
from ...workspace.results import Results
from ..redraw import redrawn_pool, redrawn_stages
from ..versions import find_version, version_rows
from .arm_names import Arm, parse_arm
from .params import AblationParams
from .statistics import BASE

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
    """Return the row ids, ascending, that an arm selects where the `barred` rows can't be selected.

    Everything random that the selection rests on is drawn anew for each seed, its clusters and DaaR's probes too; the first
    seed of `params` takes today's. Raises CurationError where a method lacks what it needs.
    """
    arm = parse_arm(method)
    if arm.method == "version":
        version = find_version(results.workspace, arm.version)
        rows = np.setdiff1d(version_rows(results.workspace, version), barred)
        if not len(rows):
            raise CurationError(f"{version.name} has no record in this data that is not held out; leave it out.")
        return rows
    asked = arm.asked(params.budget, seed, params.tokenizer)
    _check_needs(results, arm, asked)
    pool = redrawn_pool(results, asked, seed - params.seed, progress, device)
    pool = dataclasses.replace(pool, dropped=np.union1d(pool.dropped, barred), pinned=np.setdiff1d(pool.pinned, barred))
    if arm.method == "rounds":
        return _by_rounds(results, pool, params, seed)
    if arm.method == "longest":
        pool = dataclasses.replace(pool, quality=_lengths(results))
    return np.sort(select_records(pool, asked).rows)


def fair_random(results: Results, params: AblationParams, rows: np.ndarray) -> str:
    """Return the arm of random selections of the same size as `rows`, in the budget's unit: "random" where that is the budget."""
    if tokens_of(params.budget) is not None:
        return f"random:{costs_of(results, params.tokenizer)[rows].sum(dtype=np.int64)} tokens"
    budget = records_of(params.budget, results.n_records())
    return BASE if len(rows) == budget else f"random:{len(rows)}"


def _check_needs(results: Results, arm: Arm, asked: SelectionParams) -> None:
    for need in asked.needs if arm.method != "longest" else asked.rule_needs:
        if not results.current(need):
            raise lacking(f"{arm.text} needs the {need} stage", need, results.workspace.folder)


def redrawn_words(results: Results, params: AblationParams) -> str:
    """Return in a sentence or two what differs between the seeds of an ablation, and what of it does not and why."""
    stages: dict[str, str] = {}
    arms = params.arms()
    for arm in arms:
        if arm.method != "version":
            stages |= redrawn_stages(results, arm.asked(params.budget, params.seed, params.tokenizer))
    names = {"cluster": "clusters", "reward": "DaaR's seeds and probes"}
    anew = ["the methods' draws", *(names[stage] for stage, why in stages.items() if not why), "the trainings"]
    kept = [f"The same for all seeds: {names[stage]}, since {why}." for stage, why in stages.items() if why]
    if any(arm.method == "version" for arm in arms):
        kept.append("A version holds the same records for all seeds; of it only the training differs.")
    return " ".join([f"Drawn anew for each seed: {', '.join(anew[:-1])} and {anew[-1]}.", *kept])


def _lengths(results: Results) -> np.ndarray:
    batches = results.workspace.records().batches(["response"])
    lengths = [pc.utf8_length(batch["response"]).to_numpy(zero_copy_only=False) for batch in batches]
    return np.concatenate(lengths).astype(np.float32)


def _by_rounds(results: Results, pool: Pool, asked: AblationParams, seed: int) -> np.ndarray:
    """Three proxy rounds, as `refine` makes them, without a run in the workspace."""
    params = RefineParams(asked.budget, _ROUNDS, seed=seed, tokenizer=asked.tokenizer)
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
