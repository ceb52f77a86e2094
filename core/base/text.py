"""Words for people: a text on one line, cut where there is no room for more."""

import re
from collections.abc import Mapping

# Characters that XML, and a terminal that shows Markdown, can't do with; line breaks and tabs are not among them.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
# What a terminal takes for a command, what turns the direction of what follows, and what can't be written as UTF-8.
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, keep: str = "") -> str:
    """Return `text` as it is safe on a terminal: what would not be shown is written out, as in "\\x1b". keep: letters to leave."""
    return _NOT_SHOWN.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Return `text` with a single blank for every run of blanks, line breaks and control characters."""
    return " ".join(CONTROLS.sub(" ", text).split())


def counted(n: int, one: str, many: str = "") -> str:
    """Return "1 record", "2 records", "12,000 records". many: the words for more than one, where it isn't `one` with an s."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def ordinal(n: int) -> str:
    """Return "1st", "2nd", "3rd", "11th", "1,002nd"."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def duration(seconds: float) -> str:
    """Return "41 s", "3 min" or "5.2 h"; 1 s at least."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def rounded(n: float) -> str:
    """Return a large number as it is said with "about": "860", "12,000", "1.4 M", "2.1 billion"."""
    if n < 1000:
        return f"{n:,.0f}"
    if n < 999_500:
        return f"{float(f'{n:.2g}'):,.0f}"
    value, unit = (n / 1e6, "M") if n < 999.5e6 else (n / 1e9, "billion")
    return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def in_words(choices: Mapping[str, str]) -> str:
    """Return choices with what they mean: "a: this; b: that"."""
    return "; ".join(f"{name}: {meaning}" for name, meaning in choices.items())


def shorten(text: str, length: int) -> str:
    """Return `text` on one line and at most `length` characters long."""
    text = one_line(text[: 4 * length])
    return text if len(text) <= length else text[: length - 1] + "…"


def first_line(error: Exception) -> str:
    """Return the first line of an error, or its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
