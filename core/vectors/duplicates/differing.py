"""What differs between two texts, word by word."""

import difflib
import re

_PIECES = re.compile(r"\s+|[\w']+|[^\w\s]")
_MOST_PIECES = 3000

Parts = list[tuple[str, bool]]  # pieces of a text in order, and whether the other text lacks them there


def differing_words(one: str, other: str) -> tuple[Parts, Parts]:
    """Return both texts in parts, those that differ marked. What lies far in long texts is not compared, and not marked."""
    pieces, rests = [], []
    for text in (one, other):
        found = _PIECES.findall(text)
        pieces.append(found[:_MOST_PIECES])
        rests.append("".join(found[_MOST_PIECES:]))
    keys = [["".join(piece.split()).lower() for piece in each] for each in pieces]
    matcher = difflib.SequenceMatcher(None, *keys, autojunk=False)
    parts: tuple[Parts, Parts] = ([], [])
    for kind, a, b, c, d in matcher.get_opcodes():
        for side, first, last in ((0, a, b), (1, c, d)):
            text = "".join(pieces[side][first:last])
            if text:
                parts[side].append((text, kind != "equal" and bool(text.strip())))
    for side, rest in enumerate(rests):
        if rest:
            parts[side].append((rest, False))
    return parts
