"""A BERT encoder over texts laid end to end: no padding, and on a CPU oneDNN's fused products.

The same layers as transformers' `BertModel` (Devlin et al. 2018) and the same result up to rounding. Two things make it faster on
a CPU: texts of any lengths share one matrix product, so that nothing is padded and a few thousand tokens, which stay in the
cache, are enough at once; bias, GELU and the residual are added inside oneDNN's product. Attention, which must not cross from a
text to its neighbour, is taken once for all texts of one length. A GPU takes torch's own products, of many more tokens at once: it
waits for each call, and the longer the queue of texts that is sorted, the fewer lengths are in a pack.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Self

import numpy as np

PACK_TOKENS, GPU_PACK_TOKENS = 4096, 65_536
_STEP_TOKENS = 512


def packs_of(lengths: Sequence[int], most: int = PACK_TOKENS) -> Iterator[np.ndarray]:
    """Yield the row ids of texts, the longest first, in packs of `most` tokens at most; one text at least."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    ends = np.cumsum(np.asarray(lengths)[order])
    start = 0
    while start < len(order):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield order[start:stop]
        start = stop


class PackedBert:
    """The layers of a `transformers.BertModel`, for texts as token ids. fused: by oneDNN's products, which a CPU alone has.

    pack_tokens: how many tokens at once are worth its while.
    """

    def __init__(self, model: Any, fused: bool = True) -> None:
        self._embeddings, self._heads = model.embeddings, model.config.num_attention_heads
        self._layers = [_Layer(layer, _fused if fused else _plain) for layer in model.encoder.layer]
        self._device = next(model.parameters()).device
        self.pack_tokens = PACK_TOKENS if fused else GPU_PACK_TOKENS

    @classmethod
    def of(cls, model: Any) -> Self | None:
        """Return the packed layers of a model, None where it is no plain BERT or, on a CPU, torch lacks the products."""
        import torch

        config = getattr(model, "config", None)
        if (
            model is None
            or getattr(config, "model_type", "") != "bert"
            or config.hidden_act != "gelu"
            or getattr(config, "is_decoder", False)
        ):
            return None
        where = next(model.parameters()).device.type
        if where == "cpu":
            return cls(model) if hasattr(torch.ops.mkldnn, "_linear_pointwise") else None
        return cls(model, fused=False) if where == "cuda" else None

    def states(self, ids: Sequence[Sequence[int]]) -> list[tuple[np.ndarray, Any]]:
        """Return [(positions (m,), states (m, length, width))] of texts that are given in the order of their lengths.

        ids: the tokens of each, one at least. Every text is in one of the groups.
        """
        import torch

        lengths = [len(text) for text in ids]
        groups = [(length, len(list(some))) for length, some in groupby(lengths)]
        n_tokens = sum(lengths)
        room = -(-n_tokens // _STEP_TOKENS) * _STEP_TOKENS  # oneDNN makes a kernel for each shape: few shapes
        tokens, places = torch.zeros(2, room, dtype=torch.int64)
        tokens[:n_tokens] = torch.from_numpy(np.concatenate(ids).astype(np.int64))
        places[:n_tokens] = torch.cat([torch.arange(length).repeat(n) for length, n in groups])
        with torch.inference_mode():
            tokens, places = tokens.to(self._device), places.to(self._device)
            x = self._embeddings(tokens[None], position_ids=places[None])[0]
            for layer in self._layers:
                x = layer(x, groups, self._heads)
        starts = np.cumsum([0] + [n for _, n in groups])
        parts = x[:n_tokens].split([length * n for length, n in groups])
        return [
            (np.arange(start, start + n), part.view(n, length, -1))
            for start, (length, n), part in zip(starts[:-1], groups, parts, strict=True)
        ]


def _fused(x: Any, weight: Any, bias: Any, after: str = "none") -> Any:
    """Return x @ weight.T + bias, behind it `after`, "none" or "gelu", in oneDNN's one product."""
    import torch

    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, after, [], "" if after == "none" else "none")


def _plain(x: Any, weight: Any, bias: Any, after: str = "none") -> Any:
    """Return the same by torch's own functions, on any device."""
    import torch

    product = torch.nn.functional.linear(x, weight, bias)
    return torch.nn.functional.gelu(product) if after == "gelu" else product


class _Layer:
    """One layer's weights: queries, keys and values as one matrix."""

    def __init__(self, layer: Any, product: Callable) -> None:
        import torch

        self._product = product
        own, out = layer.attention.self, layer.attention.output
        parts = (own.query, own.key, own.value)
        with torch.no_grad():
            self._qkv = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
        self._out, self._after_attention = (out.dense.weight.detach(), out.dense.bias.detach()), out.LayerNorm
        self._up = layer.intermediate.dense.weight.detach(), layer.intermediate.dense.bias.detach()
        self._down, self._after = (
            (layer.output.dense.weight.detach(), layer.output.dense.bias.detach()),
            layer.output.LayerNorm,
        )

    def __call__(self, x: Any, groups: Sequence[tuple[int, int]], heads: int) -> Any:
        """Return the (tokens, width) states after this layer."""
        x = self._after_attention(self._product(self._attend(x, groups, heads), *self._out).add_(x))
        inner = self._product(x, *self._up, "gelu")
        return self._after(self._product(inner, *self._down).add_(x))

    def _attend(self, x: Any, groups: Sequence[tuple[int, int]], heads: int) -> Any:
        import torch

        attention = torch.nn.functional.scaled_dot_product_attention
        qkv = self._product(x, *self._qkv)
        done = torch.zeros_like(x)
        start = 0
        for length, n in groups:
            some = slice(start, start + length * n)
            parts = qkv[some].view(n, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
            done[some].view(n, length, heads, -1).copy_(attention(*parts).transpose(1, 2))
            start += length * n
        return done
