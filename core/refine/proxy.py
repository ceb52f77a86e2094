"""Proxy feedback: how badly a small regression predicts a response from its prompt. Ours, not the paper's.

It stands in for a tuned model where there is none: a ridge regression from prompt embedding to response embedding is fitted
on the records taken so far; y_gen is its prediction, a record's score is S = 1 - cos(prediction, response). Each prediction is
made without the record itself (leave-one-out, in closed form): a fit on few records would predict them all exactly.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..base.arrays import unit_rows
from ..base.errors import CurationError
from ..models.encoder import Encoder

_BLOCK_ROWS = 8192
_RIDGES = 10.0 ** np.arange(-4, 5)


@dataclasses.dataclass(frozen=True)
class ProxyScores:
    """generated: (m,) float32, cosine of the prediction to the true response, whose own is 1. info: how the fit went."""

    generated: np.ndarray
    info: dict[str, Any]


def proxy_scores(prompts: np.ndarray, responses: np.ndarray) -> ProxyScores:
    """Fit responses ((m, d) float32 unit rows) from prompts (the same) and compare what is predicted with what is there.

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
