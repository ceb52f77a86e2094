"""Whitening: embeddings turned so that their directions vary alike and independently, the weakest left out (PCA)."""

import dataclasses

import numpy as np

from ..base.arrays import unit_rows

FITTED_ON = 500_000
_BLOCK = 16_384
_WEAKEST = 1e-10  # of the strongest direction's variance: below it a direction is noise of the arithmetic


@dataclasses.dataclass(frozen=True)
class Whitening:
    """mean: (d,), turn: (d, w) float32: (x - mean) @ turn has uncorrelated columns of variance 1, the strongest first."""

    mean: np.ndarray
    turn: np.ndarray

    def apply(self, x: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the (m, w) float32 whitened rows of x, (n, d), each of length 1: all of them, or `rows`."""
        rows = np.arange(len(x)) if rows is None else rows
        whole = np.empty((len(rows), self.turn.shape[1]), np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = x[rows[start : start + _BLOCK]]
            whole[start : start + len(part)] = unit_rows((part - self.mean) @ self.turn)
        return whole


def fit_whitening(x: np.ndarray, n_directions: int) -> Whitening:
    """Return the whitening to the `n_directions` strongest principal directions, fewer where x varies in fewer.

    x: (n, d); fitted on a random half million of its rows where there are more.
    """
    rows = np.arange(len(x))
    if len(x) > FITTED_ON:
        rows = np.sort(np.random.default_rng(0).choice(len(x), FITTED_ON, replace=False))
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    mean = sum(np.asarray(x[block], np.float64).sum(axis=0) for block in blocks) / max(len(rows), 1)
    spread = np.zeros((x.shape[1],) * 2)
    for block in blocks:
        away = (x[block] - mean).astype(np.float32)
        spread += away.T @ away
    variances, directions = np.linalg.eigh(spread / max(len(rows) - 1, 1))
    variances, directions = variances[::-1][:n_directions], directions[:, ::-1][:, :n_directions]
    kept = variances > _WEAKEST * max(variances[0], 1e-30)
    return Whitening(mean.astype(np.float32), (directions[:, kept] / np.sqrt(variances[kept])).astype(np.float32))
