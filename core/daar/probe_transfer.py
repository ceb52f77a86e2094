"""DaaR's probes on records: those trained here, or those of another workspace carried over."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ..base.device import resolve_device
from ..base.errors import CurationError, lacking
from ..base.files import file_sha256, replacing
from ..base.params import digest
from ..base.progress import Progress, part_of
from ..data.record_table import RecordTable
from ..models.causal_lm import load_causal
from ..workspace.results import Results, Run
from ..workspace.rows_work import table_of_rows
from ..workspace.work import Opened, with_whole_paths
from ..workspace.workspace import Workspace
from .params import DaarParams
from .probes import Probe, softmax
from .state_cache import states_of_records

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


def rewards_of(run: Run, states: np.ndarray, k: int, files: tuple[Path, Path], progress: Progress) -> pa.Table:
    """Return what `apply_probes` does by the probes in two files, on the run's engine."""
    if run.engine.is_local:
        device = resolve_device(run.device)
        return apply_probes(*(Probe.load(path, device) for path in files), states, k, progress)
    work = ProbeWork(Path(states.filename), *files, k, run.device)
    return table_of_rows(run, "reward", work, digest([file_sha256(path) for path in files]), progress)


@dataclasses.dataclass(frozen=True)
class ProbeWork:
    """The work of `apply_probes`. states, domains, rewards: the files of the states and of the two probes."""

    states: Path
    domains: Path
    rewards: Path
    k: int
    device: str

    def open(self, settled: dict[str, Any]) -> Opened:
        """Load the probes; what it settles is their device."""
        x = np.load(self.states, mmap_mode="r", allow_pickle=False)
        device = settled.get("device") or resolve_device(self.device)
        probes = [Probe.load(path, device) for path in (self.domains, self.rewards)]
        return Opened(
            lambda start, stop, within: apply_probes(*probes, x[start:stop], self.k, within), {"device": device}
        )

    def sent(self) -> Self:
        """Return it with its paths in full."""
        return with_whole_paths(self)


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


def suffixes_of(draw: int) -> tuple[str, ...]:
    """Return how the names of the two probes of a draw end, where those of several draws lie together."""
    return tuple(f".draw{draw}{suffix}" if draw else suffix for suffix in PROBES)


def carry_probes(source: Results, target: Workspace) -> DaarParams:
    """Copy the probes that were trained in a workspace into another, and return the params that apply them there.

    Raises CurationError where it has none, or they are out of date.
    """
    key, folder = source.current("reward"), source.workspace.folder
    if not key:
        raise lacking(f"{folder} has no probes, or they are out of date", "reward", folder)
    params: DaarParams = source.params("reward")
    stage, held = (
        ("probes", params.probes) if params.probes else ("reward", key)
    )  # they may come from elsewhere themselves
    trained = source.workspace.info(stage, held)
    suffixes = [suffix for draw in range(params.draws) for suffix in suffixes_of(draw)]
    if stage == "probes":
        files = [source.workspace.path(stage, held, suffix) for suffix in suffixes]
    else:
        files = [
            source.workspace.path(stage, each, suffix) for each in trained.get("draws", [held]) for suffix in PROBES
        ]
    name = digest([file_sha256(path) for path in files])
    if not target.has("probes", name):
        for path, suffix in zip(files, suffixes, strict=True):
            with replacing(target.path("probes", name, suffix)) as temporary:
                shutil.copyfile(path, temporary)
        about = {each: trained.get(each) for each in ("names", "embedded_by")}
        target.save("probes", name, about | {"from": trained.get("from", source.workspace.folder.resolve().name)})
    return dataclasses.replace(params, probes=name)


def run_with_probes(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Apply the probes that `run.params` names to this workspace's records; nothing is trained."""
    params, workspace = run.params, run.results.workspace
    if not workspace.has("probes", params.probes):
        raise CurationError(
            f"The probes {params.probes} are not in this workspace",
            command="carry them over with --probes WORKSPACE.",
            page="press Train and select on the Reward page to train some here",
        )
    trained = workspace.info("probes", params.probes)
    names = trained["names"]
    states, warnings = _states(run, trained)
    files = tuple(workspace.path("probes", params.probes, suffix) for suffix in suffixes_of(params.draw))
    if states.shape[1] != (d := Probe.load(files[0]).d):
        raise CurationError(
            f"The probes were trained on {d} dimensions, the records' embeddings have {states.shape[1]}; "
            "embed the records by the model that the probes saw."
        )
    table = rewards_of(run, states, len(names), files, part_of(run.progress, 0.6, 1))
    domain = table["domain"].to_numpy()
    everything = np.arange(len(domain))
    info = {
        "names": names,
        "from": trained["from"],
        "accuracy": None,
        "spearman": None,
        "sources": domains_by_source(workspace.records(), everything, domain, len(names)),
        "shares": (np.bincount(domain, minlength=len(names)) / len(domain)).round(6).tolist(),
        "embedded_by": trained.get("embedded_by"),
        "warnings": warnings,
    }
    return info, {"value": table}


def _states(run: Run, trained: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Return what the probes read of every record, and what can't be known of it."""
    params, results = run.params, run.results
    if params.model:
        lm = load_causal(params.model, run.device, params.max_tokens)
        within = part_of(run.progress, 0, 0.6)
        return states_of_records(run, lm, params.model, params.layer, within), []
    here, there = results.params("embed").as_dict(), trained.get("embedded_by") or {}
    names = [each.get("model", "") for each in (here, there)]
    if all(names) and names[0] != names[1]:
        raise CurationError(
            f"The probes were trained on embeddings by {names[1]}, the records' are by {names[0]}; embed them anew."
        )
    unknown = (
        ""
        if all(names)
        else "It can't be checked that the records' embeddings are of the kind that the probes were trained on."
    )
    return results.array("embed"), [unknown] if unknown else []
