"""DaaR on a workspace: a sample with labels, both probes, the reward of every record; one draw of it, or the mean of several."""

from typing import Any

import numpy as np

from ..base.device import resolve_device
from ..base.params import Params
from ..base.progress import part_of
from ..base.text import counted
from ..workspace.artifacts import Result
from ..workspace.results import Run, Stage
from .centroids import drift_warnings
from .draws import mean_of_draws
from .inputs import Taught, pseudo_labelled, source_labelled
from .params import DaarParams
from .probe_transfer import PROBES, domains_by_source, rewards_of, run_with_probes
from .probes import ProbeParams, Training, entropy, softmax, train_domain_probe, train_entropy_probe

_LEAST_HELD_OUT, _LEAST_ACCURACY, _LEAST_SPEARMAN = 10, 0.5, 0.5  # below these a curator is warned


def _daar(run: Run) -> Result:
    """Run the seven steps of methods.md 2; the table has a record's domain, reward and probabilities."""
    params: DaarParams = run.params
    if params.draws > 1:
        return mean_of_draws(run)
    if params.probes:
        return run_with_probes(run)
    taught = source_labelled(run) if params.labels == "source" else pseudo_labelled(run)
    k, device = len(taught.names), resolve_device(run.device)
    states = np.asarray(taught.states[taught.sample], np.float32)
    probe, training = train_domain_probe(
        states, taught.labels, k, params.probe(), device, part_of(run.progress, 0.6, 0.75)
    )
    entropies = entropy(softmax(probe(states)))
    reward, reward_training = train_entropy_probe(
        states, entropies, ProbeParams(seed=params.draw_seed), device, part_of(run.progress, 0.75, 0.9)
    )
    files = tuple(run.results.workspace.path("reward", run.key, suffix) for suffix in PROBES)
    for each, path in zip((probe, reward), files, strict=True):
        each.save(path)
    table = rewards_of(run, taught.states, k, files, part_of(run.progress, 0.9, 1))
    info = _info(run, taught, training, reward_training, device)
    parts = {
        "value": table,
        "sample": taught.sample,
        "pseudo": taught.labels,
        "entropies": entropies.astype(np.float32),
    }
    return info, parts


def _info(run: Run, taught: Taught, training: Training, reward_training: Training, device: str) -> dict[str, Any]:
    names, labels = taught.names, taught.labels
    held = taught.sample[training.held_out]
    predicted = training.outputs.argmax(axis=1)
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (labels[training.held_out], predicted), 1)
    best = min(training.curve, key=lambda entry: entry["validation"])
    best_reward = min(reward_training.curve, key=lambda entry: entry["validation"])
    return {
        "names": names,
        "device": device,
        "accuracy": best.get("accuracy"),
        "spearman": best_reward.get("spearman"),
        "curve": training.curve,
        "reward_curve": reward_training.curve,
        "n_held_out": len(held),
        "confusion": confusion.tolist(),
        "embedded_by": None if run.params.model else run.results.params("embed").as_dict(),
        "sources": domains_by_source(run.results.workspace.records(), taught.sample, labels, len(names)),
        "shares": (np.bincount(labels, minlength=len(names)) / len(labels)).round(6).tolist(),
        **_of_assignment(taught),
        "warnings": _of_labels(taught) + _weak_probes(best.get("accuracy"), best_reward.get("spearman"), len(held)),
    }


def _of_assignment(taught: Taught) -> dict[str, Any]:
    """Return what became of seeds and centres; nothing where the labels are the records' own."""
    if (found := taught.assigned) is None:
        return {}
    drifted = {"drift": found.drift.round(6).tolist(), "seeds_kept": found.kept.round(6).tolist()}
    return drifted | {"seed_rows": taught.seed_rows}


def _of_labels(taught: Taught) -> list[str]:
    """Return what a curator should know of the labels that the probe was taught."""
    if taught.assigned is not None:
        return drift_warnings(taught.names, taught.assigned)
    held = np.bincount(taught.labels, minlength=len(taught.names))
    missing = [name for name, n in zip(taught.names, held.tolist(), strict=True) if not n]
    return [f"The sample has no record of {', '.join(missing)}; train on more records."] if missing else []


def _weak_probes(accuracy: float | None, spearman: float | None, n_held_out: int) -> list[str]:
    """Say where the probes were trained too little for their rewards to mean anything."""
    if n_held_out < _LEAST_HELD_OUT:
        return [
            f"Only {counted(n_held_out, 'record was', 'records were')} held out to judge the probes by; how good they are is "
            "not known. Give more "
            "records, or a larger sample."
        ]
    reported = []
    if accuracy is not None and accuracy < _LEAST_ACCURACY:
        reported.append(
            f"The domain probe is right on {accuracy:.0%} of the held-out records only; name domains that lie apart."
        )
    if spearman is None or spearman < _LEAST_SPEARMAN:
        known = "not known" if spearman is None else f"{spearman:.2f}"
        reported.append(
            f"The rank correlation of predicted and true entropy is {known}, where 1 is perfect: the probes saw too little. Train "
            "on more records before you select by it."
        )
    return reported


class _Daar(Stage):
    """A causal LM reads the texts itself; else DaaR goes by the embeddings."""

    def needs_of(self, params: Params) -> tuple[str, ...]:
        return ("records",) if params.model else ("embed",)


REWARD = _Daar(
    name="reward",
    params=DaarParams,
    version=1,
    needs=("records",),
    run=_daar,
    help="Choose by DaaR: the records hardest to place in one domain.",
    doing="Training the probes of domains and rewards",
    leads=False,
)
