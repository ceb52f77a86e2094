"""Bounds: how large a record may be, how deep, and how much more a file may hold than it weighs; what a packed workspace may.

Reading stops at them at once.

Input -> output: a line of 20 MB is a record that can't be taken; WINNOW_MOST_RECORD_MB=64 lets it in.
"""

import os
from pathlib import Path
from typing import Any

from ..base.errors import CurationError

MOST_DEEP = 254  # levels of nesting: deeper ones can be read and not written
_RECORD = "WINNOW_MOST_RECORD_MB"
_EXPANSION = "WINNOW_MOST_EXPANSION"
MOST_UNPACKED, MOST_UNPACKED_FILES = "WINNOW_MOST_UNPACKED_GB", "WINNOW_MOST_UNPACKED_FILES"
_MB = 1 << 20
_NEVER_TOO_MUCH = 128 * _MB  # what even the smallest file may hold


def _number(name: str, usual: int) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text or usual)
    except ValueError:
        value = 0.0
    if not 0 < value < 1 << 20:
        raise CurationError(f"{name} is {text!r}; it must be a number above 0, as in {name}={usual}.")
    return value


def most_record() -> int:
    """Return how many bytes a record may have. Raises CurationError where the environment names no number."""
    return int(_number(_RECORD, 16) * _MB)


def most_unpacked() -> int:
    """Return how many bytes a packed workspace may come to. Raises CurationError where the environment names no number."""
    return int(_number(MOST_UNPACKED, 200) * 10**9)


def most_unpacked_files() -> int:
    """Return how many files a packed workspace may hold. Raises CurationError where the environment names no number."""
    return int(_number(MOST_UNPACKED_FILES, 100_000))


def too_large(most: int) -> str:
    """Return why a record of more than `most` bytes is not taken, and how it is let in."""
    return (
        f"it is larger than the {round(most / _MB, 3):g} MB that a record may have; "
        f"set {_RECORD} to a larger number to let it in"
    )


def too_deep(value: Any, brackets: int) -> int:
    """Return how many levels a value is nested, 0 where that is not too deep. brackets: how many its text has, at least."""
    if brackets <= MOST_DEEP:
        return 0
    n, level = 0, [value]
    while level:
        n += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return n if n > MOST_DEEP else 0


class Expansion:
    """Counts the bytes that a file gives; what a small file may give has an end."""

    def __init__(self, path: Path) -> None:
        self._name, self._size = path.name, path.stat().st_size
        self._times = _number(_EXPANSION, 200)
        self._most, self._n = max(_NEVER_TOO_MUCH, int(self._times * self._size)), 0

    def count(self, n: int) -> None:
        """Count n bytes more. Raises CurationError where that is too much for such a file."""
        self._n += n
        if self._n > self._most:
            raise CurationError(
                f"{self._name} has {self._size:,} bytes and holds more than {self._most // _MB:,} MB, over {self._times:g} "
                f"times as much; if that is right, set {_EXPANSION} to a larger number."
            )
