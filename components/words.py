"""A record's or a curator's words where Plotly or Markdown would read them as markup."""

import re


def plain(text: str) -> str:
    """Return `text` for Plotly, which reads a few tags in texts; a record's own must be shown as they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")


def as_markdown(text: str) -> str:
    """Return `text` for places that read Markdown: a name's own characters must be shown as they are."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>$:~-])", r"\\\1", text)
