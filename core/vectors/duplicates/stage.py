"""The stage of near-duplicates on a workspace, and what follows from its pairs at a threshold: groups, and what to drop."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from ...base.progress import Progress, part_of
from ...workspace.artifacts import Result
from ...workspace.deciding import overrides_of
from ...workspace.engine import make_shards
from ...workspace.results import Results, Run, Stage
from ...workspace.rows_work import ROWS
from ...workspace.shards import shard_files
from ..cells import nearest_within
from ..cells_work import nearest_on_nodes
from .by_meaning import copies_of, pairs_by_cosine
from .by_words import SignWork, WordSets, pairs_by_words, signatures
from .forest import Pairs
from .groups import Groups, dropped_by, groups_of, pairs_at, worth_of
from .params import DuplicateParams, Threshold


def _duplicates(run: Run) -> Result:
    workspace, params = run.results.workspace, run.params
    copies = copies_of(workspace.hashes("text"))
    sign, within = signatures, nearest_within
    if not run.engine.is_local:
        sign, within = functools.partial(_sign_on_nodes, run), functools.partial(nearest_on_nodes, run, "duplicates")
    by_cosine = pairs_by_cosine(
        run.results.array("embed"), params.least_cosine, params.neighbors, copies, part_of(run.progress, 0, 0.5), within
    )
    by_words = pairs_by_words(
        workspace.records(), params.least_jaccard, params.permutations, params.seed, part_of(run.progress, 0.5, 1), sign
    )
    info = {"n_copies": len(copies), "n_cosine": len(by_cosine.rows), "n_words": len(by_words.rows)}
    return info, {
        "value": by_cosine.rows,
        "cosines": by_cosine.values,
        "words": by_words.rows,
        "jaccards": by_words.values,
    }


def _sign_on_nodes(run: Run, sets: WordSets, permutations: int, seed: int, progress: Progress) -> np.ndarray:
    """Let the run's engine sign the records; what they have in common is found here."""
    workspace = run.results.workspace
    shards = shard_files(workspace, "duplicates", run.key, ROWS, ".npy")
    make_shards(shards, SignWork(workspace.records().path, permutations, seed), progress, run.engine)
    return np.concatenate([np.load(shard.path, allow_pickle=False) for shard in shards])


DUPLICATES = Stage(
    name="duplicates",
    params=DuplicateParams,
    version=1,
    needs=("records", "embed"),
    run=_duplicates,
    help="Find pairs of near-duplicates, in meaning and in words.",
    doing="Finding near-duplicates",
    leads=False,
)


@dataclasses.dataclass(frozen=True)
class Found:
    """Groups at a threshold. drop: ascending rows that the rule drops. keep: (g,) the row that each group keeps, or -1."""

    groups: Groups
    drop: np.ndarray
    keep: np.ndarray


def groups_at(results: Results, threshold: Threshold) -> Groups:
    """Return the groups of near-duplicates at a threshold. Raises CurationError where pairs so far apart were not kept."""
    results.finished("duplicates")
    threshold.check(results.params("duplicates"))
    by_cosine = Pairs(results.array("duplicates"), results.array("duplicates", ".cosines.npy"))
    by_words = Pairs(results.array("duplicates", ".words.npy"), results.array("duplicates", ".jaccards.npy"))
    return groups_of(pairs_at(threshold, by_cosine, by_words))


def keep_best(results: Results, groups: Groups, keep: str, order: Sequence[str] = ()) -> Found:
    """Return which records of each group a rule drops. keep: one of KEEP; order: of sources. Raises CurationError."""
    n, overrides = results.n_records(), overrides_of(results)
    worth = worth_of(
        keep,
        n,
        quality=results.column("score", "score"),
        lengths=_lengths(results) if keep == "longest" else None,
        sources=results.workspace.records().sources() if keep == "source" else None,
        order=order,
    )
    pinned, dropped = np.zeros(n, bool), np.zeros(n, bool)
    pinned[overrides.pinned], dropped[overrides.dropped] = True, True
    return Found(groups, *dropped_by(groups, worth, pinned, dropped))


def _lengths(results: Results) -> np.ndarray:
    lengths = [pc.utf8_length(batch["text"]).to_numpy() for batch in results.workspace.records().batches(["text"])]
    return np.concatenate(lengths)


def note_of(threshold: Threshold, keep: str, order: Sequence[str] = ()) -> str:
    """Return the note of the decision that drops near-duplicates."""
    rule = f"source, {' before '.join(order)}" if keep == "source" else keep
    return f"near-duplicates: {threshold.label}; kept by {rule}"
