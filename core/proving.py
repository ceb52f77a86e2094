"""Proof by training on a workspace: hold out, select by each method, train, and keep every training's held-out losses.

Each training is a result of its own, so a killed proof goes on with the next one, and another method added later costs only
its own trainings.
"""

import dataclasses
import time
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.causal import load_causal, mean_log_probs
from core.contenders import redrawn_words, select_for_proof
from core.device import resolve_device
from core.errors import CurationError, lacking
from core.feedback import pairs_of
from core.params import digest, rows_digest
from core.pipeline import Pipeline
from core.progress import Progress, no_progress, part_of
from core.proof import LEAST_HELD, ProofLine, ProveParams, draw_held_out, families, sum_up, told_groups, with_half
from core.redraw import mean_overlap, overlap_warning
from core.selection import SelectionParams
from core.small_lm import held_out_losses, train_small_lm
from core.small_tokens import Encoded, encode_pairs, train_tokenizer
from core.tuning import tune

VERSION = 1
_TOKENIZER_RECORDS = 20_000
_LINES = 3  # the form of a saved line
_CHOOSING = 0.1  # of the time, about


@dataclasses.dataclass(frozen=True)
class _Held:
    """rows: (h,) row ids held out. barred: those and every record with the same text. groups: names. codes: (n,) of all records."""

    rows: np.ndarray
    barred: np.ndarray
    groups: list[str]
    codes: np.ndarray


def prove(
    pipeline: Pipeline, params: ProveParams, progress: Progress = no_progress, device: str = "auto"
) -> list[ProofLine]:
    """Train what is not trained yet and return a line a method. Raises CurationError where a method lacks what it needs."""
    held = _held_out(pipeline, params)
    device = resolve_device(device)
    told_groups(len(held.groups), held.codes[held.rows])
    # All of them first: what is missing is said before an hour of training.
    chosen = _choose(pipeline, params, held, part_of(progress, 0, _CHOOSING), device)
    trained: dict[tuple[str, int], str] = {}
    train = _Trainer(pipeline, params, held, device)
    train.settle(chosen.values())
    for place, ((method, seed), rows) in enumerate(chosen.items()):
        start, stop = (_CHOOSING + (1 - _CHOOSING) * at / len(chosen) for at in (place, place + 1))
        trained[method, seed] = train(rows, method, seed, part_of(progress, start, stop))
        progress(stop, 1)
    lines = _lines(pipeline, trained, chosen, held)
    told = {
        "trained": [[*which, key] for which, key in trained.items()],
        "lines": [line.as_dict() for line in lines],
        "untold": _untold(held, lines),
        "varied": redrawn_words(pipeline, params),
        "steps": train.small.steps,
        "basis": [_LINES, pipeline.current("records")],
    }
    pipeline.workspace.ledger.set_settings("prove", params.as_dict() | told)
    return lines


def _choose(
    pipeline: Pipeline, params: ProveParams, held: _Held, progress: Progress, device: str
) -> dict[tuple[str, int], np.ndarray]:
    """Return {(method, seed): row ids}, seed by seed; a version of another size than the budget gets random ones of its own."""
    methods = list(params.methods)
    if "random" in methods:
        budget = SelectionParams(params.budget).n_records(len(pipeline.workspace.records()))
        for method in params.methods:
            if method.startswith("version:"):
                n = len(select_for_proof(pipeline, method, params, params.seed, held.barred))
                if n != budget and f"random:{n}" not in methods:
                    methods.append(f"random:{n}")
    seeds = range(params.seed, params.seed + params.n_seeds)
    both = [(method, seed) for seed in seeds for method in methods]
    chosen = {}
    for place, (method, seed) in enumerate(both):
        within = part_of(progress, place / len(both), (place + 1) / len(both))
        chosen[method, seed] = select_for_proof(pipeline, method, params, seed, held.barred, within, device)
    return chosen


def _lines(
    pipeline: Pipeline, trained: dict[tuple[str, int], str], chosen: dict[tuple[str, int], np.ndarray], held: _Held
) -> list[ProofLine]:
    losses: dict[str, list[np.ndarray]] = {}
    taken: dict[str, list[np.ndarray]] = {}
    rows: dict[str, list[np.ndarray]] = {}
    read: dict[str, list[float]] = {}
    for (method, seed), key in trained.items():
        losses.setdefault(method, []).append(np.array(pipeline.workspace.array("proof", key)))
        taken.setdefault(method, []).append(held.codes[chosen[method, seed]])
        rows.setdefault(method, []).append(chosen[method, seed])
        read.setdefault(method, []).append(_times_read(pipeline.workspace.info("proof", key)))
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


