"""Embeddings from inside a causal LM, over real tokens only: means of input embeddings, of a hidden layer, of last states."""

import contextlib
from collections.abc import Callable, Sequence

import numpy as np

from ..base.errors import CurationError
from ..base.progress import Progress, no_progress
from .causal_lm import CausalModel, padded


class _Enough(Exception):
    """Raised inside the model once the wanted layer has been computed, so that the rest is not run."""


def input_means(lm: CausalModel, texts: Sequence[str], batch_size: int = 32) -> np.ndarray:
    """Return M_ebd: (m, d) float32, the mean of the model's input embeddings over a text's tokens."""
    import torch

    table = lm.model.get_input_embeddings().weight
    means = np.zeros((len(texts), table.shape[1]), np.float32)
    with torch.inference_mode():
        for start in range(0, len(texts), batch_size):
            for i, ids in enumerate(_tokens(lm, texts[start : start + batch_size]), start):
                means[i] = table[torch.tensor(ids, device=table.device)].float().mean(0).cpu().numpy()
    return means


def layer_means(
    lm: CausalModel, texts: Sequence[str], layer: int = 3, batch_size: int = 16, progress: Progress = no_progress
) -> np.ndarray:
    """Return M: (m, d) float32, the mean of hidden layer `layer` over a text's real tokens; 0 is the input embeddings.

    Only the layers up to it are run. Raises CurationError where the model has fewer.
    """
    layers = _layers(lm)
    if not 0 <= layer <= len(layers):
        raise CurationError(f"layer is {layer}; this model has 0 (the input) to {len(layers)}.")
    if layer == 0:
        return input_means(lm, texts, batch_size)
    held: list = []

    def stop(module, inputs, output) -> None:
        held.append(output[0] if isinstance(output, tuple) else output)
        raise _Enough

    def pool(ids, mask):
        with contextlib.suppress(_Enough):
            lm.model(input_ids=ids, attention_mask=mask, use_cache=False)
        return _mean(held.pop(), mask)

    handle = layers[layer - 1].register_forward_hook(stop)
    try:
        return _in_batches(lm, texts, pool, batch_size, progress)
    finally:
        handle.remove()


def weighted_means(
    lm: CausalModel, texts: Sequence[str], batch_size: int = 16, progress: Progress = no_progress
) -> np.ndarray:
    """Return (m, d) float32: the mean of the last hidden states over a text's real tokens, the i-th with weight i.

    So RDS+ embeds texts (arXiv 2503.01807, after SGPT, arXiv 2202.08904); its code weighs padding too, this does not.
    """

    def pool(ids, mask):
        states = lm.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        return _mean(states, mask * mask.cumsum(1))

    return _in_batches(lm, texts, pool, batch_size, progress)


def _mean(states, weights):
    """Return (b, d): the weighted mean of (b, t, d) states. weights: (b, t)."""
    weights = weights[..., None].float()
    return (states.float() * weights).sum(1) / weights.sum(1)


def _in_batches(
    lm: CausalModel, texts: Sequence[str], pool: Callable, batch_size: int, progress: Progress
) -> np.ndarray:
    """Return (m, d) float32 of `pool`, which gives (b, d) for a batch's tokens and their mask; texts of like length together."""
    import torch

    tokens = _tokens(lm, texts)
    order, means = np.argsort([-len(ids) for ids in tokens], kind="stable"), None
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            some = order[start : start + batch_size]
            ids, mask = padded(lm, [tokens[i] for i in some])
            found = pool(ids.to(lm.device), mask.to(lm.device)).cpu().numpy()
            if means is None:
                means = np.zeros((len(texts), found.shape[1]), np.float32)
            means[some] = found
            progress(start + len(some), len(order))
    return np.zeros((0, 0), np.float32) if means is None else means


def _tokens(lm: CausalModel, texts: Sequence[str]) -> list[list[int]]:
    """Return each text's tokens, cut to the model's limit; at least one, so that a mean exists."""
    return [lm.tokenizer(text, add_special_tokens=False)["input_ids"][: lm.max_tokens] or [lm.pad] for text in texts]


def _layers(lm: CausalModel):
    """Return the model's blocks: the list of as many modules as its config says it has layers."""
    import torch

    count = lm.model.config.get_text_config().num_hidden_layers
    for module in lm.model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return module
    raise CurationError(f"In {type(lm.model).__name__} no list of {count} layers is found; take another model.")
