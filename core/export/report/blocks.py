"""What a report is made of. Both formats are written from these blocks, so they can't say different things."""

import dataclasses

from ...base.text import CONTROLS, one_line

Cell = str | int
TEXT, SHORT, NUMBER, CODE = (
    "lsrc"  # what a column holds: text, on one line, numbers at the right, code in a fixed width
)
_CUT_AT = 600


@dataclasses.dataclass(frozen=True)
class Paragraph:
    """Some sentences. command: what to type, shown below them, or ""."""

    text: str
    command: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells. columns: their titles. kinds: one of the above a column, as in "lrr". title: "" for none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kinds: str
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Key:
    """What a colour of a picture stands for. colour: hex. name: the colour as a word."""

    colour: str
    name: str
    text: str


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture. media: its type, as in "image/png". alt: what it shows, for those who don't see it.

    path: where it lies beside the Markdown, "" for inside of it.
    """

    data: bytes
    media: str
    alt: str
    keys: tuple[Key, ...] = ()
    path: str = ""


@dataclasses.dataclass(frozen=True)
class Example:
    """One record. prompt, response: shown as they are, cut where they are long."""

    title: str
    prompt: str
    response: str


@dataclasses.dataclass(frozen=True)
class Examples:
    """Records under a title."""

    title: str
    records: tuple[Example, ...]


Block = Paragraph | Table | Picture | Examples


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    blocks: tuple[Block, ...]


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole. lead: the sentence below its title."""

    title: str
    lead: str
    sections: tuple[Section, ...]


def line(value: Cell) -> str:
    """Return a cell or a sentence on one line; a number with thousands separators."""
    if isinstance(value, int):
        return f"{value:,}"
    return one_line(value)


def body(text: str) -> str:
    """Return a record's text with its own lines, cut at 600 characters."""
    text = text if len(text) <= _CUT_AT else text[:_CUT_AT] + "…"
    return CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def moment(at: str) -> str:
    """Return a moment of the ledger for people, to the second."""
    return at.replace("T", " ")[:19]
