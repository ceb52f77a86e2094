"""A BERT encoder over texts laid end to end: no padding, and on a CPU oneDNN's fused products.

The same layers as transformers' `BertModel` (Devlin et al. 2018) and the same result up to rounding. Three things make it faster
on a CPU: texts of any lengths share one matrix product, so that little is padded and a few thousand tokens, which stay in the
cache, are enough at once; bias, GELU and the residual are added inside oneDNN's product; and a text gets room for a multiple of
16 tokens, which attention is made for. Attention, which must not cross from a text to its
neighbour, is taken once for all texts of one room. A GPU takes torch's own products, of many more tokens at once: it
waits for each call, and the longer the queue of texts that is sorted, the fewer lengths are in a pack.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Self

import numpy as np

PACK_TOKENS, GPU_PACK_TOKENS = 4096, 65_536
_STEP_TOKENS, _ROOM = 512, 16


@dataclasses.dataclass(frozen=True)
class Group:
    """Texts of one room in a pack. rows: their positions in it. filled: (m, room) int64, 1 at tokens, 0 behind a text's last.

    hidden: what attention adds to it, None where every room is filled.
    """

    rows: slice
    room: int
    filled: Any
    hidden: Any

    @property
    def n(self) -> int:
        """Return how many texts."""
        return self.rows.stop - self.rows.start


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
        parameter = next(model.parameters())
        self._device, self._dtype = parameter.device, parameter.dtype
        self.pack_tokens, self._room = (PACK_TOKENS, _ROOM) if fused else (GPU_PACK_TOKENS, 1)

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

    def rooms(self, lengths: Sequence[int]) -> np.ndarray:
        """Return how many tokens each text takes in a pack."""
        return -(-np.asarray(lengths) // self._room) * self._room

    def states(self, ids: Sequence[Sequence[int]]) -> list[tuple[Group, Any]]:
        """Return [(group, states (m, room, width))] of texts that are given in the order of their rooms.

        ids: the tokens of each, one at least. Every text is in one of the groups; what stands behind its last token means nothing.
        """
        import torch

        lengths = np.array([len(text) for text in ids])
        rooms = self.rooms(lengths)
        groups = list(self._groups(lengths, rooms))
        n_tokens = int(rooms.sum())
        together = -(-n_tokens // _STEP_TOKENS) * _STEP_TOKENS  # oneDNN makes a kernel for each shape: few shapes
        tokens, places = torch.zeros(2, together, dtype=torch.int64)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        at = torch.from_numpy(np.repeat(np.cumsum(rooms) - rooms, lengths) + within)
        tokens[at], places[at] = torch.from_numpy(np.concatenate(ids).astype(np.int64)), torch.from_numpy(within)
        with torch.inference_mode():
            tokens, places = tokens.to(self._device), places.to(self._device)
            x = self._embeddings(tokens[None], position_ids=places[None])[0]
            for layer in self._layers:
                x = layer(x, groups, self._heads)
        parts = x[:n_tokens].split([group.n * group.room for group in groups])
        return [(group, part.view(group.n, group.room, -1)) for group, part in zip(groups, parts, strict=True)]

    def _groups(self, lengths: np.ndarray, rooms: np.ndarray) -> Iterator[Group]:
        import torch

        start = 0
        for room, some in groupby(rooms.tolist()):
            rows = slice(start, start := start + len(list(some)))
            if (lengths[rows] == room).all():
                yield Group(
                    rows, room, torch.ones(len(lengths[rows]), room, dtype=torch.int64, device=self._device), None
                )
                continue
            filled = torch.arange(room, device=self._device) < torch.from_numpy(lengths[rows]).to(self._device)[:, None]
            hidden = torch.zeros(filled.shape, dtype=self._dtype, device=self._device)
            yield Group(rows, room, filled.long(), hidden.masked_fill_(~filled, -torch.inf)[:, None, None])


def _fused(x: Any, weight: Any, bias: Any, after: str = "none", more: Any = None) -> Any:
    """Return x @ weight.T + bias, behind it `after`, "none" or "gelu", or `more` added, in oneDNN's one product."""
    import torch

    product = torch.ops.mkldnn._linear_pointwise
    if more is not None:
        return product.binary(x, more, weight, bias, "add")
    return product(x, weight, bias, after, [], "" if after == "none" else "none")


def _plain(x: Any, weight: Any, bias: Any, after: str = "none", more: Any = None) -> Any:
    """Return the same by torch's own functions, on any device."""
    import torch

    product = torch.nn.functional.linear(x, weight, bias)
    if more is not None:
        return product.add_(more)
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

    def __call__(self, x: Any, groups: Sequence[Group], heads: int) -> Any:
        """Return the (tokens, width) states after this layer."""
        x = self._after_attention(self._product(self._attend(x, groups, heads), *self._out, more=x))
        inner = self._product(x, *self._up, "gelu")
        return self._after(self._product(inner, *self._down, more=x))

    def _attend(self, x: Any, groups: Sequence[Group], heads: int) -> Any:
        import torch

        attention = torch.nn.functional.scaled_dot_product_attention
        qkv = self._product(x, *self._qkv)
        done = torch.zeros_like(x)
        start = 0
        for group in groups:
            some = slice(start, start := start + group.n * group.room)
            parts = qkv[some].view(group.n, group.room, 3, heads, -1).permute(2, 0, 3, 1, 4)
            found = attention(*parts, attn_mask=group.hidden)
            done[some].view(group.n, group.room, heads, -1).copy_(found.transpose(1, 2))
        return done
