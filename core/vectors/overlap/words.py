"""Texts as normalised words, and these words as hashes, block by block.

Input -> output: "Don't  PANIC, café!" -> don, t, panic, café. A word is a run of letters and digits in lower case, with the accents
on it, by Unicode's compatible form (NFKC); of scripts that part no words by blanks, every letter is one.
"""

import dataclasses
import functools
import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..duplicates.by_words import UNPARTED

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse among the numbers of 64 bits
_ROOM = 1 << 16


@functools.cache
def _word() -> re.Pattern[str]:
    letter = rf"[^\W_{UNPARTED}]"
    unparted = re.compile(f"[{UNPARTED}]")
    marks = "".join(
        char
        for char in map(chr, range(0x300, 0xFE00))
        if unicodedata.category(char)[0] == "M" and not unparted.match(char)
    )
    return re.compile(rf"[{UNPARTED}]|{letter}+(?:[{marks}]+{letter}*)*")


def words_in(text: str) -> list[str]:
    """Return the normalised words of a text, in order."""
    return _word().findall(unicodedata.normalize("NFKC", text).lower())


@dataclasses.dataclass(frozen=True)
class Hashed:
    """Texts as hashes of their words. words: (w,) uint64. starts: (n + 1,) int64: words[starts[i] : starts[i + 1]] are those of
    text i. of_prompt: (n,) int64: how many of them, from the first, are the prompt's.
    """

    words: np.ndarray
    starts: np.ndarray
    of_prompt: np.ndarray


def hashed_words(prompts: pa.Array, responses: pa.Array) -> Hashed:
    """Return the words of texts, each a prompt with its response after it. Both: (n,) large_string without nulls."""
    prompts, responses = (_plain(each) for each in (prompts, responses))
    end, blank = (pa.scalar(text, pa.large_string()) for text in ("", "\n"))
    joined = pc.binary_join_element_wise(prompts, responses, end, blank)  # no word goes on from one text to the next
    offsets = np.frombuffer(joined.buffers()[1], np.int64)[joined.offset : joined.offset + len(joined) + 1]
    letters = np.frombuffer(joined.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    edges = np.flatnonzero(np.diff(_INSIDE[letters], prepend=False))
    first, stop = edges[::2], edges[1::2]
    starts = np.searchsorted(first, offsets)
    prompt_ends = offsets[:-1] + pc.binary_length(prompts).to_numpy()
    of_prompt = np.searchsorted(first, prompt_ends) - starts[:-1]
    return Hashed(hash_spans(_VALUES[letters], first, stop), starts, of_prompt)


def _plain(texts: pa.Array) -> pa.Array:
    """Return texts with those that are not ASCII as their normalised words, so that only ASCII parts words."""
    other = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(other).as_py():
        return texts
    made = [" ".join(words_in(text)) for text in texts.filter(other).to_pylist()]
    return pc.replace_with_mask(texts, other, pa.array(made, texts.type))


def _values() -> tuple[np.ndarray, np.ndarray]:
    """Return of every byte whether it is part of a word, and its number, the same for both cases."""
    inside = np.array([byte >= 0x80 or chr(byte).isalnum() for byte in range(256)])
    values = np.random.default_rng(0).integers(1, 1 << 64, 256, dtype=np.uint64)
    upper = np.arange(ord("A"), ord("Z") + 1)
    values[upper] = values[upper + 32]
    return inside, values


_INSIDE, _VALUES = _values()


def hash_spans(values: np.ndarray, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return (s,) uint64: a hash of each span values[first : stop], the same wherever it stands. values: (m,) uint64.

    A polynomial's differences of prefix sums: no loop over spans, whatever their lengths.
    """
    sums, inverses = _sums(values)
    return _mixed((sums[stop] - sums[first]) * inverses[first])


def hash_rows(values: np.ndarray, n: int) -> np.ndarray:
    """Return (max(0, m - n + 1),) uint64: the `hash_spans` of every n values in a row."""
    if len(values) < n:
        return np.zeros(0, np.uint64)
    sums, inverses = _sums(values)
    return _mixed((sums[n:] - sums[:-n]) * inverses[: len(values) - n + 1])


def _sums(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (m + 1,) sums of the values before each place times powers of the base, and at least m inverses of these."""
    powers, inverses = _powers(len(values))
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * powers[: len(values)], out=sums[1:])
    return sums, inverses


def _powers(n: int) -> tuple[np.ndarray, np.ndarray]:
    return _powers_up_to(max(_ROOM, 1 << n.bit_length()))


@functools.lru_cache(maxsize=4)
def _powers_up_to(n: int) -> tuple[np.ndarray, np.ndarray]:
    tables = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        table = np.full(n, base, np.uint64)
        table[0] = 1
        tables.append(np.multiply.accumulate(table))
    return tables[0], tables[1]


def _mixed(values: np.ndarray) -> np.ndarray:
    """Spread what differs in some bits over all of them (splitmix64's last steps)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values ^= values >> np.uint64(shift)
        values *= np.uint64(factor)
    values ^= values >> np.uint64(31)
    return values
