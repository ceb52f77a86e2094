"""A record's or a curator's words where Plotly or Markdown would read them as markup: one function for each of the two."""

import re

_JOINER = (
    "\u2060"  # shows nothing; parts what Streamlit reads as an icon, a link or an arrow after it has read the Markdown
)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>$~|&#])")
# What turns the direction of a line, and so of this program's own words behind it.
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_LINE_STARTS = re.compile(r"^([-+=]|\d+(?=[.)]))", re.MULTILINE)
_READ_LATER = re.compile(r":(?=//|[A-Za-z_+-]|\d+:)|@|www(?=\.)|(?<!\S)(?:<->|->|<-|--|>=|<=|~=)(?!\S)", re.IGNORECASE)


def plain(text: str) -> str:
    """Return `text` for Plotly, which reads tags and %{...} in texts; a record's own must be shown as they are."""
    for read, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\n", "<br>")):
        text = text.replace(read, shown)
    text = _turns_written_out(text)
    return text.replace("%{", f"%{_JOINER}{{")


def as_markdown(text: str) -> str:
    """Return `text` for places that read Markdown: what it holds is shown as it is, and fetches and links nothing.

    Line breaks stay; what turns the direction of a line is written out, as in u202e. Labels, captions, messages, help and toasts
    are such places; `st.text` and tables are not.
    """
    lines = [line.strip() for line in _turns_written_out(text).splitlines()]
    text = "\n".join(line for line in lines if line)
    text = _READ_LATER.sub(lambda found: found[0][0:1] + _JOINER + found[0][1:], text)
    text = _LINE_STARTS.sub(_escaped, _MARKUP.sub(r"\\\1", text))
    return text.replace("\n", "  \n")


def _turns_written_out(text: str) -> str:
    return _TURNS.sub(lambda found: ascii(found[0])[1:-1], text)


def _escaped(found: re.Match) -> str:
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"
