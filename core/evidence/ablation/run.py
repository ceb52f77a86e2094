"""Ablation on a workspace: hold out, select by each method, train, and keep every training's held-out losses.

Each training is a result of its own, so a killed ablation goes on with the next one, and another method added later costs only
its own trainings.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...base.device import resolve_device
from ...base.errors import CurationError, lacking
from ...base.progress import Progress, no_progress, part_of
from ...selection.params import SelectionParams
from ...workspace.results import Results
from ...workspace.shape import cluster_names
from ..redraw import mean_overlap
from .arms import redrawn_words, select_for_ablation
from .latest import _LINES
from .losses import AblationLine, draw_held_out, families, reported_groups, sum_up
from .params import KIND, SETTING, AblationParams
from .training import _Held, _Trainer

_CHOOSING = 0.1  # of the time, about


def ablate(
    results: Results, params: AblationParams, progress: Progress = no_progress, device: str = "auto"
) -> list[AblationLine]:
    """Train what is not trained yet and return a line a method. Raises CurationError where a method lacks what it needs."""
    held = _held_out(results, params)
    device = resolve_device(device)
    reported_groups(len(held.groups), held.codes[held.rows])
    # All of them first: what is missing is said before an hour of training.
    chosen = _choose(results, params, held, part_of(progress, 0, _CHOOSING), device)
    trained: dict[tuple[str, int], str] = {}
    train = _Trainer(results, params, held, device)
    train.settle(chosen.values())
    for place, ((method, seed), rows) in enumerate(chosen.items()):
        start, stop = (_CHOOSING + (1 - _CHOOSING) * at / len(chosen) for at in (place, place + 1))
        trained[method, seed] = train(rows, method, seed, part_of(progress, start, stop))
        progress(stop, 1)
    lines = _lines(results, trained, chosen, held)
    reported = {
        "trained": [[*which, key] for which, key in trained.items()],
        "lines": [line.as_dict() for line in lines],
        "untold": _untold(held, lines),
        "varied": redrawn_words(results, params),
        "steps": train.small.steps,
        "basis": [_LINES, results.current("records")],
    }
    results.workspace.ledger.set_settings(SETTING, params.as_dict() | reported)
    return lines


def _choose(
    results: Results, params: AblationParams, held: _Held, progress: Progress, device: str
) -> dict[tuple[str, int], np.ndarray]:
    """Return {(method, seed): row ids}, seed by seed; a version of another size than the budget gets random ones of its own."""
    methods = list(params.methods)
    if "random" in methods:
        budget = SelectionParams(params.budget).n_records(len(results.workspace.records()))
        for method in params.methods:
            if method.startswith("version:"):
                n = len(select_for_ablation(results, method, params, params.seed, held.barred))
                if n != budget and f"random:{n}" not in methods:
                    methods.append(f"random:{n}")
    seeds = range(params.seed, params.seed + params.n_seeds)
    both = [(method, seed) for seed in seeds for method in methods]
    chosen = {}
    for place, (method, seed) in enumerate(both):
        within = part_of(progress, place / len(both), (place + 1) / len(both))
        chosen[method, seed] = select_for_ablation(results, method, params, seed, held.barred, within, device)
    return chosen


def _lines(
    results: Results, trained: dict[tuple[str, int], str], chosen: dict[tuple[str, int], np.ndarray], held: _Held
) -> list[AblationLine]:
    losses: dict[str, list[np.ndarray]] = {}
    taken: dict[str, list[np.ndarray]] = {}
    rows: dict[str, list[np.ndarray]] = {}
    read: dict[str, list[float]] = {}
    for (method, seed), key in trained.items():
        losses.setdefault(method, []).append(np.array(results.workspace.array(KIND, key)))
        taken.setdefault(method, []).append(held.codes[chosen[method, seed]])
        rows.setdefault(method, []).append(chosen[method, seed])
        read.setdefault(method, []).append(_times_read(results.workspace.info(KIND, key)))
    lines = sum_up(losses, taken, held.groups, held.codes[held.rows])
    return [
        dataclasses.replace(
            line,
            read=float(np.mean(read[line.method])),
            overlap=mean_overlap(rows[line.method]) if len(rows[line.method]) > 1 else float("nan"),
        )
        for line in lines
    ]


def _times_read(info: dict) -> float:
    """Return how often a training read its selection."""
    return info["epochs"] if "epochs" in info else info["tokens"] / max(info["tokens_selected"], 1)


def _untold(held: _Held, lines: list[AblationLine]) -> tuple[int, int]:
    counts = np.bincount(held.codes[held.rows], minlength=len(held.groups))
    left_out = counts[[name not in lines[0].groups for name in held.groups]]
    return int((left_out > 0).sum()), int(left_out.sum())


def _held_out(results: Results, params: AblationParams) -> _Held:
    records = results.workspace.records()
    rows = draw_held_out(len(records), params)
    texts = pa.chunked_array([batch["text"] for batch in records.batches(["text"])])
    same = pc.is_in(texts, value_set=records.take(rows, ["text"])["text"].combine_chunks())
    barred = np.flatnonzero(same.to_numpy(zero_copy_only=False))
    groups, codes = _groups(results, params)
    return _Held(rows, barred, groups, codes)


def _groups(results: Results, params: AblationParams) -> tuple[list[str], np.ndarray]:
    """Return (names, (n,) codes) of what losses are summed up by."""
    sources = results.workspace.records().sources()
    by_source = families(*sources) if params.by == "auto" else sources if sources[0] else None
    if params.by != "cluster" and by_source is not None:
        return by_source
    if params.by == "source":
        raise CurationError("The records have no source labels; sum up by cluster.")
    if not (key := results.current("cluster")):
        raise lacking("Losses are summed up by cluster, and there are none", "cluster", results.workspace.folder)
    names = cluster_names(results, key)
    return [f"{number} {name}" for number, name in enumerate(names)], np.array(results.array("cluster"))
