"""The stage of a target on a workspace: its examples, their vectors, and the records that overlap with them."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ...base.arrays import unit_rows
from ...base.errors import CurationError
from ...base.files import read_table
from ...base.params import Params, digest
from ...base.progress import Progress, part_of
from ...models.causal_lm import CausalModel, load_causal
from ...models.hidden_states import weighted_means
from ...vectors.encoding import encode_as_records
from ...vectors.overlap.by_words import Evaluated, overlaps_by_words
from ...vectors.placing import beside
from ...workspace.artifacts import Result
from ...workspace.results import Results, Run, Stage
from ...workspace.shards import make_in_shards
from ...workspace.states_work import StatesWork
from .examples import Examples, as_table, read_examples, warnings_of
from .params import TargetParams
from .targets import Targets

NAME = "targets"
_STATES, _STATES_VERSION, _SHARD_RECORDS = "target-states", 1, 512
_INSTEAD = ("pick records of the data as examples with --records", "take records of the data as examples")


def _targets(run: Run) -> Result:
    params: TargetParams = run.params
    if not params.files and not params.rows:
        raise CurationError(
            "The target has no examples",
            command="name a file of them, or --records.",
            page="give a file, or pick records",
        )
    records = run.results.workspace.records()
    examples = read_examples(records, params)
    vectors, space, states = _vectors(run, examples, part_of(run.progress, 0, 0.7))
    left_out = _overlaps(run, examples, part_of(run.progress, 0.7, 0.98))
    found = Targets(vectors, space, examples.labels, examples.names, examples.texts)
    info = {
        "params": _said_of(params),
        "n_examples": len(examples),
        "labels": examples.by_label,
        "n_unread": examples.n_unread,
        "n_twice": examples.n_twice,
        "n_in_files": examples.n_in_files,
        "n_left_out": len(left_out),
        "states": states,
        "names": list(examples.names),
        "warnings": warnings_of(len(examples)),
    }
    nearest = np.where(examples.rows >= 0, examples.rows, _nearest(found))
    parts = {"value": as_table(examples, nearest), "vectors": vectors, "overlaps": left_out}
    return info, parts


def _said_of(params: TargetParams) -> dict[str, Any]:
    """Return the params without where the files lie on this computer."""
    files = [{"name": each.name, "file": Path(each.path).name, "sha256": each.sha256} for each in params.files]
    return params.as_dict() | {"files": files}


def _vectors(run: Run, examples: Examples, progress: Progress) -> tuple[np.ndarray, np.ndarray, str]:
    """Return (the examples' vectors, those of the records, the key of the hidden states that these are, "" for embeddings)."""
    params: TargetParams = run.params
    if params.model:
        lm = load_causal(params.model, run.device, params.max_tokens)
        key = _states_of_records(run, lm, params.model, progress)
        return unit_rows(weighted_means(lm, examples.texts)), run.results.workspace.array(_STATES, key), key
    x = run.results.array("embed")
    vectors = np.empty((len(examples), x.shape[1]), np.float32)
    is_picked = examples.rows >= 0
    vectors[is_picked] = x[examples.rows[is_picked]]
    others = [examples.texts[i] for i in np.flatnonzero(~is_picked).tolist()]
    vectors[~is_picked] = encode_as_records(run, others, params.encoder, "examples", _INSTEAD, "More")
    return vectors, x, ""


def _states_of_records(run: Run, lm: CausalModel, model: str, progress: Progress) -> str:
    """Let the records' weighted means of last hidden states be there, (n, d) float32 unit rows; return their key."""
    workspace = run.results.workspace
    key = digest(_STATES, _STATES_VERSION, model, lm.max_tokens, workspace.dataset().fingerprint)
    work = StatesWork(_unit_means, workspace.records().path, model, lm.max_tokens, lm.device, lm)

    def make() -> Result:
        make_in_shards(workspace, _STATES, key, _SHARD_RECORDS, work, progress, run.engine)
        return {"model": model}, {}

    return workspace.keep(_STATES, key, make, shards=key)


def _unit_means(lm: CausalModel, texts: list[str], progress: Progress) -> np.ndarray:
    return unit_rows(weighted_means(lm, texts, progress=progress))


def _overlaps(run: Run, examples: Examples, progress: Progress) -> pa.Table:
    """Return row_id (ascending), example and words of the records that overlap with an example, or are one: words 0."""
    records, n = run.results.workspace.records(), run.params.words
    held = [pa.array(texts, pa.large_string()) for texts in (examples.prompts, examples.responses)]
    shared = overlaps_by_words(records, [Evaluated(*held, n)], n, progress)[0]
    found = {each.row: (each.item, each.length) for each in shared}
    found |= {int(row): (i, 0) for i, row in enumerate(examples.rows.tolist()) if row >= 0}
    rows = sorted(found)
    columns = {"row_id": rows, "example": [found[row][0] for row in rows], "words": [found[row][1] for row in rows]}
    return pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})


def _nearest(targets: Targets) -> np.ndarray:
    """Return (m,) int64: the record nearest to each example; of equal ones the first."""
    best, nearest = np.full(len(targets), -np.inf), np.zeros(len(targets), np.int64)
    for start in range(0, len(targets.space), 65_536):
        cosines = targets.cosines(np.arange(start, min(start + 65_536, len(targets.space))))
        at = cosines.argmax(axis=1)
        found = cosines[np.arange(len(at)), at]
        nearest[found > best] = start + at[found > best]
        best = np.maximum(best, found)
    return nearest


class _Targets(Stage):
    def needs_of(self, params: Params) -> tuple[str, ...]:
        """Return the embeddings, or where a model reads the texts itself the records."""
        return ("records",) if params.model else ("embed",)

    def digest(self, params: Params, needs: list[str]) -> str:
        """Return the key, which does not depend on where the files lie."""
        asked = params.as_dict() | {"files": [each.known_by for each in params.files]}
        return digest(self.name, self.version, asked, needs)


TARGETS = _Targets(
    name=NAME,
    params=TargetParams,
    version=1,
    needs=("embed",),
    run=_targets,
    help="Give examples of a target, which the method target selects toward.",
    doing="Reading the target's examples",
    leads=False,
)


def targets_of(results: Results) -> Targets | None:
    """Return the current target, None where there is none or it is out of date."""
    key = results.current(NAME)
    return results.once(f"target {key}", functools.partial(_open, results, key)) if key else None


def _open(results: Results, key: str) -> Targets:
    workspace, info = results.workspace, results.workspace.info(NAME, key)
    table, overlaps = workspace.table(NAME, key), read_table(workspace.path(NAME, key, ".overlaps.arrow"))
    return Targets(
        workspace.array(NAME, key, ".vectors.npy"),
        workspace.array(_STATES, info["states"]) if info["states"] else results.array("embed"),
        table["label"].to_numpy(),
        tuple(info["names"]),
        tuple(table["text"].to_pylist()),
        *(overlaps[name].to_numpy() for name in ("row_id", "example", "words")),
    )


def positions_of(table: pa.Table, xy: np.ndarray) -> np.ndarray:
    """Return (m, 2) float32: where examples are on the map, each beside the record that is nearest to it, or on it where it is one.

    table: of the stage. xy: (n, 2) positions of the records.
    """
    return beside(xy[table["nearest"].to_numpy()], table["row"].to_numpy() >= 0, 0)
