"""Ablation: a small causal LM from scratch on a choice of records, and its loss on held-out ones.

Every choice is trained on the same number of tokens in the same number of steps, whatever its size; what differs between
two models of one seed is the records alone. Chooses nothing, writes nothing.
"""

import dataclasses
import math
from typing import Self

import numpy as np

from ..base.device import fast_format, resolve_device
from ..base.errors import CurationError
from ..base.params import Params, option
from ..base.progress import Progress, no_progress
from .causal_lm import CausalModel, token_log_probs
from .next_token_loss import next_token_loss
from .scratch_tokens import END, PAD, START, Encoded, pack

LEAST_STEPS = 400
_WEIGHT_DECAY, _CLIP_NORM = 0.1, 1.0
_WARM_UP, _LAST_RATE = 0.05, 0.1


@dataclasses.dataclass(frozen=True)
class SmallLmParams(Params):
    """The small model and how it is trained.

    vocabulary: tokens of the BPE, at most. context: tokens a sequence. width, layers, heads: of the Llama-style model.
    steps, batch_size: of AdamW, in sequences; 0 steps: as many as read the largest choice once, LEAST_STEPS at least.
    learning_rate: its peak, after a warm-up of 5 % of the steps; a cosine then lowers it to 10 %. Weight decay is 0.1,
    gradients are clipped to the norm 1.
    """

    vocabulary: int = option(2048, "tokens of the BPE, at most", least=300)  # 256 bytes, the marks, some merges
    context: int = option(192, "tokens a sequence", least=4)
    width: int = option(128, "of the model", label="Width", least=1, step=8)
    layers: int = option(4, "of the model", label="Layers", least=1)
    heads: int = option(4, "of the model", least=1)
    steps: int = option(
        0,
        "of AdamW",
        label="Steps",
        more="0: as many as it takes to read the longest selection once, 400 at least.",
        least=0,
    )
    batch_size: int = option(16, "sequences a step", least=1)
    learning_rate: float = option(1.5e-3, "its peak", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % (2 * self.heads):  # rotary positions turn the dimensions of a head in pairs
            raise CurationError(
                f"width is {self.width}; it must be a multiple of twice the heads, of which there are {self.heads}: "
                f"take {-(-self.width // (2 * self.heads)) * 2 * self.heads}."
            )

    def reading(self, most_tokens: int) -> Self:
        """Return the params with the steps settled, where the largest choice has `most_tokens` tokens."""
        needed = -(-most_tokens // (self.batch_size * self.context))
        return self if self.steps else dataclasses.replace(self, steps=max(LEAST_STEPS, needed))

    @property
    def tokens_seen(self) -> int:
        """Return how many tokens a training reads, the same for every choice of records."""
        return self.steps * self.batch_size * self.context


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
        return PAD


def train_small_lm(
    encoded: Encoded, params: SmallLmParams, seed: int, device: str = "cpu", progress: Progress = no_progress
) -> SmallLm:
    """Train a model from scratch with the loss on all tokens: float32 on a CPU, bfloat16 products on CUDA.

    The same records, params and seed give the same model on the same machine with as many threads. Raises CurationError
    for no records, a device that is not there, and a loss that is no longer a number.
    """
    import torch

    where = resolve_device(device)
    params = params.reading(encoded.n_tokens)
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

    targets = batch[:, 1:].flatten().long()
    if batch.device.type == "cpu":
        states = model.model(input_ids=batch[:, :-1], use_cache=False).last_hidden_state
        loss = next_token_loss(states.flatten(0, 1), model.lm_head.weight, targets)
    else:
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=half):
            logits = model(input_ids=batch[:, :-1], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets)
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
        bos_token_id=START,
        eos_token_id=END,
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
