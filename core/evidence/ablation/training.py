"""The trainings of an ablation: a small model from scratch or a LoRA, each kept as a result of its own."""

import dataclasses
import time
from collections.abc import Iterable

import numpy as np

from ...base.params import digest, rows_digest
from ...base.progress import Progress, part_of
from ...models.causal_lm import load_causal, mean_log_probs
from ...models.lora import tune
from ...models.scratch_lm import held_out_losses, train_small_lm
from ...models.scratch_tokens import Encoded, encode_pairs, train_tokenizer
from ...refine.feedback import pairs_of
from ...workspace.artifacts import Result
from ...workspace.results import Results
from .params import KIND, AblationParams

VERSION = 1
_TOKENIZER_RECORDS = 20_000


@dataclasses.dataclass(frozen=True)
class _Held:
    """rows: (h,) row ids held out. barred: those and every record with the same text. groups: names. codes: (n,) of all records."""

    rows: np.ndarray
    barred: np.ndarray
    groups: list[str]
    codes: np.ndarray


class _Trainer:
    """Trains on selections of one workspace; what they share (tokenizer, held-out tokens) is made once."""

    def __init__(self, results: Results, params: AblationParams, held: _Held, device: str) -> None:
        self._results, self._params, self._held, self._device = results, params, held, device
        self._workspace, self._records = results.workspace, results.workspace.records()
        self._tokenizer = self._encoded_held = None
        self.small = params.small_params()

    def settle(self, chosen: Iterable[np.ndarray]) -> None:
        """Settle the steps where they are to read the largest of the `chosen` selections once."""
        if not self._params.base and not self.small.steps:
            self.small = self.small.reading(max(self._encoded(rows).n_tokens for rows in chosen))

    def __call__(self, rows: np.ndarray, method: str, seed: int, progress: Progress) -> str:
        """Train on `rows` if it was not done before, and return the key of its held-out losses."""
        params = self._params
        how = [params.base, params.lora] if params.base else [self.small.as_dict()]
        held = rows_digest(self._held.rows)
        key = digest(KIND, VERSION, self._results.current("records"), held, how, seed, rows_digest(rows))

        def make() -> Result:
            started = time.monotonic()
            train = self._tuned if params.base else self._from_scratch
            losses, info = train(rows, seed, key, progress)
            facts = {
                "method": method,
                "seed": seed,
                "n_records": len(rows),
                "seconds": round(time.monotonic() - started, 1),
                "device": self._device,
            }
            return facts | info, {"value": losses}

        return self._results.keep(KIND, key, make, shards=key)

    def _pairs(self, rows: np.ndarray) -> tuple[list[str], list[str]]:
        pairs = pairs_of(self._records, rows)
        return pairs.prompts, pairs.responses

    def _encoded(self, rows: np.ndarray) -> Encoded:
        """Return records as tokens of the tokenizer that all of the ablation's trainings share."""
        if self._tokenizer is None:
            # Of records that may be selected, the same for every method.
            free = np.setdiff1d(np.arange(len(self._records)), self._held.barred)
            rng = np.random.default_rng([self._params.seed, 8])
            some = np.sort(rng.choice(free, min(_TOKENIZER_RECORDS, len(free)), replace=False))
            texts = self._records.take(some, ["text"])["text"].to_pylist()
            self._tokenizer = train_tokenizer(texts, self.small.vocabulary)
        return encode_pairs(self._tokenizer, *self._pairs(rows))

    def _from_scratch(self, rows: np.ndarray, seed: int, key: str, progress: Progress) -> tuple[np.ndarray, dict]:
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
        folder = self._workspace.shard_folder(KIND, key)
        curve = tune(lm, *self._pairs(rows), params, folder, seed, part_of(progress, 0, 0.9))
        prompts, responses = self._pairs(self._held.rows)
        losses = -mean_log_probs(lm, prompts, responses, 2 * params.batch_size, part_of(progress, 0.9, 1))
        return losses, {"curve": curve, "epochs": params.epochs}
