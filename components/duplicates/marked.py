"""A text as Markdown with some of its words marked; what is long and not marked is folded."""

import streamlit as st

from components.charts.escaping import as_markdown
from core.vectors.duplicates.differing import Parts

GROUNDS = {"differing": "orange", "shared": "blue"}
_LONG = 1600  # characters of a text that are shown
_PLAIN = 280  # of a stretch without marks


def show(parts: Parts, what: str) -> None:
    """Draw the text of `parts`. what: the marked words are, one of GROUNDS."""
    st.markdown(_as_marked(parts, what))


def _as_marked(parts: Parts, what: str) -> str:
    shown, length, gap = "", 0, ""
    for text, is_marked in parts:
        if length > _LONG:
            return f"{shown} …"
        text = text[: _LONG + _PLAIN - length] if is_marked else text
        length += len(text) if is_marked else min(len(text), _PLAIN)
        gap = " " if gap or text[:1].isspace() else ""
        if text.strip():
            shown += gap + (_on_ground(text, what) if is_marked else _folded(text))
            gap = ""
        gap = " " if gap or text[-1:].isspace() else ""
    return shown


def _folded(text: str) -> str:
    if len(text) <= _PLAIN:
        return as_markdown(text)
    return f"{as_markdown(text[: _PLAIN // 2])} :gray[…] {as_markdown(text[-_PLAIN // 2 :])}"


def _on_ground(text: str, what: str) -> str:
    lines = [as_markdown(line) for line in text.splitlines() if line.strip()]
    return "  \n".join(f":{GROUNDS[what]}-background[{line}]" for line in lines)
