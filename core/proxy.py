"""Proxy feedback: how badly a small regression foretells a response from its prompt. Ours, not the paper's.

It stands in for a tuned model where there is none: a ridge regression from prompt embedding to response embedding is fitted
on the records taken so far; y_gen is its prediction, a record's score is S = 1 - cos(prediction, response). Each prediction is
made without the record itself (leave-one-out, in closed form): a fit on few records would foretell them all exactly.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding import BUNDLED, Encoder, model_path, unit_rows
from core.errors import CurationError

_MOST_TOKENS = 256
_RARE = 1e-3
_BLOCK_TEXTS = 1024
_BLOCK_ROWS = 8192
_RIDGES = 10.0 ** np.arange(-4, 5)


class TokenEncoder:
    """Texts to the weighted mean of the bundled encoder's input embeddings: thousands of texts a second, no network.

    A token weighs a / (a + its share of the texts), a = 0.001 (SIF, Arora et al. 2017), so that rare words speak louder.
    """

    def __init__(self) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        folder = Path(model_path(BUNDLED))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.no_padding()
        weights = load_file(str(folder / "model.safetensors"))
        self._table = next(w for name, w in weights.items() if name.endswith("word_embeddings.weight")).astype(
            np.float32
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return (len(texts), 384) float32 unit rows; a text without a token gets zeros."""
        tokens, lengths = [], np.zeros(len(texts), np.int64)
        for start in range(0, len(texts), _BLOCK_TEXTS):
            block = self._tokenizer.encode_batch(list(texts[start : start + _BLOCK_TEXTS]), add_special_tokens=False)
            tokens += [np.array(encoding.ids, np.int32) for encoding in block]
        lengths[:] = [len(ids) for ids in tokens]
        flat = np.concatenate(tokens) if tokens else np.zeros(0, np.int32)
        share = np.bincount(flat, minlength=len(self._table)) / max(len(flat), 1)
        weights = (_RARE / (_RARE + share)).astype(np.float32)
        vectors = np.zeros((len(texts), self._table.shape[1]), np.float32)
        ends = np.cumsum(lengths)
        for start in range(0, len(texts), _BLOCK_TEXTS):
            some = np.arange(start, min(start + _BLOCK_TEXTS, len(texts)))
            some = some[lengths[some] > 0]
            if len(some):
                ids = flat[ends[some[0]] - lengths[some[0]] : ends[some[-1]]]
                starts = np.cumsum(lengths[some]) - lengths[some]
                vectors[some] = np.add.reduceat(self._table[ids] * weights[ids, None], starts, axis=0)
        return unit_rows(vectors)


@dataclasses.dataclass(frozen=True)
class ProxyScores:
    """generated: (m,) float32, cosine of the prediction to the true response, whose own is 1. info: how the fit went."""

    generated: np.ndarray
    info: dict[str, Any]


def proxy_scores(prompts: np.ndarray, responses: np.ndarray) -> ProxyScores:
    """Fit responses ((m, d) float32 unit rows) from prompts (the same) and compare what is foretold with what is there.

    The ridge is the one of 1e-4 ... 1e4 with the least leave-one-out error (PRESS, Allen 1974).
    """
    if len(prompts) != len(responses) or not len(prompts):
        raise CurationError(
            f"{len(prompts):,} prompts for {len(responses):,} responses; give as many of both, one at least."
        )
    m = len(prompts)
    if m == 1:  # nothing to learn from
        return ProxyScores(np.ones(1, np.float32), {"ridge": 0.0, "mean_cosine": 1.0, "n_fitted": 1})
    fit = _Ridge(prompts, responses)
    ridge = float(min(_RIDGES, key=fit.error))
    cosine = np.concatenate([_cosines(true, true - left_out) for true, left_out in fit.residuals(ridge)])
    info = {"ridge": ridge, "mean_cosine": round(float(cosine.mean()), 6), "n_fitted": m}
    return ProxyScores(cosine.astype(np.float32), info)


def _cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return np.einsum("ij,ij->i", x, y) / np.maximum(lengths, 1e-12)


class _Ridge:
    """A ridge regression by the d x d moments of its inputs; records pass by in blocks."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self._x, self._y = x, y
        self._mean_x, self._mean_y = x.mean(axis=0, dtype=np.float64), y.mean(axis=0, dtype=np.float64)
        square, cross = 0.0, 0.0
        for xs, ys in self._blocks():
            square, cross = square + xs.T @ xs, cross + xs.T @ ys
        self._values, self._axes = np.linalg.eigh(square)
        self._values = np.maximum(self._values, 0)
        self._cross = self._axes.T @ cross

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield centred float64 blocks of inputs and targets."""
        for start in range(0, len(self._x), _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            yield self._x[rows] - self._mean_x, self._y[rows] - self._mean_y

    def residuals(self, ridge: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (targets, leave-one-out residuals) by blocks; a residual is the fit's, over 1 - leverage."""
        weights = self._cross / (self._values + ridge)[:, None]
        for xs, ys in self._blocks():
            along = xs @ self._axes
            leverage = 1 / len(self._x) + (along**2 / (self._values + ridge)).sum(axis=1)
            yield ys + self._mean_y, (ys - along @ weights) / np.maximum(1 - leverage, 1e-6)[:, None]

    def error(self, ridge: float) -> float:
        """Return the summed squared leave-one-out error."""
        return float(sum((left_out**2).sum() for _, left_out in self.residuals(ridge)))


def embed_pairs(encoder: Encoder, prompts: Sequence[str], responses: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (prompts, responses) as (m, d) float32 unit rows."""
    both = unit_rows(encoder.encode([*prompts, *responses]))
    return both[: len(prompts)], both[len(prompts) :]
