"""The trainings of an ablation: a small model from scratch or a LoRA, each kept as a result of its own."""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...base.ahead import cores
from ...base.params import digest, rows_digest
from ...base.progress import Progress, part_of
from ...models.causal_lm import load_causal, mean_log_probs
from ...models.lora import tune
from ...models.scratch_tokens import Encoded, encode_pairs, train_tokenizer
from ...models.scratch_training import Trained, Training, train_and_judge, train_side_by_side
from ...refine.feedback import pairs_of
from ...workspace.results import Results
from .held_out import Held
from .params import KIND, AblationParams

VERSION = 2
_TOKENIZER_RECORDS = 20_000
_WORTH_A_PROCESS = 200_000  # tokens of a training: below, starting a process takes longer than it saves
_HEADROOM, _STEPS_OF = 1.05, 50  # steps where seeds are added, whose selections may be longer
Which = tuple[str, int]  # an arm and a seed


class Trainer:
    """Trains on selections of one workspace; what they share (tokenizer, held-out tokens) is made once."""

    def __init__(self, results: Results, params: AblationParams, held: Held, device: str) -> None:
        self._results, self._params, self._held, self._device = results, params, held, device
        self._workspace, self._records = results.workspace, results.workspace.records()
        self._tokenizer = self._encoded_held = None
        self.small = params.small_params()

    def settle(self, chosen: Iterable[np.ndarray]) -> None:
        """Settle the steps, once, where they are to read the largest of the `chosen` selections once."""
        if self._params.base or self.small.steps:
            return
        most = max(self._encoded(rows).n_tokens for rows in chosen)
        if self._params.most_seeds > self._params.n_seeds:
            each = self.small.batch_size * self.small.context * _STEPS_OF
            most = -(-int(most * _HEADROOM) // each) * each
        self.small = self.small.reading(most)

    def __call__(self, asked: Mapping[Which, np.ndarray], progress: Progress) -> dict[Which, str]:
        """Train on each of the selections, {(arm, seed): row ids}, that were not before; return the keys of their losses."""
        keys = {which: self._key(rows, which[1]) for which, rows in asked.items()}
        missing = {key: which for which, key in keys.items() if not self._workspace.has(KIND, key)}
        left = {which: key for key, which in missing.items()}
        at_once = min(len(left), cores())
        if self._params.base:
            self._tune_all(asked, left, progress)
        elif self._device == "cpu" and at_once > 1 and self.small.tokens_seen >= _WORTH_A_PROCESS:
            self._train_at_once(asked, left, at_once, progress)
        else:
            for place, (which, key) in enumerate(left.items()):
                within = part_of(progress, place / len(left), (place + 1) / len(left))
                training = self._training(asked[which], which[1])
                self._keep(which, key, asked[which], training, train_and_judge(training, within))
        progress(1, 1)
        return keys

    def _key(self, rows: np.ndarray, seed: int) -> str:
        params = self._params
        how = [params.base, params.lora] if params.base else [self.small.as_dict()]
        held = rows_digest(self._held.rows)
        return digest(KIND, VERSION, self._results.current("records"), held, how, seed, rows_digest(rows))

    def _train_at_once(
        self, asked: Mapping[Which, np.ndarray], left: Mapping[Which, str], at_once: int, progress: Progress
    ) -> None:
        order, begun, done = list(left.items()), {}, np.zeros(len(left))

        def trainings() -> Iterator[tuple[Training, Path]]:
            for place, (which, key) in enumerate(order):
                begun[place] = self._training(asked[which], which[1])
                yield begun[place], self._workspace.shard_folder(KIND, key)

        for place, share, trained in train_side_by_side(trainings(), at_once):
            if trained:
                which, key = order[place]
                self._keep(which, key, asked[which], begun.pop(place), trained)
            done[place] = share
            progress(float(done.sum()), len(done))

    def _training(self, rows: np.ndarray, seed: int) -> Training:
        if self._encoded_held is None:
            self._encoded_held = self._encoded(self._held.rows)
        return Training(self._encoded(rows), self._encoded_held, self.small, seed, self._device)

    def _keep(self, which: Which, key: str, rows: np.ndarray, training: Training, trained: Trained) -> None:
        facts = self._facts(which, rows, trained.seconds) | {
            "curve": trained.curve,
            "tokens": self.small.tokens_seen,
            "tokens_selected": int(training.encoded.n_tokens),
        }
        self._results.keep(KIND, key, lambda: (facts, {"value": trained.losses}), shards=key)

    def _facts(self, which: Which, rows: np.ndarray, seconds: float) -> dict[str, Any]:
        method, seed = which
        return {
            "method": method,
            "seed": seed,
            "n_records": len(rows),
            "seconds": seconds,
            "device": self._device,
        }

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

    def _tune_all(self, asked: Mapping[Which, np.ndarray], left: Mapping[Which, str], progress: Progress) -> None:
        for place, (which, key) in enumerate(left.items()):
            within = part_of(progress, place / len(left), (place + 1) / len(left))
            started = time.monotonic()
            losses, info = self._tuned(asked[which], which[1], key, within)
            facts = self._facts(which, asked[which], round(time.monotonic() - started, 1)) | info
            self._results.keep(KIND, key, lambda facts=facts, losses=losses: (facts, {"value": losses}), shards=key)

    def _tuned(self, rows: np.ndarray, seed: int, key: str, progress: Progress) -> tuple[np.ndarray, dict]:
        """Tune a real model by LoRA; a checkpoint lies in the shard folder, so a killed training goes on."""
        params = self._params.lora_params()
        lm = load_causal(params.model, self._device, params.max_tokens)
        folder = self._workspace.shard_folder(KIND, key)
        curve = tune(lm, *self._pairs(rows), params, folder, seed, part_of(progress, 0, 0.9))
        prompts, responses = self._pairs(self._held.rows)
        losses = -mean_log_probs(lm, prompts, responses, 2 * params.batch_size, part_of(progress, 0.9, 1))
        return losses, {"curve": curve, "epochs": params.epochs}
