"""Marks: whole conversations in one text, each turn begun by a mark, as in "### Human: Hi### Assistant: Hello".

A text counts as marked where it begins with a mark and has one of each side: a page that only speaks of such marks is text.
"""

import functools
import re
from typing import NamedTuple


class _Style(NamedTuple):
    """A way to mark turns. marks: each mark, as a pattern, with the role that begins there. ends: what may end a turn.

    preamble: how a text may begin before its first mark; that is then the system prompt.
    """

    marks: dict[str, str]
    ends: tuple[str, ...] = ()
    preamble: str = ""


_STYLES = (
    _Style({r"\n\nHuman:": "user", r"\n\nAssistant:": "assistant", r"\n\nSystem:": "system"}),
    _Style({"### Human:": "user", "### Assistant:": "assistant", "### System:": "system"}),
    _Style(
        {"### Instruction:": "user", "### Input:": "user", "### Response:": "assistant"},
        preamble="Below is an instruction",
    ),
    _Style(
        {rf"<\|im_start\|>{role}\n": role for role in ("user", "assistant", "system", "tool")}, ends=("<|im_end|>",)
    ),
    _Style(
        {rf"<\|{role}\|>": role for role in ("user", "assistant", "system")}, ends=("<|end|>", "</s>", "<|endoftext|>")
    ),
    _Style(
        {r"(?:<s>\s*)?\[INST\]": "user", r"\[/INST\]": "assistant", "<<SYS>>": "system", "<</SYS>>": "user"},
        ends=("</s>",),
    ),
    _Style({"<human>:": "user", "<bot>:": "assistant"}),
    _Style(
        {
            "(?m:^)USER:": "user",
            "(?m:^)ASSISTANT:": "assistant",
            "(?m:^)SYSTEM:": "system",
            "(?m:^)FUNCTION RESPONSE:": "tool",
        },
        ends=("<|endoftext|>", "</s>"),
    ),
)
_FIRST = frozenset("HASB#<[U")  # with which such a text begins, for that is quickly seen
_ANTHROPIC = 0  # whose marks begin with line breaks, which the first one of a text may lack
_BEGINNINGS = [
    re.compile(r"\s*(?:" + "|".join(filter(None, [*style.marks, style.preamble])) + ")") for style in _STYLES
]
_SPLITS = [re.compile("(" + "|".join(style.marks) + ")") for style in _STYLES]
_ROLES = [[(re.compile(mark), role) for mark, role in style.marks.items()] for style in _STYLES]


def is_marked(text: str) -> bool:
    """Whether a text is a conversation whose turns are marked: it begins with a mark, and both sides have one."""
    return bool(marked_turns(text))


def marked_turns(text: str) -> list[tuple[str, str]]:
    """Return (role, text) of each turn, white space around it left out; none where the text is not marked."""
    style = _style_of(text)
    turns = [] if style is None else _turns(text, style)
    return turns if {"user", "assistant"} <= {role for role, _ in turns} else []


def _style_of(text: str) -> int | None:
    beginning = text[:200].lstrip()
    if beginning[:1] not in _FIRST:
        return None
    return next((i for i, begins in enumerate(_BEGINNINGS) if begins.match(_begun(beginning, i))), None)


def _begun(text: str, style: int) -> str:
    return "\n\n" + text.lstrip() if style == _ANTHROPIC else text


def _turns(text: str, style: int) -> list[tuple[str, str]]:
    before, *pieces = _SPLITS[style].split(_begun(text, style))
    turns = [("system", before.strip())] if before.strip() else []
    for mark, said in zip(pieces[::2], pieces[1::2], strict=True):
        role, said = _role_of(mark, style), said.strip()
        for end in _STYLES[style].ends:
            said = said.removesuffix(end).rstrip()
        if turns and turns[-1][0] == role:
            said = "\n".join(filter(None, [turns.pop()[1], said]))
        turns.append((role, said))
    return turns[1:] if turns[:1] == [("user", "")] else turns  # as before Llama 2's system prompt


@functools.lru_cache(maxsize=256)
def _role_of(mark: str, style: int) -> str:
    return next(role for pattern, role in _ROLES[style] if pattern.fullmatch(mark))
