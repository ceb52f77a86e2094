"""Texts to weighted means of the bundled encoder's token embeddings: rough vectors, thousands of texts a second."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.arrays import unit_rows
from .encoder import BUNDLED, model_path

if TYPE_CHECKING:
    import pyarrow as pa
    import tokenizers

TOKENS = "tokens"  # the name of `TokenMeans` among models
_MOST_TOKENS = 256
_MOST_LETTERS = 8192  # of a text that are looked at: a token of natural text has about four
_MOST_WORDS, _LONG_WORD = 400_000, 64  # that are remembered: how many, and of how many letters at most
_RARE = 1e-3
_RARE_BY_PLACE = 1e-4
_BLOCK_TEXTS = 1024
_SPECIAL = 1000  # the first ids of the vocabulary are no words


class TokenEncoder:
    """Texts to the weighted mean of the bundled encoder's input embeddings: thousands of texts a second, no network.

    A token weighs a / (a + its share of the texts), a = 0.001 (SIF, Arora et al. 2017), so that rare words speak louder.
    """

    def __init__(self) -> None:
        self._tokenizer, self._table = _tokenizer(_MOST_TOKENS), _token_embeddings()

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


class TokenMeans:
    """As `TokenEncoder`, but a text's row depends on nothing but the text: for embeddings made in shards, and of later records.

    A token's share is not counted: it follows by Zipf's law from its place in the vocabulary, which is in order of frequency (as
    in Model2Vec, Tulkens and van Dongen 2024). max_tokens: longer texts are cut there; 0: at 256, which is the most.
    """

    at_once = 2048

    def __init__(self, max_tokens: int = 0) -> None:
        self.settled = {"device": "cpu", "format": "float32"}
        self._most_tokens = min(max_tokens or _MOST_TOKENS, _MOST_TOKENS)
        table = _token_embeddings()
        self._table = table * zipf_weights(len(table))[:, None]
        self._words = WordTokens()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return (len(texts), 384) float32 unit rows; a text without a token gets that of an unknown one."""
        from scipy.sparse import csr_array

        if not len(texts):
            return np.zeros((0, self._table.shape[1]), np.float32)
        tokens, ends = self._words.tokens(texts, self._most_tokens)
        # Each row is summed by itself, in the order of its tokens: the same bytes whatever stands beside it.
        each = csr_array((np.ones(len(tokens), np.float32), tokens, ends), shape=(len(texts), len(self._table)))
        return unit_rows(each @ self._table)


class WordTokens:
    """Texts to the bundled encoder's tokens, quicker than by its tokenizer, which is asked once for each word.

    Its tokens never reach over white space or ASCII punctuation, so that a text's are those of its words, one after the other.
    Only its own special tokens, such as [SEP], are words like others here.
    """

    def __init__(self) -> None:
        self._tokenizer = _tokenizer(_MOST_TOKENS)
        self._unknown = self._tokenizer.token_to_id("[UNK]")
        self._known: dict[str, list[int]] = {}

    def tokens(self, texts: Sequence[str], most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ((m,) int32 tokens, (n + 1,) int64 ends): text i has tokens[ends[i] : ends[i + 1]], 1 to `most` of them.

        Of a text the first 8,192 letters are looked at; one without a token has [UNK].
        """
        words, firsts = _words_of(texts)
        pieces = self._pieces(words.dictionary.to_pylist())
        sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
        flat = np.fromiter(itertools.chain.from_iterable(pieces), np.int32, sizes.sum())
        codes = words.indices.to_numpy()
        tokens = flat[_ranges((np.cumsum(sizes) - sizes)[codes], sizes[codes])]
        starts = np.concatenate([[0], np.cumsum(sizes[codes])])[firsts]
        lengths = np.minimum(np.diff(starts), most)
        kept = np.append(tokens, np.int32(self._unknown))
        starts = np.where(lengths > 0, starts[:-1], len(tokens))
        lengths = np.maximum(lengths, 1)
        return kept[_ranges(starts, lengths)], np.concatenate([[0], np.cumsum(lengths)])

    def _pieces(self, words: list[str]) -> list[list[int]]:
        """Return the tokens of each of some distinct words."""
        found = {word: self._known.get(word) for word in words}
        new = [word for word, tokens in found.items() if tokens is None]
        for word, made in zip(new, self._tokenizer.encode_batch_fast(new, add_special_tokens=False), strict=True):
            found[word] = made.ids
        if len(self._known) + len(new) > _MOST_WORDS:
            self._known.clear()
        self._known.update((word, found[word]) for word in new if len(word) <= _LONG_WORD)
        return list(found.values())


def _words_of(texts: Sequence[str]) -> "tuple[pa.DictionaryArray, np.ndarray]":
    """Return the texts' words and marks, in order, and (n + 1,) where each text's begin and the last one's end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = pc.ascii_lower(pa.array([text[:_MOST_LETTERS] for text in texts], pa.large_string()))
    apart = pc.replace_substring_regex(held, pattern=r"([!-/:-@\[-`{-~])", replacement=r" \1 ")
    words = pc.ascii_split_whitespace(apart)
    return words.flatten().dictionary_encode(), words.offsets.to_numpy()


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the numbers start, start + 1, … of each range, one range after the other."""
    return np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)


def zipf_weights(n_tokens: int) -> np.ndarray:
    """Return (n_tokens,) float32: what each token of a vocabulary in order of frequency weighs, a / (a + its share), a = 0.0001.

    The r-th of V words has the share 1 / (r ln V).
    """
    rank = np.maximum(np.arange(n_tokens) - _SPECIAL, 0) + 1
    share = 1 / (rank * np.log(n_tokens))
    return (_RARE_BY_PLACE / (_RARE_BY_PLACE + share)).astype(np.float32)


def _tokenizer(most_tokens: int) -> "tokenizers.Tokenizer":
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(Path(model_path(BUNDLED)) / "tokenizer.json"))
    made.enable_truncation(most_tokens)
    made.no_padding()
    return made


def _token_embeddings() -> np.ndarray:
    """Return (30,522, 384) float32: the bundled encoder's input embeddings."""
    from safetensors.numpy import load_file

    weights = load_file(str(Path(model_path(BUNDLED)) / "model.safetensors"))
    return next(w for name, w in weights.items() if name.endswith("word_embeddings.weight")).astype(np.float32)
