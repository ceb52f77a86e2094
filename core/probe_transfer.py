"""DaaR's probes on records: those learnt here, or those of another workspace carried over."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from core.causal import load_causal
from core.errors import CurationError
from core.files import file_sha256
from core.kept_states import states_of_records
from core.params import digest
from core.probes import Probe, softmax
from core.progress import Progress, part_of
from core.record_table import RecordTable
from core.reward import RewardParams

if TYPE_CHECKING:
    from core.pipeline import Pipeline
    from core.runners import Run

PROBES = (".domains.safetensors", ".reward.safetensors")
_BLOCK = 8192
_SOURCES = 12


def apply_probes(probe: Probe, reward: Probe, states: np.ndarray, k: int, progress: Progress) -> pa.Table:
    """Return domain (int32), reward (float32) and K float32 columns of probability, p0 on, for (n, d) states."""
    n = len(states)
    domain, rewards = np.empty(n, np.int32), np.empty(n, np.float32)
    chances = np.empty((n, k), np.float32)
    for start in range(0, n, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n))
        block = np.asarray(states[rows], np.float32)
        chances[rows] = softmax(probe(block))
        domain[rows] = chances[rows].argmax(axis=1)
        rewards[rows] = reward(block)[:, 0]
        progress(rows.stop, n)
    columns = {"domain": pa.array(domain), "reward": pa.array(rewards)}
    return pa.table(columns | {f"p{i}": pa.array(np.ascontiguousarray(chances[:, i])) for i in range(k)})


def domains_by_source(records: RecordTable, rows: np.ndarray, labels: np.ndarray, k: int) -> dict[str, list[int]]:
    """Return {source: records of each domain} of the largest sources among `rows`, where there are labels.

    labels: (m,) int in 0..k-1, the domains of the m `rows`.
    """
    sources, codes = records.sources()
    if not sources:
        return {}
    codes = codes[rows]
    sizes = np.bincount(codes[codes >= 0], minlength=len(sources))
    largest = [int(s) for s in np.argsort(-sizes, kind="stable")[:_SOURCES] if sizes[s]]
    return {sources[s]: np.bincount(labels[codes == s], minlength=k).tolist() for s in largest}


def probes_of(pipeline: "Pipeline") -> RewardParams:
    """Return the params that apply a workspace's probes elsewhere. Raises CurationError where it has learnt none."""
    key, folder = pipeline.current("reward"), pipeline.workspace.folder
    if not key:
        raise CurationError(f"{folder} has no probes, or they are out of date; run: python -m core reward {folder}")
    params: RewardParams = pipeline.params("reward")
    if params.probes:
        return params  # they came from elsewhere themselves
    stem = str(pipeline.workspace.path("reward", key, "").resolve())
    return dataclasses.replace(params, probes=stem, probes_digest=_digest(stem))


def _digest(stem: str) -> str:
    return digest([file_sha256(Path(f"{stem}{suffix}")) for suffix in PROBES])


def run_with_probes(run: "Run") -> tuple[dict[str, Any], dict[str, Any]]:
    """Apply the probes that `run.params` names to this workspace's records; nothing is learnt."""
    params: RewardParams = run.params
    if _digest(params.probes) != params.probes_digest:
        raise CurationError(
            f"The probes {params.probes} have changed since they were named; name their workspace again."
        )
    learnt = json.loads(Path(f"{params.probes}.json").read_text(encoding="utf-8"))
    names, workspace = learnt["names"], run.pipeline.workspace
    states, warnings = _states(run, learnt)
    probe, reward = (Probe.load(Path(f"{params.probes}{suffix}")) for suffix in PROBES)
    if states.shape[1] != probe.d:
        raise CurationError(
            f"The probes were trained on {probe.d} dimensions, the records' vectors have {states.shape[1]}; "
            "embed the records by the model that the probes saw."
        )
    table = apply_probes(probe, reward, states, len(names), part_of(run.progress, 0.6, 1))
    domain = table["domain"].to_numpy()
    everything = np.arange(len(domain))
    info = {
        "names": names,
        "from": params.probes,
        "accuracy": None,
        "spearman": None,
        "sources": domains_by_source(workspace.records(), everything, domain, len(names)),
        "shares": (np.bincount(domain, minlength=len(names)) / len(domain)).round(6).tolist(),
        "embedded_by": learnt.get("embedded_by"),
        "warnings": warnings,
    }
    return info, {"value": table}


def _states(run: "Run", learnt: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Return what the probes read of every record, and what can't be known of it."""
    params, pipeline = run.params, run.pipeline
    if params.model:
        lm = load_causal(params.model, run.device, params.max_tokens)
        within = part_of(run.progress, 0, 0.6)
        return states_of_records(pipeline.workspace, lm, params.model, params.layer, within), []
    here, there = pipeline.params("embed").as_dict(), learnt.get("embedded_by") or {}
    names = [each.get("model", "") for each in (here, there)]
    if all(names) and names[0] != names[1]:
        raise CurationError(
            f"The probes learnt on embeddings by {names[1]}, the records' are by {names[0]}; embed them anew."
        )
    unknown = (
        "" if all(names) else "It can't be checked that the records' vectors are of the kind that the probes learnt on."
    )
    return pipeline.embeddings(), [unknown] if unknown else []
