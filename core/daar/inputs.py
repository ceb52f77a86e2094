"""What DaaR's probes are taught on: a sample of the records with labels, pseudo ones by seeds or the records' own."""

import dataclasses

import numpy as np

from ..base.arrays import unit_rows
from ..base.errors import CurationError, lacking
from ..base.progress import part_of
from ..models.causal_lm import CausalModel, load_causal
from ..models.hidden_states import input_means
from ..vectors.encoding import encode_as_records
from ..workspace.results import Run
from .centroids import Assignment, assign_domains, pick_by_description
from .domains import Domain, check_domains, domain_from
from .params import DaarParams
from .state_cache import states_of_records

MOST_LABELS = 64  # each is a column of probabilities
_INSTEAD = ("mark records as seeds", "take records as seeds")


@dataclasses.dataclass(frozen=True)
class Taught:
    """names: of the K domains. states: (n, d) of every record for the probes. sample: (m,) row ids, labels: (m,) int32 in 0..K-1.

    assigned: how pseudo-labels were found, and seed_rows: K lists of the row ids taken as seeds for a description, empty where
    the domain has seeds of its own; None and empty where the labels are the records' own.
    """

    names: list[str]
    states: np.ndarray
    sample: np.ndarray
    labels: np.ndarray
    assigned: Assignment | None = None
    seed_rows: list[list[int]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _Inputs:
    """states: see `Taught`. base: (m, b) of the sample, and seeds: K arrays (s, b), in the space of the centroids. picked: K
    arrays of row ids taken as seeds for a description, empty where the domain has seeds of its own.
    """

    states: np.ndarray
    base: np.ndarray
    seeds: list[np.ndarray]
    picked: list[np.ndarray]


def pseudo_labelled(run: Run) -> Taught:
    """Return the sample with pseudo-labels by the domains' seeds: steps 1 to 3 of methods.md 2."""
    params: DaarParams = run.params
    domains = check_domains([_settled(run, domain_from(domain)) for domain in params.domains])
    n = len(run.results.workspace.records())
    sample = np.sort(np.random.default_rng(params.draw_seed).choice(n, min(params.sample, n), replace=False))
    inputs = _by_model(run, domains, sample) if params.model else _by_embeddings(run, domains, sample)
    run.progress(0.6, 1)
    found = assign_domains(inputs.base, inputs.seeds, params.assignment, params.draw_seed)
    names, seed_rows = [domain.name for domain in domains], [rows.tolist() for rows in inputs.picked]
    return Taught(names, inputs.states, sample, found.labels, found, seed_rows)


def source_labelled(run: Run) -> Taught:
    """Return the sample with the records' own source labels (appendix F.4 of the paper); those without one are not in it.

    Raises CurationError where there are fewer than two labels, or more than MOST_LABELS.
    """
    params: DaarParams = run.params
    names, codes = run.results.workspace.records().sources()
    names = [str(name) for name in names]
    if not 2 <= len(names) <= MOST_LABELS:
        have = f"{len(names)} source labels" if len(names) != 1 else "1 source label"
        raise CurationError(
            f"The records have {have}; to be domains there must be 2 to {MOST_LABELS}. Name another field as the source when you "
            "import, or describe domains."
        )
    states = states_of(run)
    labelled = np.flatnonzero(codes >= 0)
    chosen = np.random.default_rng(params.draw_seed).choice(
        len(labelled), min(params.sample, len(labelled)), replace=False
    )
    sample = labelled[np.sort(chosen)]
    run.progress(0.6, 1)
    return Taught(names, states, sample, codes[sample].astype(np.int32))


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
    x = _embeddings(run)
    base = np.asarray(x[sample], np.float32)
    texts = [[seed.text for seed in domain.kept if seed.row < 0] for domain in domains]
    encoded = iter(
        encode_as_records(run, [text for some in texts for text in some], run.params.encoder, "descriptions", _INSTEAD)
    )
    described = [domain.kept[0].origin == "description" for domain in domains]
    vectors = [[np.array(x[s.row]) if s.row >= 0 else next(encoded) for s in domain.kept] for domain in domains]
    return _with_seeds(x, sample, base, vectors, described, run.params)


def states_of(run: Run) -> np.ndarray:
    """Return (n, d): what the probes read of every record."""
    return _states_by_model(run) if run.params.model else _embeddings(run)


def _embeddings(run: Run) -> np.ndarray:
    if (x := run.results.array("embed")) is None:
        raise lacking("reward needs the embed stage, which has not run on this data", "embed")
    return x


def _with_seeds(
    states: np.ndarray, sample: np.ndarray, base: np.ndarray, vectors: list, described: list[bool], params: DaarParams
) -> _Inputs:
    """Put records of the sample in the place of a bare description; the others' own seeds stand as they are.

    The first draw takes the best-fitting ones; later ones draw among them, or all draws would stand on the same few records.
    """
    stands = unit_rows(np.stack([np.mean(some, axis=0) for some in vectors]))
    rng = np.random.default_rng(params.draw_seed) if params.draw else None
    picked = pick_by_description(unit_rows(base), stands, params.n_seeds, rng)
    seeds = [
        base[rows] if by_text else np.stack(some)
        for rows, by_text, some in zip(picked, described, vectors, strict=True)
    ]
    rows = [
        sample[positions] if by_text else np.zeros(0, np.int64)
        for positions, by_text in zip(picked, described, strict=True)
    ]
    return _Inputs(states, base, seeds, rows)


def _by_model(run: Run, domains: tuple[Domain, ...], sample: np.ndarray) -> _Inputs:
    """A causal LM: its input embeddings make the centroids, its hidden layer feeds the probes."""
    params: DaarParams = run.params
    states = _states_by_model(run)
    lm, records = _causal_model(run), run.results.workspace.records()
    base = input_means(lm, records.take(sample, ["text"])["text"].to_pylist())
    vectors = [list(input_means(lm, [_text_of(records, seed) for seed in domain.kept])) for domain in domains]
    described = [domain.kept[0].origin == "description" for domain in domains]
    return _with_seeds(states, sample, base, vectors, described, params)


def _states_by_model(run: Run) -> np.ndarray:
    params: DaarParams = run.params
    lm, within = _causal_model(run), part_of(run.progress, 0, 0.6)
    return states_of_records(run, lm, params.model, params.layer, within)


def _causal_model(run: Run) -> CausalModel:
    """Return the model, read once for all draws."""
    params: DaarParams = run.params
    name = f"causal model {params.model} {params.max_tokens} {run.device}"
    return run.results.once(name, lambda: load_causal(params.model, run.device, params.max_tokens))


def _text_of(records, seed) -> str:
    return records.take(np.array([seed.row]), ["text"])["text"][0].as_py() if seed.row >= 0 else seed.text
