"""A report as Markdown (GitHub's kind): pictures inside it, and nothing from the data read as markup."""

import base64
import re

from .blocks import NUMBER, Block, Cell, Examples, Paragraph, Picture, Report, Table, body, line

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "`": "&#96;"}
# An underscore between letters is no markup, and names such as n_random are easier to read without a backslash.
_MARKUP = re.compile(r"[\\*~$\[\]]|(?<![^\W_])_|_(?![^\W_])")
_BEGINS_A_BLOCK = re.compile(r"^(\d*)(?=[#+=.)-])")


def as_markdown(report: Report) -> str:
    """Return the report as Markdown text."""
    parts = [f"# {escaped(report.title)}", _sentence(report.lead)]
    for section in report.sections:
        parts += [f"## {escaped(section.title)}", *(_block(block) for block in section.blocks)]
    return "\n\n".join(parts) + "\n"


def escaped(value: Cell) -> str:
    """Return a cell or a part of a sentence so that it is read as plain text."""
    text = _MARKUP.sub(r"\\\g<0>", line(value))
    return "".join(_ENTITIES.get(letter, letter) for letter in text)


def _sentence(text: str) -> str:
    return _BEGINS_A_BLOCK.sub(r"\1\\", escaped(text))


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            command = f"\n\n{_fenced(block.command)}" if block.command else ""
            return _sentence(block.text) + command
        case Table():
            return _table(block)
        case Picture():
            inside = f"data:{block.media};base64,{base64.b64encode(block.data).decode('ascii')}"
            picture = f"![{escaped(block.alt)}]({block.path or inside})"
            keys = ". ".join(f"{key.name.capitalize()}: {key.text}" for key in block.keys)
            return f"{picture}\n\n{escaped(keys)}." if keys else picture
        case Examples():
            shown = [
                f"**{escaped(each.title)}**\n\nPrompt:\n\n{_fenced(body(each.prompt))}\n\n"
                f"Response:\n\n{_fenced(body(each.response))}"
                for each in block.records
            ]
            return "\n\n".join([f"### {escaped(block.title)}", *shown])


def _table(table: Table) -> str:
    rule = ("---:" if kind == NUMBER else "---" for kind in table.kinds)
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in (table.columns, *table.rows)]
    lines.insert(1, f"| {' | '.join(rule)} |")
    title = f"**{escaped(table.title)}**\n\n" if table.title else ""
    return title + "\n".join(lines)


def _fenced(text: str) -> str:
    """Return text between fences that are longer than any run of backticks in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"
