"""Proof by training: a small causal LM from scratch on a choice of records, and its loss on held-out ones.

Every choice is trained on the same number of tokens in the same number of steps, whatever its size; what differs between
two models of one seed is the records alone. Chooses nothing, writes nothing.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from core.causal import CausalModel, token_log_probs
from core.device import fast_format, resolve_device
from core.errors import CurationError
from core.params import Params, check_at_least, check_count
from core.progress import Progress, no_progress

MARKS = ("<s>", "</s>", "<pad>")  # tokens 0, 1 and 2 of every tokenizer trained here
_START, _END, _PAD = range(3)
_TEXTS_AT_ONCE = 4096
_WEIGHT_DECAY, _CLIP_NORM = 0.1, 1.0
_WARM_UP, _LAST_RATE = 0.05, 0.1


@dataclasses.dataclass(frozen=True)
class SmallLmParams(Params):
    """The small model and how it is trained.

    vocabulary: tokens of the BPE, at most. context: tokens a sequence. width, layers, heads: of the Llama-style model.
    steps, batch_size: of AdamW, in sequences. learning_rate: its peak, after a warm-up of 5 % of the steps; a cosine then
    lowers it to 10 %. Weight decay is 0.1, gradients are clipped to the norm 1.
    """

    vocabulary: int = 2048
    context: int = 192
    width: int = 128
    layers: int = 4
    heads: int = 4
    steps: int = 400
    batch_size: int = 16
    learning_rate: float = 4e-3

    def __post_init__(self) -> None:
        check_count("vocabulary", self.vocabulary, 300)  # 256 bytes, the marks, some merges
        check_count("context", self.context, 4)
        for name in ("width", "layers", "heads", "steps", "batch_size"):
            check_count(name, getattr(self, name), 1)
        check_at_least("learning_rate", self.learning_rate, 0)
        if self.width % (2 * self.heads):  # rotary positions turn the dimensions of a head in pairs
            raise CurationError(
                f"width is {self.width}; it must be a multiple of twice the heads, of which there are {self.heads}: "
                f"take {-(-self.width // (2 * self.heads)) * 2 * self.heads}."
            )

    @property
    def tokens_seen(self) -> int:
        """Return how many tokens a training reads, the same for every choice of records."""
        return self.steps * self.batch_size * self.context


@dataclasses.dataclass(frozen=True)
class Encoded:
    """m records as tokens, one behind the other: start mark, prompt, line break, response, end mark.

    tokens: (t,) int32. offsets: (m + 1,) int64; record i is tokens[offsets[i]:offsets[i + 1]]. n_prompt: (m,) int32, how
    many tokens of each come before its response. vocabulary: tokens that the tokenizer knows.
    """

    tokens: np.ndarray
    offsets: np.ndarray
    n_prompt: np.ndarray
    vocabulary: int

    def __len__(self) -> int:
        return len(self.n_prompt)

    @property
    def n_tokens(self) -> int:
        """Return the tokens of all records together."""
        return len(self.tokens)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Encoded":
        """Return the records at the positions `rows`, in that order; a position may come more than once."""
        rows = np.asarray(rows, np.int64)
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        moved = np.repeat(self.offsets[:-1][rows] - offsets[:-1], lengths)
        return Encoded(self.tokens[np.arange(offsets[-1]) + moved], offsets, self.n_prompt[rows], self.vocabulary)


@dataclasses.dataclass
class SmallLm(CausalModel):
    """A trained small model. tokenizer: None, records come to it encoded. max_tokens: the context.

    curve: the training loss, mean nats a token, of every step: step (from 1), loss.
    """

    params: SmallLmParams
    curve: list[dict[str, float]]

    @property
    def pad(self) -> int:
        """Return the token that fills a batch; it is masked everywhere."""
        return _PAD


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Train a byte-level BPE (tokenizers.Tokenizer) of at most `vocabulary` tokens, fewer where the texts give no more.

    Tokens 0, 1, 2 are the marks of the start, the end and the padding. The same texts give the same JSON (`to_str`).
    """
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(MARKS),
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_pairs(tokenizer: Any, prompts: Sequence[str], responses: Sequence[str]) -> Encoded:
    """Encode m records with a tokenizer of `train_tokenizer`'s. An empty prompt leaves its line break out too."""
    tokenizer.encode_special_tokens = True  # a text that says "</s>" means these letters, not the end
    rows: list[np.ndarray] = []
    n_prompt = np.zeros(len(prompts), np.int32)
    for start in range(0, len(prompts), _TEXTS_AT_ONCE):  # encodings take far more memory than their tokens
        some = slice(start, start + _TEXTS_AT_ONCE)
        before = tokenizer.encode_batch_fast([prompt + "\n" if prompt else "" for prompt in prompts[some]])
        after = tokenizer.encode_batch_fast(list(responses[some]))
        for asked, answered in zip(before, after, strict=True):
            n_prompt[len(rows)] = 1 + len(asked.ids)
            rows.append(np.array([_START, *asked.ids, *answered.ids, _END], np.int32))
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    tokens = np.concatenate(rows) if rows else np.empty(0, np.int32)
    return Encoded(tokens, offsets, n_prompt, tokenizer.get_vocab_size())


