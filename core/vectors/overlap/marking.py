"""Two texts in parts, those words marked that both have so many of in a row."""

import re

from ..duplicates.by_words import UNPARTED
from ..duplicates.differing import Parts
from .words import words_in

_PIECES = re.compile(rf"[{UNPARTED}]|[^\s{UNPARTED}]+|\s+")
_MOST_LETTERS = 100_000  # of a text that are looked at; what lies beyond is not marked


def shared_words(one: str, other: str, n: int) -> tuple[Parts, Parts]:
    """Return both texts in parts, in order and with no letter lost, marked where `n` words in a row are in the other too."""
    pieces = [_PIECES.findall(text[:_MOST_LETTERS]) for text in (one, other)]
    words = [[(word, i) for i, piece in enumerate(each) for word in words_in(piece)] for each in pieces]
    rows = [{tuple(word for word, _ in each[i : i + n]) for i in range(len(each) - n + 1)} for each in words]
    parts = []
    for text, own, held, others in zip((one, other), pieces, words, reversed(rows), strict=True):
        shared = set()
        for i in range(len(held) - n + 1):
            if tuple(word for word, _ in held[i : i + n]) in others:
                shared.update(range(held[i][1], held[i + n - 1][1] + 1))
        parts.append(_parts(own, shared, text[_MOST_LETTERS:]))
    return parts[0], parts[1]


def _parts(pieces: list[str], shared: set[int], rest: str) -> Parts:
    parts: Parts = []
    for i, piece in enumerate(pieces):
        if parts and parts[-1][1] == (i in shared):
            parts[-1] = (parts[-1][0] + piece, parts[-1][1])
        else:
            parts.append((piece, i in shared))
    return [*parts, (rest, False)] if rest else parts
