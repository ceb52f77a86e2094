"""A query: words, meaning and filters in one frozen object, and the text of it that lives in an address. Finds nothing."""

import dataclasses
import re
import urllib.parse
from typing import Self

from ...base.errors import CurationError
from ...base.text import counted, shorten

MISSING = "(missing)"
# What the columns are called that Winnow makes itself, where their name says too little.
COLUMN_NAMES = {"words": "length in words", "characters": "length in characters", "tokens": "length in tokens"}
NEAREST, MOST_NEAREST = 200, 100_000
_FILTER = re.compile(r"\s*(?P<column>[^<>=!]*[^<>=!\s])\s*(?P<op><=|>=|!=|=|<|>)\s*(?P<value>.*)", re.DOTALL)
_IN_COLUMN = re.compile(r"[<>=!%]|^\s+|\s+$")
_IN_VALUE = re.compile(r"[\\|]|^\s")
_RANGE = re.compile(r"\s*(-?[\d.]+(?:e[+-]?\d+)?)?\s*\.\.\s*(-?[\d.]+(?:e[+-]?\d+)?)?\s*", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Filter:
    """One condition on a column. op: "=", "!=", or of a number "<", "<=", ">", ">=". value: a number or labels.

    Of "=" and "!=": labels, or numbers and ranges such as 0.2..0.8 (both ends count; either may be left out), any of them
    (parted by | in text, where a backslash makes a | part of a label); "(missing)" stands for no value.
    """

    column: str
    op: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.column.strip() or self.op not in ("=", "!=", "<", "<=", ">", ">=") or not all(self.values or ("",)):
            raise _unreadable(f"{self.column}{self.op}")
        if self.op in ("<", "<=", ">", ">=") and (len(self.values) > 1 or number_of(self.values[0]) is None):
            raise CurationError(
                f"{self.column} {self.op} {'|'.join(self.values)!r} compares with no number; write {self.column}{self.op}0.5."
            )

    @property
    def text(self) -> str:
        """What `parse_filter` reads."""
        column = _IN_COLUMN.sub(lambda found: urllib.parse.quote(found[0], safe=""), self.column)
        return f"{column}{self.op}{'|'.join(_IN_VALUE.sub(_escaped, value) for value in self.values)}"

    @property
    def label(self) -> str:
        """The filter in words: "quality 0.2 to 0.8", "source gsm8k or t0", "length in words over 50"."""
        column = COLUMN_NAMES.get(self.column, self.column)
        if self.op not in ("=", "!="):
            words = {"<": "under", "<=": "at most", ">": "over", ">=": "at least"}[self.op]
            return f"{column} {words} {self.values[0]}"
        shown = [_range_in_words(value) for value in self.values[:3]]
        more = f" or {len(self.values) - 3:,} more" if len(self.values) > 3 else ""
        return f"{column} {'not ' if self.op == '!=' else ''}{' or '.join(shown)}{more}"


def _range_in_words(value: str) -> str:
    if value == MISSING:
        return "missing"
    if range_of(value) is None or ".." not in value:
        return value
    low, high = (end.strip() for end in value.split(".."))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def number_of(text: str) -> float | None:
    """Return the finite number that a text is, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def range_of(text: str) -> tuple[float, float] | None:
    """Return the (lowest, highest) of "0.2..0.8", "5..", "..5" or "5"; None for anything else."""
    if (number := number_of(text)) is not None:
        return number, number
    found = _RANGE.fullmatch(text)
    if not found or not any(found.groups()):
        return None
    ends = [
        number_of(end) if end else far for end, far in zip(found.groups(), (-float("inf"), float("inf")), strict=True)
    ]
    return None if None in ends else (ends[0], ends[1])


def parse_filter(text: str) -> Filter:
    """Return the filter that a text says: "quality>0.5", "source=gsm8k|t0", "words=10..50", "rating!=(missing)"."""
    found = _FILTER.fullmatch(text)
    if not found or not found["value"].strip():
        raise _unreadable(text)
    values = [""]
    for piece in re.findall(r"\\.|\||[^\\|]+|\\", found["value"], re.DOTALL):
        if piece == "|":
            values.append("")
        else:
            values[-1] += piece[1:] if piece[0] == "\\" and len(piece) > 1 else piece
    return Filter(urllib.parse.unquote(found["column"]), found["op"], tuple(filter(None, values)))


def _escaped(found: re.Match) -> str:
    return f"\\{found[0]}"


def _unreadable(text: str) -> CurationError:
    return CurationError(
        f"{text!r} is no filter; write a column, one of = != < <= > >=, and a value, as in quality>0.5, "
        "source=gsm8k|codealpaca or words=10..50."
    )


@dataclasses.dataclass(frozen=True)
class Query:
    """What is looked for; all of it must hold.

    words: see `word_query`. like: a sentence whose meaning is looked for; more_like: row ids of records that others are to be
    like; of either, the `nearest` by cosine. filters: conditions on columns. in_order: in the data's order, not the best first.
    """

    words: str = ""
    like: str = ""
    more_like: tuple[int, ...] = ()
    filters: tuple[Filter, ...] = ()
    nearest: int = NEAREST
    in_order: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.nearest, int) or not 1 <= self.nearest <= MOST_NEAREST:
            raise CurationError(f"nearest is {self.nearest!r}; it must be a whole number from 1 to {MOST_NEAREST:,}.")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.words.strip() or self.by_meaning or self.filters)

    @property
    def by_meaning(self) -> bool:
        """Whether it looks for what is like something."""
        return bool(self.like.strip() or self.more_like)

    def change(self, **values: object) -> Self:
        """Return the query with other values."""
        return dataclasses.replace(self, **values)

    @property
    def label(self) -> str:
        """The query in words."""
        parts = [f"“{shorten(self.words, 60)}”"] if self.words.strip() else []
        if self.like.strip():
            parts.append(f"like “{shorten(self.like, 60)}”")
        if self.more_like:
            records = ", ".join(f"{row:,}" for row in self.more_like[:3])
            many = len(self.more_like) > 3
            parts.append(f"like {counted(len(self.more_like), 'record')}" if many else f"like record {records}")
        return ", ".join([*parts, *(each.label for each in self.filters)])


def to_text(query: Query) -> str:
    """Return a query as a short text for an address, "" for one that asks nothing."""
    parts = [("q", query.words), ("like", query.like), ("more", ",".join(map(str, query.more_like)))]
    parts += [("f", each.text) for each in query.filters]
    parts += [
        ("m", str(query.nearest) if query.nearest != NEAREST else ""),
        ("order", "data" if query.in_order else ""),
    ]
    return urllib.parse.urlencode([(name, value) for name, value in parts if value])


def from_text(text: str) -> Query:
    """Return the query of `to_text`. Raises CurationError for anything else."""
    values: dict[str, list[str]] = {}
    for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    known = {"q", "like", "more", "f", "m", "order"}
    unread = text and not values
    if unread or set(values) - known or any(len(each) > 1 for name, each in values.items() if name != "f"):
        raise CurationError(f"{shorten(text, 80)!r} is no search; search anew.")
    one = {name: each[0] for name, each in values.items()}
    rows = [row for row in one.get("more", "").split(",") if row]
    nearest = one.get("m", str(NEAREST))
    if not all(each.isdecimal() and each.isascii() and len(each) < 16 for each in [*rows, nearest]):
        raise CurationError(f"{shorten(text, 80)!r} is no search; search anew.")
    return Query(
        words=one.get("q", ""),
        like=one.get("like", ""),
        more_like=tuple(int(row) for row in rows),
        filters=tuple(parse_filter(each) for each in values.get("f", [])),
        nearest=int(nearest),
        in_order=one.get("order") == "data",
    )
