"""A turn's text as it was written, cut into plain text and fenced code: what it holds is shown and never read as markup."""

import re

LONG = 6000  # characters, or
LONG_LINES = 90  # lines, above which a turn is folded
_FENCE = re.compile(r"^[ \t]{0,3}(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+#.-]*)[^\n`]*$", re.MULTILINE)


def blocks_of(text: str) -> list[dict[str, str]]:
    """Return the parts of a text in order: {"kind": "text", "text"} and {"kind": "code", "text", "language"}.

    A fence that is never closed runs to the end, as in CommonMark. Nothing but the fences and blank lines beside them is left
    out. "a\\n```py\\nb\\n```" -> text "a", code "b" of language "py".
    """
    blocks: list[dict[str, str]] = []
    at = 0
    while opening := _FENCE.search(text, at):
        _add_text(blocks, text[at : opening.start()])
        fence = opening["fence"]
        closing = re.compile(rf"^[ \t]{{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(
            text, opening.end() + 1
        )
        code = text[opening.end() + 1 : closing.start() if closing else len(text)]
        blocks.append({"kind": "code", "text": code.removesuffix("\n"), "language": opening["language"]})
        at = closing.end() if closing else len(text)
    _add_text(blocks, text[at:])
    return blocks


def _add_text(blocks: list[dict[str, str]], text: str) -> None:
    if text := text.strip("\n"):
        blocks.append({"kind": "text", "text": text})


def is_long(text: str) -> bool:
    """Whether a turn is folded until its reader unfolds it."""
    return len(text) > LONG or text.count("\n") >= LONG_LINES
