"""A bigram language model with Witten-Bell smoothing, counted in milliseconds: what a small model learns first.

Knows tokens only. It stands in for a training where only the shape of a learning curve is asked for.
"""

import dataclasses

import numpy as np

from .scratch_tokens import Encoded

_PRIOR = 0.5  # of a token that was never seen


@dataclasses.dataclass(frozen=True)
class Bigram:
    """pairs: (v, v) float32 counts of a token after another. alone: (v,) float64 probabilities. seen, kinds: (v,) of followers."""

    pairs: np.ndarray
    alone: np.ndarray
    seen: np.ndarray
    kinds: np.ndarray

    def losses(self, encoded: Encoded) -> np.ndarray:
        """Return (m,) float64: mean nats a token of each record's response with its end mark, given the token before each.

        p(b | a) = (count(a, b) + kinds(a) p(b)) / (count(a) + kinds(a)); p(b) where a was never seen.
        """
        lengths = np.diff(encoded.offsets)
        place = np.arange(encoded.n_tokens) - np.repeat(encoded.offsets[:-1], lengths)
        at = np.flatnonzero(place >= np.repeat(encoded.n_prompt, lengths))
        before, token = encoded.tokens[at - 1], encoded.tokens[at]
        total = self.seen[before] + self.kinds[before]
        found = self.pairs[before, token] + self.kinds[before] * self.alone[token]
        p = np.where(total > 0, found / np.maximum(total, 1), self.alone[token])
        of = np.repeat(np.arange(len(encoded)), lengths)[at]
        return np.bincount(of, -np.log(p), len(encoded)) / np.maximum(np.bincount(of, minlength=len(encoded)), 1)


def train_bigram(encoded: Encoded) -> Bigram:
    """Count which token follows which, inside records."""
    v, tokens = encoded.vocabulary, encoded.tokens.astype(np.int64)
    inside = np.ones(len(tokens), bool)
    inside[encoded.offsets[:-1]] = False
    inside = inside[1:]
    pairs = np.bincount(tokens[:-1][inside] * v + tokens[1:][inside], minlength=v * v).reshape(v, v).astype(np.float32)
    alone = pairs.sum(axis=0, dtype=np.float64) + _PRIOR
    return Bigram(pairs, alone / alone.sum(), pairs.sum(axis=1), (pairs > 0).sum(axis=1).astype(np.float32))
