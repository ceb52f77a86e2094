"""Texts to weighted means of the bundled encoder's token embeddings: rough vectors, thousands of texts a second."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.arrays import unit_rows
from .encoder import BUNDLED, model_path

_MOST_TOKENS = 256
_RARE = 1e-3
_BLOCK_TEXTS = 1024


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
