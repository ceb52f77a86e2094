"""What an ablation holds out, and the groups that its losses are summed up by. Trains nothing."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...base.errors import CurationError, lacking
from ...base.text import counted
from ...selection.quotas import allocate_quotas
from ...workspace.results import Results
from ...workspace.shape import cluster_names
from .params import AblationParams

_MOST_SOURCES, LEAST_HELD = 40, 5


@dataclasses.dataclass(frozen=True)
class Held:
    """rows: (h,) row ids held out. barred: those and every record with the same text. groups: names. codes: (n,) of all records."""

    rows: np.ndarray
    barred: np.ndarray
    groups: list[str]
    codes: np.ndarray


def hold_out(results: Results, params: AblationParams) -> Held:
    """Return what is held out, and the groups. Raises CurationError."""
    records = results.workspace.records()
    groups, codes = _groups(results, params)
    rows = draw_held_out(codes, len(groups), params)
    texts = pa.chunked_array([batch["text"] for batch in records.batches(["text"])])
    same = pc.is_in(texts, value_set=records.take(rows, ["text"])["text"].combine_chunks())
    return Held(rows, np.flatnonzero(same.to_numpy(zero_copy_only=False)), groups, codes)


def draw_held_out(codes: np.ndarray, n_groups: int, params: AblationParams) -> np.ndarray:
    """Return the ascending row ids held out; by group, as many of each as far as half of it goes.

    codes: (n,) group of each record, -1 for none. By group, records of none are left where they are, and so are groups too small to
    be reported as long as there are enough others. Raises CurationError where that leaves fewer than half, or too few have a group.
    """
    n = len(codes)
    if params.held_out > n // 2:
        raise CurationError(
            f"held_out is {params.held_out:,} of {n:,} records; hold out half at most, or there is too little to select from."
        )
    rng = np.random.default_rng([params.seed, 7])
    if params.held_out_by == "random":
        return np.sort(rng.choice(n, params.held_out, replace=False))
    halves = (np.bincount(codes[codes >= 0], minlength=n_groups) + 1) // 2
    large = np.where(halves >= LEAST_HELD, halves, 0)
    halves = large if large.sum() >= params.held_out else halves
    if (there := int(halves.sum())) < params.held_out:
        raise CurationError(
            f"held_out is {params.held_out:,}, but half of every group comes to {counted(there, 'record')}; hold out {there:,} at "
            "most, or draw them at random (held_out_by)."
        )
    quotas = allocate_quotas(np.ones(n_groups), params.held_out, halves)
    order = rng.permutation(n)
    order = order[codes[order] >= 0]
    order = order[np.argsort(codes[order], kind="stable")]
    of = codes[order]
    return np.sort(order[np.arange(len(order)) - np.searchsorted(of, of) < quotas[of]])


def families(names: list[str], codes: np.ndarray) -> tuple[list[str], np.ndarray] | None:
    """Return source labels as groups: themselves where they are few, else what stands before their first "/"; or None."""
    if not names:
        return None
    if len(names) <= _MOST_SOURCES:
        return names, codes
    heads = [name.partition("/")[0] for name in names]
    short = list(dict.fromkeys(heads))
    if not 2 <= len(short) <= _MOST_SOURCES:
        return None
    place = np.array([short.index(head) for head in heads] + [-1])
    return short, place[codes].astype(np.int32)


def reported_groups(n_groups: int, codes: np.ndarray) -> list[int]:
    """Return the groups with enough held-out records to speak of. Raises CurationError where there is none."""
    reported = [g for g in range(n_groups) if (codes == g).sum() >= LEAST_HELD]
    if not reported:
        raise CurationError(
            f"No group has {LEAST_HELD} held-out records with a response; hold out more, or group otherwise."
        )
    return reported


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
