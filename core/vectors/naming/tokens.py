"""Texts as tokens: words, numbers and breaks, as ids in arrays; and which words say nothing of a subject."""

import collections
import dataclasses
import functools
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_CJK = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"  # scripts without spaces: two characters stand for a word
# Two hiragana are grammar more often than a word, so a pair is taken of the other characters.
_PAIR = rf"(?![\u3040-\u309f])[{_CJK}](?![\u3040-\u309f])[{_CJK}]"
_TERM = re.compile(rf"{_PAIR}|(?![\d_{_CJK}])\w(?:(?![{_CJK}])[\w'+#])*(?![{_CJK}])[\w+#]")
_ASCII_TERM = re.compile(r"[a-z][\w'+#]*[\w+#]", re.ASCII)  # the same for plain English, and much faster
_SPECIAL_TOKEN = re.compile(r"<\|?/?[a-z_]+\|?\s*/?>", re.IGNORECASE)  # "<|endoftext|>", "<br>"
_FROM = 600  # characters of a text that are read

# A word, with its inner hyphens and apostrophes; a number; a break, over which no phrase reaches.
_ASCII_TOKEN = re.compile(r"[a-z]\w*(?:['-][a-z]+)*[+#]*|\d[\d.,]*|[^\w\s'`*-]+|\n+", re.ASCII | re.IGNORECASE)
_TOKEN = re.compile(
    rf"{_PAIR}|(?![\d_{_CJK}])\w(?:(?![{_CJK}])\w)*(?:['-](?![\d_{_CJK}])(?:(?![{_CJK}])\w)+)*[+#]*|\d[\d.,]*|[^\w\s'`*-]+|\n+"
)
_CJK_WORD = re.compile(f"[{_CJK}]")
_POSSESSIVE = re.compile(r"'s?$")
_TELLING = frozenset(["meaning"])  # a stop word of terms that may name a subject in a phrase
_NO_PLURAL = ("ss", "us", "is", "ics")
_NO_PLURALS = frozenset("news means goods customs arms series species".split())
BREAK, NUMBER = 0, 1  # ids of words that are none


@functools.cache
def words_in(name: str) -> frozenset[str]:
    """Return the words of the file `NAME.txt`; a line that begins with # is for its readers."""
    lines = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def terms_of(text: str) -> list[str]:
    """Return the terms of a text's first 600 characters, lower-case, in order, those that say nothing of a topic left out."""
    plain = _SPECIAL_TOKEN.sub(" ", text[:_FROM].lower().replace("’", "'"))
    find = _ASCII_TERM if plain.isascii() else _TERM
    stopped = words_in("stop_words")
    return [term for term in find.findall(plain) if term not in stopped]


@dataclasses.dataclass(frozen=True)
class Tokens:
    """The tokens of texts, one after the other, a break after each text.

    words: (t,) int32, BREAK, NUMBER or the id of a word, one for "Loop", "loops" and "loop's". surfaces: (t,) int32, its
    spelling in `spellings`. texts: (t,) int32, the text it is in. keys: the word of each id, lower-case. n_texts: how many.
    """

    words: np.ndarray
    surfaces: np.ndarray
    texts: np.ndarray
    keys: list[str]
    spellings: list[str]
    n_texts: int

    def among(self, words: frozenset[str]) -> np.ndarray:
        """Return (len(keys),) bool: which ids are of one of `words`."""
        return np.array([key in words for key in self.keys], bool)

    @functools.cached_property
    def is_content(self) -> np.ndarray:
        """(len(keys),) bool: which ids are of words that may say something of a subject."""
        stopped = _silent_words()
        return np.array([len(key) > 1 and key not in stopped for key in self.keys], bool)

    @functools.cached_property
    def is_alone(self) -> np.ndarray:
        """(len(keys),) bool: which ids are of a script without spaces, whose words make no phrases."""
        return np.array([bool(_CJK_WORD.match(key)) for key in self.keys], bool)

    @functools.cached_property
    def capitalised(self) -> np.ndarray:
        """(len(keys),) float: in which share of its places inside a sentence a word begins with a capital."""
        inside = np.concatenate([[False], self.words[:-1] > NUMBER])
        upper = np.array([spelling[:1].isupper() for spelling in self.spellings], bool)[self.surfaces]
        places = np.bincount(self.words[inside], minlength=len(self.keys))
        return np.bincount(self.words[inside & upper], minlength=len(self.keys)) / np.maximum(places, 1)


def tokens_of(texts: Sequence[str]) -> Tokens:
    """Return the tokens of the first 600 characters of texts."""
    known: dict[str, int] = collections.defaultdict(itertools.count().__next__)
    end = known["."]
    ids: list[int] = []
    counts = []
    for text in texts:
        plain = _SPECIAL_TOKEN.sub(" . ", text[:_FROM].replace("’", "'"))
        find = _ASCII_TOKEN if plain.isascii() else _TOKEN
        before = len(ids)
        ids += [known[token] for token in find.findall(plain)]
        ids.append(end)
        counts.append(len(ids) - before)
    surfaces = np.array(ids, np.int32)
    spellings = list(known)
    word_of, keys = _words(spellings, np.bincount(surfaces, minlength=len(spellings)))
    texts_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Tokens(word_of[surfaces], surfaces, texts_of, keys, spellings, len(counts))


@functools.cache
def _silent_words() -> frozenset[str]:
    """Return the words that no phrase may hold."""
    return words_in("stop_words") - _TELLING | words_in("template_words")


def _words(spellings: list[str], counts: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return ((len(spellings),) int32 ids of words, the word of each id). counts: of each spelling."""
    stopped = _silent_words()
    lower = [_key(spelling, stopped) for spelling in spellings]
    seen: collections.Counter[str] = collections.Counter()
    for key, count in zip(lower, counts.tolist(), strict=True):
        seen[key] += count
    ids = {"": BREAK, "0": NUMBER}
    for key in seen:
        ids.setdefault(_singular(key, seen, stopped), len(ids))
    return np.array([ids[_singular(key, seen, stopped)] for key in lower], np.int32), list(ids)


def _key(spelling: str, stopped: frozenset[str]) -> str:
    """Return the word of a spelling: "" for a break, "0" for a number, else lower-case, without a possessive."""
    if not spelling[0].isalpha():
        return "0" if spelling[0].isdigit() else ""
    key = spelling.lower()
    return key if key in stopped else _POSSESSIVE.sub("", key)


def _singular(key: str, seen: collections.Counter[str], stopped: frozenset[str]) -> str:
    """Return the singular of an English plural, where that is seen too."""
    if len(key) < 4 or not key.endswith("s") or key.endswith(_NO_PLURAL) or key in _NO_PLURALS or key in stopped:
        return key
    singulars = (key[:-3] + "y",) if key.endswith("ies") else (key[:-1], key[:-2] if key.endswith("es") else "")
    return next((one for one in singulars if one in seen and one not in stopped and len(one) > 2), key)
