"""Words as pages and charts show them: shortened, and never read as markup."""

import re


def shorten(text: str, length: int) -> str:
    """Return `text` on one line and at most `length` characters long."""
    text = " ".join(text[: 4 * length].split())
    return text if len(text) <= length else text[: length - 1] + "…"


def plain(text: str) -> str:
    """Return `text` for Plotly, which reads a few tags in texts; a record's own must be shown as they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")


def as_markdown(text: str) -> str:
    """Return `text` for places that read Markdown: a name's own characters must be shown as they are."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>$:~-])", r"\\\1", text)
