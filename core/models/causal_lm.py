"""Causal language models: loading, a record as tokens, likelihood of a response, generation. Tunes and selects nothing.

A record is written by the tokenizer's chat template where it has one, else as prompt, line break, response, end of text.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base.confinement import check_model
from ..base.device import resolve_device
from ..base.errors import CurationError
from ..base.progress import Progress, no_progress

_TOKENS_AT_ONCE = 4096


@dataclasses.dataclass
class CausalModel:
    """A loaded model with its tokenizer. max_tokens: a record longer than that is cut."""

    model: Any
    tokenizer: Any
    device: str
    max_tokens: int

    @property
    def pad(self) -> int:
        """Return the token that fills a batch; it is masked everywhere."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0


def load_causal(name: str, device: str = "auto", max_tokens: int = 1024) -> CausalModel:
    """Load a causal LM by local path or hub name: float32 on a CPU, bfloat16 on CUDA where it has it.

    Raises CurationError where it can't be loaded. No code of the model's own is ever run.
    """
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    where = resolve_device(device)
    dtype = torch.bfloat16 if where == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(check_model(name), trust_remote_code=False)
        loaded = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=dtype, trust_remote_code=False)
        model = loaded.to(where).eval()
    except (OSError, ValueError, KeyError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CurationError(
            f"model {name!r} can't be loaded as a causal language model ({reason}); give the path or hub name of one."
        ) from error
    limit = getattr(model.config, "max_position_embeddings", None) or max_tokens
    return CausalModel(model, tokenizer, where, min(max_tokens, limit))


def prompt_tokens(lm: CausalModel, prompt: str) -> list[int]:
    """Return the tokens up to where the response begins."""
    if lm.tokenizer.chat_template:
        messages = [{"role": "user", "content": prompt}]
        text = lm.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return lm.tokenizer(text, add_special_tokens=False)["input_ids"]
    start = [lm.tokenizer.bos_token_id] if lm.tokenizer.bos_token_id is not None else []
    return start + (lm.tokenizer(prompt + "\n", add_special_tokens=False)["input_ids"] if prompt else [])


def response_tokens(lm: CausalModel, prompt: str, response: str) -> list[int]:
    """Return the tokens of a response as the chat template ends it, the end of text marked."""
    text = response
    if lm.tokenizer.chat_template:
        asked = {"role": "user", "content": prompt}
        before = lm.tokenizer.apply_chat_template([asked], tokenize=False, add_generation_prompt=True)
        turns = [asked, {"role": "assistant", "content": response}]
        whole = lm.tokenizer.apply_chat_template(turns, tokenize=False)
        text = whole[len(before) :] if whole.startswith(before) else response
    tokens, end = lm.tokenizer(text, add_special_tokens=False)["input_ids"], lm.tokenizer.eos_token_id
    return tokens if end is None or end in tokens[-2:] else [*tokens, end]


def pair_tokens(lm: CausalModel, prompt: str, response: str) -> tuple[list[int], int]:
    """Return (tokens, how many of them are the prompt's), cut to the model's limit.

    A prompt keeps its end and at most half of the room a long response wants too; a response keeps its beginning.
    """
    before, after = prompt_tokens(lm, prompt), response_tokens(lm, prompt, response)
    room = lm.max_tokens
    if len(before) + len(after) > room:
        before = before[-max(room - len(after), room // 2) :]
        after = after[: room - len(before)]
    if not before:  # the first token of all is never predicted; something must stand before the response
        before = [lm.pad]
        after = after[: room - 1]
    return before + after, len(before)


def padded(lm: CausalModel, rows: Sequence[list[int]], side: str = "right") -> tuple[Any, Any]:
    """Return rows of tokens as a batch, (ids, mask) as (b, longest) int64 tensors on the CPU, filled on that side."""
    return filled(rows, lm.pad, side), filled([[1] * len(row) for row in rows], 0, side)


def filled(rows: Sequence[list[int]], fill: int, side: str = "right") -> Any:
    """Return rows as one (b, longest) int64 tensor on the CPU, the shorter ones filled with `fill` on that side."""
    import torch

    # Not the tokenizer's `pad`: it refuses where there is no padding token, and a model from scratch has no tokenizer.
    tensors = [torch.tensor(row, dtype=torch.int64) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=fill, padding_side=side)


def mean_log_probs(
    lm: CausalModel,
    prompts: Sequence[str],
    responses: Sequence[str],
    batch_size: int = 8,
    progress: Progress = no_progress,
    of_all: bool = False,
) -> np.ndarray:
    """Return (m,) float32: the mean log-probability of each response's tokens after its prompt; NaN for no token.

    of_all: of the prompt's tokens too, but for the first, which nothing stands before.
    """
    pairs = [pair_tokens(lm, prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
    if of_all:
        pairs = [(tokens, 1 if len(tokens) > n_prompt else n_prompt) for tokens, n_prompt in pairs]
    return token_log_probs(lm, pairs, batch_size, progress)


def token_log_probs(
    lm: CausalModel, pairs: list[tuple[list[int], int]], batch_size: int = 8, progress: Progress = no_progress
) -> np.ndarray:
    """Return (m,) float32 mean log-probabilities of the tokens after the first `n` of each (tokens, n)."""
    import torch

    means = np.full(len(pairs), np.nan, np.float32)
    order = np.argsort([-len(tokens) for tokens, _ in pairs], kind="stable")
    start = 0
    while start < len(order):
        width = len(pairs[order[start]][0])
        some = order[start : start + max(1, min(batch_size, _TOKENS_AT_ONCE // width))]
        ids, mask = padded(lm, [pairs[i][0] for i in some])
        n_prompt = torch.tensor([pairs[i][1] for i in some])
        with torch.inference_mode():
            logits = lm.model(input_ids=ids.to(lm.device), attention_mask=mask.to(lm.device)).logits
        of_response = ((torch.arange(width) >= n_prompt[:, None]) & mask.bool())[:, 1:]
        logits = logits[:, :-1][of_response.to(lm.device)].float()  # of what is asked for only: vocabularies are large
        logs = torch.zeros(of_response.shape)
        of_tokens = logits.gather(-1, ids[:, 1:][of_response][:, None].to(lm.device))[:, 0]
        logs[of_response] = (of_tokens - logits.logsumexp(-1)).cpu()
        sums, counts = logs.sum(1), of_response.sum(1)
        means[some] = torch.where(counts > 0, sums / counts.clamp(min=1), torch.nan).numpy()
        start += len(some)
        progress(start, len(order))
    return means


def generate_responses(
    lm: CausalModel,
    prompts: Sequence[str],
    max_new_tokens: int = 128,
    batch_size: int = 8,
    progress: Progress = no_progress,
    temperature: float = 0.0,
    seed: int = 0,
) -> list[str]:
    """Return the model's answer to each prompt, in batches of like length. temperature: 0 decodes greedily, else it draws."""
    import torch

    drawn = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}

    room = max(lm.max_tokens - max_new_tokens, 1)
    tokens = [(prompt_tokens(lm, prompt) or [lm.pad])[-room:] for prompt in prompts]
    answers = [""] * len(prompts)
    order = np.argsort([-len(ids) for ids in tokens], kind="stable")
    for start in range(0, len(order), batch_size):
        some = order[start : start + batch_size]
        width = len(tokens[some[0]])
        ids, mask = padded(lm, [tokens[i] for i in some], "left")  # the answer must follow the prompt
        # transformers draws from the global generator, which is put back afterwards.
        with torch.inference_mode(), torch.random.fork_rng(enabled=bool(temperature)):
            if temperature:
                torch.manual_seed(seed + start)
            out = lm.model.generate(
                input_ids=ids.to(lm.device),
                attention_mask=mask.to(lm.device),
                max_new_tokens=min(max_new_tokens, lm.max_tokens - width) or 1,
                **drawn,
                pad_token_id=lm.pad,
            )
        for i, answer in zip(some, lm.tokenizer.batch_decode(out[:, width:], skip_special_tokens=True), strict=True):
            answers[i] = answer.strip()
        progress(start + len(some), len(order))
    return answers
