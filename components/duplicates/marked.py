"""A text as Markdown with some of its words marked; what is long and not marked is folded."""

from components.charts.escaping import as_markdown
from core.vectors.duplicates.differing import Parts

_LONG = 1600  # characters of a text that are shown
_PLAIN = 280  # of a stretch without marks


def as_marked(parts: Parts, colour: str = "orange") -> str:
    """Return the text of `parts`, those marked on a ground of this colour."""
    shown, length, gap = "", 0, ""
    for text, is_marked in parts:
        if length > _LONG:
            return f"{shown} …"
        text = text[: _LONG + _PLAIN - length] if is_marked else text
        length += len(text) if is_marked else min(len(text), _PLAIN)
        gap = " " if gap or text[:1].isspace() else ""
        if text.strip():
            shown += gap + (_on_colour(text, colour) if is_marked else _folded(text))
            gap = ""
        gap = " " if gap or text[-1:].isspace() else ""
    return shown


def _folded(text: str) -> str:
    if len(text) <= _PLAIN:
        return as_markdown(text)
    return f"{as_markdown(text[: _PLAIN // 2])} :gray[…] {as_markdown(text[-_PLAIN // 2 :])}"


def _on_colour(text: str, colour: str) -> str:
    lines = [as_markdown(line) for line in text.splitlines() if line.strip()]
    return "  \n".join(f":{colour}-background[{line}]" for line in lines)