@dataclasses.dataclass(frozen=True)
class LastProof:
    """The latest proof of a workspace. lines: one a method, none where the data changed since. trained: [method, seed, key].

    untold: (groups, held-out records in them) that are in no line, a group having too few to speak of. varied: what differed
    between the seeds, in words. steps: of the small model's trainings.
    """

    params: ProveParams
    lines: list[ProofLine]
    trained: list[list]
    untold: tuple[int, int]
    varied: str
    steps: int

    @property
    def warnings(self) -> list[str]:
        """Return what whoever reads the lines must know."""
        found = [self.left_out]
        if partly := [f"{line.method} {line.read:.0%}" for line in self.lines if line.read < 0.995]:
            found.append(
                f"Trainings read only a part of what was selected: {', '.join(partly)}. Give more steps, or leave them out: then "
                "the longest selection is read once."
            )
        for line in self.lines:
            if np.isfinite(line.overlap):
                found.append(overlap_warning(line.method, line.overlap, self.params.n_seeds))
        if not self.varied and self.lines:
            found.append(
                "This was trained before clusters and DaaR's probes were drawn anew for each seed: its intervals leave that out. "
                "Train again."
            )
        return [text for text in found if text]

    @property
    def left_out(self) -> str:
        """Return in a sentence what is in no line, "" where everything is."""
        groups, records = self.untold
        if not groups:
            return ""
        told = self.params.held_out - records
        return (
            f"{records:,} of the {self.params.held_out:,} held-out records count for nothing: their {groups:,} groups have "
            f"fewer than {LEAST_HELD} with a response. The losses are of the other {told:,}; hold out more, or take larger groups."
        )


def last_proof(pipeline: Pipeline) -> LastProof | None:
    """Return the latest proof, or None where there was none."""
    saved = pipeline.workspace.ledger.settings().get("prove")
    if saved is None:
        return None
    saved.pop("records", None)  # of proofs from before lines had shares
    names = ("trained", "lines", "basis", "untold", "varied", "steps")
    trained, lines, basis, untold, varied, steps = (saved.pop(name, None) for name in names)
    same = basis in ([2, pipeline.current("records")], [_LINES, pipeline.current("records")])
    lines = [ProofLine(**line) for line in lines] if same else []
    params = ProveParams.from_dict(saved)
    steps = steps or params.small_params().steps
    return LastProof(params, lines, trained, tuple(untold or (0, 0)), varied or "", steps)


def _untold(held: _Held, lines: list[ProofLine]) -> tuple[int, int]:
    counts = np.bincount(held.codes[held.rows], minlength=len(held.groups))
    left_out = counts[[name not in lines[0].groups for name in held.groups]]
    return int((left_out > 0).sum()), int(left_out.sum())


def _held_out(pipeline: Pipeline, params: ProveParams) -> _Held:
    records = pipeline.workspace.records()
    rows = draw_held_out(len(records), params)
    texts = pa.chunked_array([batch["text"] for batch in records.batches(["text"])])
    same = pc.is_in(texts, value_set=records.take(rows, ["text"])["text"].combine_chunks())
    barred = np.flatnonzero(same.to_numpy(zero_copy_only=False))
    groups, codes = _groups(pipeline, params)
    return _Held(rows, barred, groups, codes)


def _groups(pipeline: Pipeline, params: ProveParams) -> tuple[list[str], np.ndarray]:
    """Return (names, (n,) codes) of what losses are summed up by."""
    sources = pipeline.workspace.records().sources()
    by_source = families(*sources) if params.by == "auto" else sources if sources[0] else None
    if params.by != "cluster" and by_source is not None:
        return by_source
    if params.by == "source":
        raise CurationError("The records have no source labels; sum up by cluster.")
    if not (key := pipeline.current("cluster")):
        raise lacking("Losses are summed up by cluster, and there are none", "cluster", pipeline.workspace.folder)
    names = pipeline.workspace.info("cluster", key)["names"]
    return [f"{number} {name}" for number, name in enumerate(names)], np.array(pipeline.labels())


