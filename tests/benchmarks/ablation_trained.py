"""Trainings of the ablation, each kept by what it was made of: records, model, seed, held-out records; nothing is trained twice.

What is kept is each family's mean loss, in `kept/ablation.jsonl` beside this file, so that a table of some hundred trainings can
be printed again and gone on with. A training is known by a hash of its records, model, seed and held-out records, so another
selection, model or pool is trained anew.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.base.ahead import cores
from core.base.params import digest, rows_digest
from core.models.scratch_lm import SmallLmParams
from core.models.scratch_tokens import Encoded, encode_pairs, train_tokenizer
from core.models.scratch_training import Trained, Training, train_side_by_side
from core.refine.feedback import pairs_of
from core.run.pipeline import Pipeline
from tests.benchmarks.ablation_pools import FAMILIES, families_of, held_out

KEPT = Path(__file__).parent / "kept" / "ablation.jsonl"
MODEL = SmallLmParams(width=64, layers=2, context=128, steps=600, learning_rate=1.5e-3)
_TOKENIZER_RECORDS = 20_000


class Trainer:
    """Trains on selections of one pool, by one thread; the tokenizer and the held-out tokens are the pool's."""

    def __init__(self, pipeline: Pipeline, model: SmallLmParams = MODEL) -> None:
        self.pipeline, self.model = pipeline, model
        self.families = families_of(pipeline)
        self.held = held_out(self.families)
        records = pipeline.workspace.records()
        texts = pa.chunked_array([batch["text"] for batch in records.batches(["text"])])
        same = pc.is_in(texts, value_set=records.take(self.held, ["text"])["text"].combine_chunks())
        self.barred = np.flatnonzero(same.to_numpy(zero_copy_only=False))
        self._tokenizer = self._encoded_held = None

    def key(self, rows: np.ndarray, seed: int) -> str:
        """Return what a training on the selected `rows` is kept by."""
        made_of = [self.pipeline.current("records"), rows_digest(self.held), self.model.as_dict(), seed]
        return digest("ablation", *made_of, rows_digest(rows))

    def encoded(self, rows: np.ndarray) -> Encoded:
        """Return records as tokens of the pool's tokenizer, trained on records that may be selected."""
        records = self.pipeline.workspace.records()
        if self._tokenizer is None:
            free = np.setdiff1d(np.arange(len(records)), self.barred)
            some = np.random.default_rng(8).choice(free, min(_TOKENIZER_RECORDS, len(free)), replace=False)
            texts = records.take(np.sort(some), ["text"])["text"].to_pylist()
            self._tokenizer = train_tokenizer(texts, self.model.vocabulary)
        pairs = pairs_of(records, rows)
        return encode_pairs(self._tokenizer, pairs.prompts, pairs.responses)

    def training(self, rows: np.ndarray, seed: int) -> Training:
        """Return what is trained on the selected `rows`."""
        if self._encoded_held is None:
            self._encoded_held = self.encoded(self.held)
        return Training(self.encoded(rows), self._encoded_held, self.model, seed)

    def told(self, rows: np.ndarray, trained: Trained, n_tokens: int) -> dict:
        """Return what is kept of a training: each family's mean loss, its share of the selection, how often that was read."""
        of, codes = self.families[self.held], range(len(FAMILIES))
        shares = np.bincount(self.families[rows], minlength=len(FAMILIES)) / len(rows)
        return {
            "losses": [round(float(np.nanmean(trained.losses[of == code])), 6) for code in codes],
            "shares": shares.round(4).tolist(),
            "records": len(rows),
            "read": round(self.model.tokens_seen / n_tokens, 3),
            "seconds": trained.seconds,
        }


def train_missing(trainer: Trainer, wanted: dict[tuple[str, str, int], np.ndarray]) -> None:
    """Train on each selection that no kept training was made on, side by side, and keep what comes of it."""
    kept = kept_trainings()
    todo = {which: rows for which, rows in wanted.items() if trainer.key(rows, which[2]) not in kept}
    trainings = {which: trainer.training(rows, which[2]) for which, rows in todo.items()}
    with tempfile.TemporaryDirectory() as folder:
        places = [(training, Path(folder) / str(i)) for i, training in enumerate(trainings.values())]
        for which, share, trained in train_side_by_side(places, cores()):
            if trained is None or share < 1:
                continue
            (pool, arm, seed), rows = list(todo.items())[which]
            told = trainer.told(rows, trained, trainings[pool, arm, seed].encoded.n_tokens)
            keep_training(trainer.key(rows, seed), {"pool": pool, "arm": arm, "seed": seed} | told)
            print(f"  trained {pool}, {arm}, seed {seed}: {told['losses']}, {told['seconds']:.0f} s", flush=True)


def kept_trainings() -> dict[str, dict]:
    """Return {key: what `train` returned} of all trainings so far."""
    if not KEPT.exists():
        return {}
    return {entry.pop("key"): entry for entry in map(json.loads, KEPT.read_text(encoding="utf-8").splitlines())}


def keep_training(key: str, found: dict) -> None:
    """Add a training to those kept, as one line."""
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"key": key} | found) + "\n")
