"""DaaR on a workspace: embeddings of records and seeds, pseudo-labels, both probes, the reward of every record."""

import dataclasses
from typing import Any

import numpy as np

from ..base.arrays import unit_rows
from ..base.device import resolve_device
from ..base.errors import CurationError, lacking
from ..base.params import Params
from ..base.progress import part_of
from ..base.text import counted
from ..models.causal_lm import load_causal
from ..models.hidden_states import input_means
from ..vectors.encoding import encode_as_records
from ..workspace.artifacts import Result
from ..workspace.results import Run, Stage
from .centroids import Assignment, assign_domains, drift_warnings, pick_by_description
from .domains import Domain, check_domains, domain_from
from .params import DaarParams
from .probe_transfer import PROBES, apply_probes, domains_by_source, run_with_probes
from .probes import ProbeParams, Training, entropy, softmax, train_domain_probe, train_entropy_probe
from .state_cache import states_of_records

_INSTEAD = ("mark records as seeds", "take records as seeds")
_LEAST_HELD_OUT, _LEAST_ACCURACY, _LEAST_SPEARMAN = 10, 0.5, 0.5  # below these a curator is warned


@dataclasses.dataclass(frozen=True)
class _Inputs:
    """What DaaR computes on. states: (n, d) of every record for the probes. sample: (m,) row ids.

    sample_base: (m, b) and seeds: K arrays (s, b), in the space of the centroids. picked: K arrays of row ids taken as seeds
    for a description, empty where the domain has seeds of its own.
    """

    states: np.ndarray
    sample: np.ndarray
    sample_base: np.ndarray
    seeds: list[np.ndarray]
    picked: list[np.ndarray]


def _daar(run: Run) -> Result:
    """Run the seven steps of methods.md 2; the table has a record's domain, reward and probabilities."""
    params: DaarParams = run.params
    if params.probes:
        return run_with_probes(run)
    domains = check_domains([_settled(run, domain_from(domain)) for domain in params.domains])
    names = [domain.name for domain in domains]
    n = len(run.results.workspace.records())
    sample = np.sort(np.random.default_rng(params.seed).choice(n, min(params.sample, n), replace=False))
    inputs = _by_model(run, domains, sample) if params.model else _by_embeddings(run, domains, sample)
    run.progress(0.6, 1)
    found = assign_domains(inputs.sample_base, inputs.seeds, params.assignment, params.seed)
    device = resolve_device(run.device)
    states = np.asarray(inputs.states[sample], np.float32)
    probe, training = train_domain_probe(
        states, found.labels, len(names), params.probe(), device, part_of(run.progress, 0.6, 0.75)
    )
    entropies = entropy(softmax(probe(states)))
    reward, reward_training = train_entropy_probe(
        states, entropies, ProbeParams(seed=params.seed), device, part_of(run.progress, 0.75, 0.9)
    )
    table = apply_probes(probe, reward, inputs.states, len(names), part_of(run.progress, 0.9, 1))
    workspace = run.results.workspace
    for each, suffix in zip((probe, reward), PROBES, strict=True):
        each.save(workspace.path("reward", run.key, suffix))
    info = _info(run, domains, inputs, found, training, reward_training, device)
    parts = {"value": table, "sample": sample, "pseudo": found.labels, "entropies": entropies.astype(np.float32)}
    return info, parts


def _settled(run: Run, domain: Domain) -> Domain:
    """Return the domain with seeds that today's data holds: one whose row holds another record now goes by its text."""
    records = run.results.workspace.records()
    seeds = []
    for seed in domain.seeds:
        held = records.take(np.array([seed.row]), ["text"])["text"][0].as_py() if 0 <= seed.row < len(records) else None
        if seed.row >= 0 and held is None and not seed.text:
            raise CurationError(
                f"A seed of {domain.name} is record {seed.row}; the records are 0 to {len(records) - 1}. Take another."
            )
        stands = seed.row >= 0 and held is not None and seed.text in ("", held)
        seeds.append(seed if stands else dataclasses.replace(seed, row=-1))
    return dataclasses.replace(domain, seeds=tuple(seeds))


def _by_embeddings(run: Run, domains: tuple[Domain, ...], sample: np.ndarray) -> _Inputs:
    """The workspace's embeddings serve as both the base and the states."""
    x = run.results.array("embed")
    if x is None:
        raise lacking("reward needs the embed stage, which has not run on this data", "embed")
    base = np.asarray(x[sample], np.float32)
    texts = [[seed.text for seed in domain.kept if seed.row < 0] for domain in domains]
    encoded = iter(
        encode_as_records(run, [text for some in texts for text in some], run.params.encoder, "descriptions", _INSTEAD)
    )
    described = [domain.kept[0].origin == "description" for domain in domains]
    vectors = [[np.array(x[s.row]) if s.row >= 0 else next(encoded) for s in domain.kept] for domain in domains]
    return _with_seeds(x, sample, base, vectors, described, run.params.n_seeds)


def _with_seeds(
    states: np.ndarray, sample: np.ndarray, base: np.ndarray, vectors: list, described: list[bool], n_seeds: int
) -> _Inputs:
    """Put records of the sample in the place of a bare description; the others' own seeds stand as they are."""
    stands = unit_rows(np.stack([np.mean(some, axis=0) for some in vectors]))
    picked = pick_by_description(unit_rows(base), stands, n_seeds)
    seeds = [
        base[rows] if by_text else np.stack(some)
        for rows, by_text, some in zip(picked, described, vectors, strict=True)
    ]
    rows = [
        sample[positions] if by_text else np.zeros(0, np.int64)
        for positions, by_text in zip(picked, described, strict=True)
    ]
    return _Inputs(states, sample, base, seeds, rows)


def _by_model(run: Run, domains: tuple[Domain, ...], sample: np.ndarray) -> _Inputs:
    """A causal LM: its input embeddings make the centroids, its hidden layer feeds the probes."""
    params: DaarParams = run.params
    lm = load_causal(params.model, run.device, params.max_tokens)
    workspace = run.results.workspace
    states = states_of_records(workspace, lm, params.model, params.layer, part_of(run.progress, 0, 0.6))
    records = workspace.records()
    base = input_means(lm, records.take(sample, ["text"])["text"].to_pylist())
    vectors = [list(input_means(lm, [_text_of(records, seed) for seed in domain.kept])) for domain in domains]
    described = [domain.kept[0].origin == "description" for domain in domains]
    return _with_seeds(states, sample, base, vectors, described, params.n_seeds)


def _text_of(records, seed) -> str:
    return records.take(np.array([seed.row]), ["text"])["text"][0].as_py() if seed.row >= 0 else seed.text


def _info(
    run: Run,
    domains: tuple[Domain, ...],
    inputs: _Inputs,
    found: Assignment,
    training: Training,
    reward_training: Training,
    device: str,
) -> dict[str, Any]:
    names = [domain.name for domain in domains]
    held = inputs.sample[training.held_out]
    predicted = training.outputs.argmax(axis=1)
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (found.labels[training.held_out], predicted), 1)
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
        "sources": domains_by_source(run.results.workspace.records(), inputs.sample, found.labels, len(names)),
        "shares": (np.bincount(found.labels, minlength=len(names)) / len(found.labels)).round(6).tolist(),
        "drift": found.drift.round(6).tolist(),
        "seeds_kept": found.kept.round(6).tolist(),
        "seed_rows": [rows.tolist() for rows in inputs.picked],
        "warnings": drift_warnings(names, found)
        + _weak_probes(best.get("accuracy"), best_reward.get("spearman"), len(held)),
    }


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