class _Trainer:
    """Trains on selections of one workspace; what they share (tokenizer, held-out tokens) is made once."""

    def __init__(self, pipeline: Pipeline, params: ProveParams, held: _Held, device: str) -> None:
        self._pipeline, self._params, self._held, self._device = pipeline, params, held, device
        self._workspace, self._records = pipeline.workspace, pipeline.workspace.records()
        self._tokenizer = self._encoded_held = None
        self.small = params.small_params()

    def settle(self, chosen: Iterable[np.ndarray]) -> None:
        """Settle the steps where they are to read the largest of the `chosen` selections once."""
        if not self._params.base and not self.small.steps:
            self.small = self.small.reading(max(self._encoded(rows).n_tokens for rows in chosen))

    def __call__(self, rows: np.ndarray, method: str, seed: int, progress: Progress) -> str:
        """Train on `rows` if it was not done before, and return the key of its held-out losses."""
        params, workspace = self._params, self._workspace
        how = [params.base, params.lora] if params.base else [self.small.as_dict()]
        held = rows_digest(self._held.rows)
        key = digest("proof", VERSION, self._pipeline.current("records"), held, how, seed, rows_digest(rows))
        with workspace.lock("proof", key):
            if not workspace.has("proof", key):
                started = time.monotonic()
                if params.base:
                    losses, info = self._tuned(rows, seed, key, progress)
                else:
                    losses, info = self._from_scratch(rows, seed, progress)
                facts = {
                    "method": method,
                    "seed": seed,
                    "n_records": len(rows),
                    "seconds": round(time.monotonic() - started, 1),
                    "device": self._device,
                }
                workspace.save("proof", key, facts | info, value=losses)
                workspace.remove_shards("proof", key)
        return key

    def _pairs(self, rows: np.ndarray) -> tuple[list[str], list[str]]:
        pairs = pairs_of(self._records, rows)
        return pairs.prompts, pairs.responses

    def _encoded(self, rows: np.ndarray) -> Encoded:
        """Return records as tokens of the tokenizer that all of the proof's trainings share."""
        if self._tokenizer is None:
            # Of records that may be selected, the same for every method.
            free = np.setdiff1d(np.arange(len(self._records)), self._held.barred)
            rng = np.random.default_rng([self._params.seed, 8])
            some = np.sort(rng.choice(free, min(_TOKENIZER_RECORDS, len(free)), replace=False))
            texts = self._records.take(some, ["text"])["text"].to_pylist()
            self._tokenizer = train_tokenizer(texts, self.small.vocabulary)
        return encode_pairs(self._tokenizer, *self._pairs(rows))

    def _from_scratch(self, rows: np.ndarray, seed: int, progress: Progress) -> tuple[np.ndarray, dict]:
        small, encoded = self.small, self._encoded(rows)
        if self._encoded_held is None:
            self._encoded_held = self._encoded(self._held.rows)
        lm = train_small_lm(encoded, small, seed, self._device, part_of(progress, 0, 0.95))
        losses = held_out_losses(lm, self._encoded_held)
        return losses, {"curve": lm.curve, "tokens": small.tokens_seen, "tokens_selected": int(encoded.n_tokens)}

    def _tuned(self, rows: np.ndarray, seed: int, key: str, progress: Progress) -> tuple[np.ndarray, dict]:
        """Tune a real model by LoRA; a checkpoint lies in the shard folder, so a killed training goes on."""
        params = self._params.lora_params()
        lm = load_causal(params.model, self._device, params.max_tokens)
        folder = self._workspace.shard_folder("proof", key)
        curve = tune(lm, *self._pairs(rows), params, folder, seed, part_of(progress, 0, 0.9))
        prompts, responses = self._pairs(self._held.rows)
        losses = -mean_log_probs(lm, prompts, responses, 2 * params.batch_size, part_of(progress, 0.9, 1))
        return losses, {"curve": curve, "epochs": params.epochs}


def table_lines(lines: list[ProofLine]) -> list[str]:
    """Return the lines as text, the best first, for a terminal."""
    heads = f"{'method':<18} {'records':>9} {'read':>6} {'overlap':>8} {'macro loss':>17} {'worst':>8} {'against random':>19}"
    told = [f"{heads}  groups (share of the selection)"]
    for line in lines:
        gap = with_half(f"{line.against:+.4f}", line.against_half) if np.isfinite(line.against) else "-"
        some = ", ".join(f"{name} {loss:.3f} ({line.shares[name]:.0%})" for name, loss in list(line.groups.items())[:4])
        more = f" and {len(line.groups) - 4} more" if len(line.groups) > 4 else ""
        macro = with_half(f"{line.macro:.4f}", line.macro_half)
        read = f"{line.read:.2f}x" if np.isfinite(line.read) else "-"
        overlap = f"{line.overlap:.0%}" if np.isfinite(line.overlap) else "-"
        told.append(
            f"{line.method:<18} {max(line.n_records):>9,} {read:>6} {overlap:>8} {macro:>17} {line.worst:>8.4f} {gap:>19}  "
            f"{some}{more}"
        )
    return told
