"""How each stage runs on a workspace: its inputs read, its pure function called, its result handed back to be saved.

Each runner returns (info, parts): what to write down, and the arrays or tables (see `Workspace.save`).
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.clustering import cluster_embeddings
from core.device import resolve_device
from core.embedding import SHARD_ROWS, Encoder, SentenceEncoder, copy_unit_rows, embed_texts, open_vectors
from core.errors import CurationError
from core.files import replacing, write_array
from core.measures import measure_selection
from core.naming import name_clusters, sample_for_names
from core.params import Params
from core.progress import Progress, part_of
from core.projection import project_2d
from core.refinement import RoundsParams
from core.reward_stage import run_reward
from core.scoring import run_score
from core.selection import Selection, SelectionParams, select_records
from core.selection.params import REASONS
from core.selection.rewards import low_cuts, unmet_shares
from core.suggestion import compare_counts
from core.words import counted

if TYPE_CHECKING:
    from core.pipeline import Pipeline

Result = tuple[dict[str, Any], dict[str, np.ndarray | pa.Table]]
_NAME_TEXT = 600
_CALIBRATE_ON = 32


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a stage: the pipeline it reads from, the key its result gets, and what it was asked."""

    pipeline: "Pipeline"
    key: str
    params: Params
    progress: Progress
    device: str = "auto"
    encoder: Encoder | None = None
    vectors: Path | None = None


def _embed(run: Run) -> Result:
    workspace = run.pipeline.workspace
    records = workspace.records()
    target = workspace.path("embed", run.key, ".npy")
    if run.params.vectors:
        return _copy_vectors(run, len(records), target), {}
    info = _embed_shards(run)
    folder = workspace.shard_folder("embed", run.key)
    shards = [folder / _shard_name(start) for start in range(0, len(records), SHARD_ROWS)]
    width = np.load(shards[0], mmap_mode="r", allow_pickle=False).shape[1]
    with replacing(target) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.float32, (len(records), width))
        for i, shard in enumerate(shards):
            out[i * SHARD_ROWS : (i + 1) * SHARD_ROWS] = np.load(shard, allow_pickle=False)
        out.flush()
    return info, {}


def _shard_name(start: int) -> str:
    return f"shard-{start // SHARD_ROWS:06d}.npy"


def _copy_vectors(run: Run, n_records: int, target: Path) -> dict[str, Any]:
    if run.vectors is None:
        raise CurationError(
            "These embeddings came from a file",
            command="name it again with --embeddings FILE.npy.",
            page="name it again under Settings, as your own vectors",
        )
    own = open_vectors(run.vectors, n_records)
    with replacing(target) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.float32, own.shape)
        copy_unit_rows(own, out, run.progress)
        out.flush()
    return {"device": "", "format": str(own.dtype), "file": str(run.vectors)}


def _embed_shards(run: Run) -> dict[str, Any]:
    """Embed the shards that are not there yet; each is written when it is whole, so a killed run loses one at most."""
    workspace = run.pipeline.workspace
    records, folder = workspace.records(), workspace.shard_folder("embed", run.key)
    encoder, n = run.encoder, len(records)
    if encoder is None:
        encoder = SentenceEncoder(run.params, run.device)
        encoder.calibrate(records.texts(0, min(_CALIBRATE_ON, n)))
    for start in range(0, n, SHARD_ROWS):
        shard, stop = folder / _shard_name(start), min(start + SHARD_ROWS, n)
        if not shard.exists():
            within = part_of(lambda done, total: run.progress(done * n, n), start / n, stop / n)
            write_array(shard, embed_texts(records.texts(start, stop), encoder, within))
        run.progress(stop, n)
    return {"device": getattr(encoder, "device", ""), "format": getattr(encoder, "format", "")}


def _cluster(run: Run) -> Result:
    embeddings = run.pipeline.embeddings()
    clusters = cluster_embeddings(embeddings, run.params, run.device, part_of(run.progress, 0, 0.9))
    rows = sample_for_names(clusters.labels, clusters.distances)
    texts = run.pipeline.workspace.records().take(rows, ["text"])["text"]
    texts = pc.utf8_slice_codeunits(texts, 0, _NAME_TEXT).to_pylist()
    info = {
        "names": name_clusters(texts, clusters.labels[rows], len(clusters.centroids)),
        "sizes": clusters.sizes.tolist(),
        "objective": clusters.objective,
        "device": resolve_device(run.device),
    }
    return info, {"value": clusters.labels, "centroids": clusters.centroids, "distances": clusters.distances}


def _suggest(run: Run) -> Result:
    return compare_counts(run.pipeline.embeddings(), run.params, run.device, run.progress), {}


def _project(run: Run) -> Result:
    return {}, {"value": project_2d(run.pipeline.embeddings(), run.params, run.progress)}


def _select(run: Run) -> Result:
    pool = run.pipeline.pool(groups=run.params.groups)
    selection = select_records(pool, run.params)
    info, parts = selection_result(run.pipeline, selection, run.params)
    if run.params.method == "daar":
        drawn = selection.rows[selection.reasons == REASONS.index("drawn")]
        info["warnings"] += unmet_shares(pool, selection.rows, selection.requested, run.params.customise)
        info["warnings"] += low_cuts(pool, drawn, run.params.customise)
    return info, parts


def selection_result(pipeline: "Pipeline", selection: Selection, params: SelectionParams | RoundsParams) -> Result:
    """Return what is written down of a selection, and its table."""
    info = {
        "n_selected": len(selection),
        "requested": selection.requested,
        "shortfall": selection.shortfall,
        "warnings": _selection_warnings(pipeline, params),
        "measures": measure_selection(selection.rows, pipeline.labels(), pipeline.quality()),
        "inputs": {stage: pipeline.current(stage) for stage in ("records", "cluster", "score")},
        "last_decision": pipeline.workspace.ledger.last_decision_id(),
    }
    return info, {"value": _selection_table(selection)}


def _selection_warnings(pipeline: "Pipeline", params: SelectionParams | RoundsParams) -> list[str]:
    """Return what a curator decided and this selection could not obey."""
    overrides = pipeline.overrides()
    warnings = []
    if overrides.set_aside:
        warnings.append(
            f"Decisions about clusters that no longer exist have no effect: {len(overrides.set_aside):,}. "
            "Carry them over on the Review page, or decide again."
        )
    if overrides.multipliers and "cluster" not in params.needs:
        stands = params.method in ("version", "earlier")
        why = "It stands as it was" if stands else f"{params.method} has no clusters"
        warnings.append(f"{why}, so the weights on {counted(len(overrides.multipliers), 'cluster')} have no effect.")
    return warnings


def _selection_table(selection: Selection) -> pa.Table:
    return pa.table(
        {
            "row_id": pa.array(selection.rows, pa.int64()),
            "cluster": pa.array(selection.clusters, pa.int32()),
            "score": pa.array(selection.scores, pa.float32()),
            "reason": pa.array(selection.reasons, pa.int8()),
        }
    )


RUNNERS = {
    "embed": _embed,
    "cluster": _cluster,
    "project": _project,
    "suggest": _suggest,
    "reward": run_reward,
    "score": run_score,
    "select": _select,
}
