"""Proxy feedback: how badly a small regression foretells a response from its prompt. Ours, not the paper's.

It stands in for a tuned model where there is none: a ridge regression from prompt embedding to response embedding is fitted
on the records taken so far; y_gen is its prediction, a record's score is S = 1 - cos(prediction, response).
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding import BUNDLED, Encoder, model_path, unit_rows
from core.errors import CurationError

_MOST_TOKENS = 256
_RARE = 1e-3
_BLOCK_TEXTS = 1024
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

    The ridge is the one of 1e-4 ... 1e4 with the least generalised cross-validation error (Golub, Heath, Wahba 1979).
    """
    if len(prompts) != len(responses) or not len(prompts):
        raise CurationError(
            f"{len(prompts):,} prompts for {len(responses):,} responses; give as many of both, one at least."
        )
    m = len(prompts)
    x, y = prompts.astype(np.float64), responses.astype(np.float64)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    left, singular, _ = np.linalg.svd(x - mean_x, full_matrices=False)
    seen = left.T @ (y - mean_y)
    seen_squared, total = (seen**2).sum(axis=1), ((y - mean_y) ** 2).sum()

    def error(ridge: float) -> float:
        kept = singular**2 / (singular**2 + ridge)
        residual = total - ((1 - (1 - kept) ** 2) * seen_squared).sum()
        return max(residual, 0.0) / max(1 - (kept.sum() + 1) / m, 1e-9) ** 2

    ridge = float(min(_RIDGES, key=error))
    foretold = left @ ((singular**2 / (singular**2 + ridge))[:, None] * seen) + mean_y
    lengths = np.linalg.norm(foretold, axis=1) * np.linalg.norm(y, axis=1)
    cosine = np.einsum("ij,ij->i", foretold, y) / np.maximum(lengths, 1e-12)
    info = {"ridge": ridge, "mean_cosine": round(float(cosine.mean()), 6), "n_fitted": m}
    return ProxyScores(cosine.astype(np.float32), info)


def embed_pairs(encoder: Encoder, prompts: Sequence[str], responses: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (prompts, responses) as (m, d) float32 unit rows."""
    both = unit_rows(encoder.encode([*prompts, *responses]))
    return both[: len(prompts)], both[len(prompts) :]