def pack(encoded: Encoded, n_sequences: int, context: int, seed: int) -> np.ndarray:
    """Return (n_sequences, context) int32: the records one behind the other, each epoch in a new order of the seed's.

    A record goes on in the next sequence where one ends. Raises CurationError where there is no record.
    """
    if not encoded.n_tokens:
        raise CurationError("The selection holds no records; a small model needs at least one to be trained on.")
    needed = n_sequences * context
    epochs = -(-needed // encoded.n_tokens)
    orders = np.tile(np.arange(len(encoded)), (epochs, 1))
    rows = np.random.default_rng(seed).permuted(orders, axis=1).ravel()
    ends = np.cumsum(np.diff(encoded.offsets)[rows])
    rows = rows[: np.searchsorted(ends, needed) + 1]  # of a large pool, no more than is read
    return encoded.take(rows).tokens[:needed].reshape(n_sequences, context)


def train_small_lm(
    encoded: Encoded, params: SmallLmParams, seed: int, device: str = "cpu", progress: Progress = no_progress
) -> SmallLm:
    """Train a model from scratch with the loss on all tokens: float32 on a CPU, bfloat16 products on CUDA.

    The same records, params and seed give the same model on the same machine with as many threads. Raises CurationError
    for no records, a device that is not there, and a loss that is no longer a number.
    """
    import torch

    where = resolve_device(device)
    sequences = torch.from_numpy(pack(encoded, params.steps * params.batch_size, params.context, seed)).to(where)
    model = _new_model(encoded.vocabulary, params, seed, where)
    optimizer = _optimizer(model, params)
    half = where == "cuda" and fast_format(where) == "bfloat16"
    curve: list[dict[str, float]] = []
    for step, batch in enumerate(sequences.split(params.batch_size)):
        for group in optimizer.param_groups:
            group["lr"] = params.learning_rate * _rate(step, params.steps)
        loss = _step(model, optimizer, batch, half)
        curve.append({"step": step + 1, "loss": round(loss, 6)})
        if not math.isfinite(loss):
            raise CurationError(
                f"The training broke down at step {step + 1}: learning_rate is {params.learning_rate}; take a lower one."
            )
        progress(step + 1, params.steps)
    return SmallLm(model.eval(), None, where, params.context, params, curve)


def _step(model, optimizer, batch, half: bool) -> float:
    """Learn from a batch, (b, context) int32 tokens on the model's device; return its loss from before that."""
    import torch

    with torch.autocast(batch.device.type, torch.bfloat16, enabled=half):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten().long())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP_NORM)
    optimizer.step()
    return loss.item()


def _new_model(vocabulary: int, params: SmallLmParams, seed: int, device: str):
    """Return an untrained Llama with tied embeddings, its weights drawn on the CPU so that they are the seed's anywhere."""
    import torch
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=params.width,
        intermediate_size=3 * params.width,
        num_hidden_layers=params.layers,
        num_attention_heads=params.heads,
        num_key_value_heads=params.heads,
        max_position_embeddings=params.context,
        tie_word_embeddings=True,
        bos_token_id=_START,
        eos_token_id=_END,
        # CUDA's fused attention adds up its gradients in no fixed order.
        attn_implementation="eager" if device == "cuda" else "sdpa",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.LlamaForCausalLM(config)
    return model.to(device).train()


def _optimizer(model, params: SmallLmParams):
    """Return AdamW that decays matrices, not the weights of norms."""
    import torch

    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": _WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, params.learning_rate, betas=(0.9, 0.95), fused=True)


def _rate(step: int, steps: int) -> float:
    """Return the share of the peak learning rate at a step counted from 0."""
    warm = max(1, round(_WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    gone = (step + 1 - warm) / (steps - warm)
    return _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * gone)) / 2


def held_out_losses(lm: SmallLm, encoded: Encoded, batch_size: int = 32) -> np.ndarray:
    """Return (m,) float32: mean nats a token of each response with its end mark, given the prompt; float32 throughout.

    NaN where the response is empty. A record longer than the context is cut as `core.causal.pair_tokens` does. Raises
    CurationError for records of another tokenizer.
    """
    known = lm.model.config.vocab_size
    if encoded.vocabulary != known:
        raise CurationError(
            f"The held-out records are of a tokenizer of {encoded.vocabulary} tokens, the model knows {known}; "
            "encode both with one tokenizer."
        )
    rows = np.split(encoded.tokens, encoded.offsets[1:-1]) if len(encoded) else []
    pairs = [_cut(row.tolist(), n, lm.max_tokens) for row, n in zip(rows, encoded.n_prompt.tolist(), strict=True)]
    return -token_log_probs(lm, pairs, batch_size)


def _cut(tokens: list[int], n_prompt: int, room: int) -> tuple[list[int], int]:
    """Return (tokens, how many are the prompt's) within `room`: the prompt's end, the response's beginning."""
    before, after = tokens[:n_prompt], tokens[n_prompt:]
    if len(after) <= 1:  # nothing but the end mark: no response to be judged by
        after = []
    if len(before) + len(after) > room:
        before = before[-max(room - len(after), room // 2) :]
    return before + after[: room - len(before)], len(before)
