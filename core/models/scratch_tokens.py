"""Records as tokens of a small tokenizer trained here, and as sequences that a small model is trained on."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..base.errors import CurationError

MARKS = ("<s>", "</s>", "<pad>")  # tokens 0, 1 and 2 of every tokenizer trained here
START, END, PAD = range(3)
_TEXTS_AT_ONCE = 4096


@dataclasses.dataclass(frozen=True)
class Encoded:
    """m records as tokens, one behind the other: start mark, prompt, line break, response, end mark.

    tokens: (t,) int32. offsets: (m + 1,) int64; record i is tokens[offsets[i]:offsets[i + 1]]. n_prompt: (m,) int32, how
    many tokens of each come before its response. vocabulary: tokens that the tokenizer knows.
    """

    tokens: np.ndarray
    offsets: np.ndarray
    n_prompt: np.ndarray
    vocabulary: int

    def __len__(self) -> int:
        return len(self.n_prompt)

    @property
    def n_tokens(self) -> int:
        """Return the tokens of all records together."""
        return len(self.tokens)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Encoded":
        """Return the records at the positions `rows`, in that order; a position may come more than once."""
        rows = np.asarray(rows, np.int64)
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        moved = np.repeat(self.offsets[:-1][rows] - offsets[:-1], lengths)
        return Encoded(self.tokens[np.arange(offsets[-1]) + moved], offsets, self.n_prompt[rows], self.vocabulary)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Train a byte-level BPE (tokenizers.Tokenizer) of at most `vocabulary` tokens, fewer where the texts give no more.

    Tokens 0, 1, 2 are the marks of the start, the end and the padding. The same texts give the same JSON (`to_str`).
    """
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(MARKS),
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_pairs(tokenizer: Any, prompts: Sequence[str], responses: Sequence[str]) -> Encoded:
    """Encode m records with a tokenizer of `train_tokenizer`'s. An empty prompt leaves its line break out too."""
    tokenizer.encode_special_tokens = True  # a text that says "</s>" means these letters, not the end
    rows: list[np.ndarray] = []
    n_prompt = np.zeros(len(prompts), np.int32)
    for start in range(0, len(prompts), _TEXTS_AT_ONCE):  # encodings take far more memory than their tokens
        some = slice(start, start + _TEXTS_AT_ONCE)
        before = tokenizer.encode_batch_fast([prompt + "\n" if prompt else "" for prompt in prompts[some]])
        after = tokenizer.encode_batch_fast(list(responses[some]))
        for asked, answered in zip(before, after, strict=True):
            n_prompt[len(rows)] = 1 + len(asked.ids)
            rows.append(np.array([START, *asked.ids, *answered.ids, END], np.int32))
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    tokens = np.concatenate(rows) if rows else np.empty(0, np.int32)
    return Encoded(tokens, offsets, n_prompt, tokenizer.get_vocab_size())


def pack(encoded: Encoded, n_sequences: int, context: int, seed: int) -> np.ndarray:
    """Return (n_sequences, context) int32: the records one behind the other, each epoch in a new order of the seed's.

    A record goes on in the next sequence where one ends. Raises CurationError where there is no record.
    """
    if not encoded.n_tokens:
        raise CurationError("The selection holds no records; a small model needs at least one to be trained on.")
    needed = n_sequences * context
    epochs = -(-needed // encoded.n_tokens)
    orders = np.tile(np.arange(len(encoded)), (epochs, 1))
    rows = np.random.default_rng(seed).permuted(orders, axis=1).ravel()
    ends = np.cumsum(np.diff(encoded.offsets)[rows])
    rows = rows[: np.searchsorted(ends, needed) + 1]  # of a large pool, no more than is read
    return encoded.take(rows).tokens[:needed].reshape(n_sequences, context)
