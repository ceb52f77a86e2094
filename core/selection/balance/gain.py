"""Shares by learning curves: a group gives in proportion to how much more of it still teaches.

Where the loss of a group falls by s for every e-fold of its records, the sum of the groups' losses under a budget is least where
each gives in proportion to its s: the derivative of s log n is s / n, and these must be equal. The curve is that of a bigram model,
beside records of the other groups, which teach the group something too.
"""

import numpy as np

from ...data.record_table import RecordTable
from ...models.bigram import train_bigram
from ...models.scratch_tokens import Encoded, encode_pairs, train_tokenizer

_VOCABULARY = 2048
_FEW, _MANY, _JUDGED, _BESIDE = 200, 800, 300, 1_500
_DRAWS = 3
_LEAST = 0.01  # nats: a curve that is flat, or rises by chance


def learning_slopes(records: RecordTable, groups: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Return (k,) float64: by how many nats a token a group's held-out loss falls for every e-fold of its records, 0.01 at least.

    groups: (n,) int of the records. From 200 to 800 records of the group, or a quarter to three quarters of a smaller one, beside
    1,500 of the others; the mean of three draws by the seed.
    """
    slopes = np.zeros(k)
    for draw in range(_DRAWS):
        rng = np.random.default_rng([seed, 3, draw])
        rows, of = _drawn(groups, k, rng)
        table = records.take(rows, ["prompt", "response"])
        prompts, responses = table["prompt"].to_pylist(), table["response"].to_pylist()
        tokenizer = train_tokenizer([f"{p}\n{r}" for p, r in zip(prompts, responses, strict=True)], _VOCABULARY)
        encoded = encode_pairs(tokenizer, prompts, responses)
        slopes += [_slope(encoded, of, group, rng) for group in range(k)]
    return np.maximum(slopes / _DRAWS, _LEAST)


def _drawn(groups: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return ((m,) row ids, (m,) their groups): of each group as many as its curve takes, and as many at random."""
    n, most = len(groups), _MANY + _JUDGED
    each = [np.flatnonzero(groups == group) for group in range(k)]
    drawn = [rng.choice(rows, min(len(rows), most), replace=False) for rows in each]
    drawn.append(rng.choice(n, min(n, 2 * _BESIDE), replace=False))
    rows = np.unique(np.concatenate(drawn))
    return rows, groups[rows]


def _slope(encoded: Encoded, of: np.ndarray, group: int, rng: np.random.Generator) -> float:
    own, others = rng.permutation(np.flatnonzero(of == group)), rng.permutation(np.flatnonzero(of != group))
    judged = min(_JUDGED, len(own) // 4)
    many = min(_MANY, len(own) - judged)
    few = max(many * _FEW // _MANY, 1)
    if judged < 1 or few >= many:
        return 0.0
    held, taught, beside = encoded.take(own[:judged]), own[judged:], others[:_BESIDE]
    losses = [
        train_bigram(encoded.take(np.concatenate([beside, taught[:count]]))).losses(held).mean()
        for count in (few, many)
    ]
    return float((losses[0] - losses[1]) / np.log(many / few))
