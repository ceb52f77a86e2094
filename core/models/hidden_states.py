"""Embeddings from inside a causal LM, for DaaR: mean of its input embeddings, mean of a hidden layer, over real tokens only."""

import contextlib
from collections.abc import Sequence

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
    import torch

    layers = _layers(lm)
    if not 0 <= layer <= len(layers):
        raise CurationError(f"layer is {layer}; this model has 0 (the input) to {len(layers)}.")
    if layer == 0:
        return input_means(lm, texts, batch_size)
    held: list = []

    def stop(module, inputs, output) -> None:
        held.append(output[0] if isinstance(output, tuple) else output)
        raise _Enough

    tokens = _tokens(lm, texts)
    order = np.argsort([-len(ids) for ids in tokens], kind="stable")
    means = None
    handle = layers[layer - 1].register_forward_hook(stop)
    try:
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                some = order[start : start + batch_size]
                ids, mask = padded(lm, [tokens[i] for i in some])
                with contextlib.suppress(_Enough):
                    lm.model(input_ids=ids.to(lm.device), attention_mask=mask.to(lm.device), use_cache=False)
                states, weights = held.pop().float(), mask.to(lm.device)[..., None].float()
                found = ((states * weights).sum(1) / weights.sum(1)).cpu().numpy()
                if means is None:
                    means = np.zeros((len(texts), found.shape[1]), np.float32)
                means[some] = found
                progress(start + len(some), len(order))
    finally:
        handle.remove()
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
