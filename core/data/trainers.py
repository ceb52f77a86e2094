"""Trainers: a record's turns become a row in just the keys that a trainer reads, with what it would refuse or drop told.

Input -> output: the turns user "2+2?", assistant "4" give TRL `{"messages": [{"role": "user", "content": "2+2?"}, …]}`.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from ..base.errors import CurationError
from .fields import FieldMap, lookup
from .layouts.holding import answer_key, kind_of, order_of
from .layouts.marks import marked_turns
from .layouts.reading import answer_span, turns_of
from .layouts.structures import Pieces

FORMS = {
    "chat": "turns with their roles",
    "prompt-completion": "a prompt and the answer to it",
    "preference": "a prompt with a chosen and a rejected answer",
}
PROBLEMS = {
    "refuse": "say them and write nothing",
    "leave-out": "leave such records out",
    "repair": "join turns of one side that follow each other, move system turns to the beginning, cut what follows the last "
    "answer; leave out the rest",
}
_ASKING = ("user", "tool")
Turn = dict[str, str]  # {"role": system, user, assistant or tool; "content": its text}
Rows = Callable[["Sample"], dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Sample:
    """What a trainer learns from a record. turns: up to the answer. rejected: the other answer, "" where there is none."""

    turns: tuple[tuple[str, str], ...]
    rejected: str = ""

    @property
    def messages(self) -> list[Turn]:
        """Return all turns."""
        return [{"role": role, "content": text} for role, text in self.turns]

    @property
    def asked(self) -> list[Turn]:
        """Return the turns before the answer."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """Return the last turn's text."""
        return self.turns[-1][1]

    @property
    def system(self) -> str:
        """Return the system prompt, "" where there is none."""
        return self.turns[0][1] if self.turns[0][0] == "system" else ""

    @property
    def prompt(self) -> str:
        """Return all that is asked as one text: bare where that is one turn, else with roles."""
        before = [(role, text) for role, text in self.turns[:-1] if role != "system"]
        return before[0][1] if len(before) == 1 else "\n".join(f"{role.capitalize()}: {text}" for role, text in before)


def sample_of(value: dict[str, Any], fields: FieldMap) -> Sample:
    """Return what a trainer learns from a record. What may be called is told with the system prompt; a call is an answer's text."""
    turns: list[tuple[str, str]] = []
    told: list[str] = []
    for role, text in turns_of(value, fields):
        if role == "tools" and text:
            told.append(f"Tools: {text}")
        elif text or role not in ("system", "tools"):
            turns.append(("assistant" if role == "tool call" else role, text))
    turns = _one_answer(turns)
    if told:
        at = [text for role, text in turns[:1] if role == "system"]
        turns = [("system", "\n\n".join([*at, *told])), *turns[len(at) :]]
    return Sample(tuple(turns), rejected_of(value, fields))


def _one_answer(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out an assistant's empty text beside its tool call."""
    return [
        turn
        for i, turn in enumerate(turns)
        if turn[1].strip() or turn[0] != "assistant" or not (i + 1 < len(turns) and turns[i + 1][0] == "assistant")
    ]


def rejected_of(value: dict[str, Any], fields: FieldMap) -> str:
    """Return the rejected answer of a preference pair, "" where there is none; of ranked answers the worst."""
    if not fields.rejected:
        ranked = [
            held for name in fields.response if kind_of(held := lookup(value, name)) == "answers" and len(held) > 1
        ]
        worst = max(ranked[0], key=lambda item: (order_of(item) or ("", 0.0))[1]) if ranked else {}
        return worst.get(answer_key(worst), "")
    held, pieces = lookup(value, fields.rejected), Pieces()
    if isinstance(held, str) and fields.messages and not fields.response and marked_turns(held):
        pieces.add_conversation(held, fields.rejected, ())  # marked as the chosen side is
    else:
        pieces.add_value(held, "assistant", fields.rejected, ())
    first, stop = answer_span(pieces)
    return "\n".join(piece.text for piece in pieces[first:stop] if piece.text)


def problems_of(sample: Sample, form: str) -> list[str]:
    """Return what a trainer would refuse, or drop without a word."""
    roles = [role for role, _ in sample.turns]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    found = []
    if "system" in talk:
        found.append("a system turn in the middle")
    if others := {*talk} - {"system", "assistant", *_ASKING}:
        found.append(f"a turn of {', '.join(sorted(others))}")
    if not any(role in _ASKING for role in talk):
        found.append("no prompt")
    sides = [role in _ASKING for role in talk if role != "system"]
    if sides and (not sides[0] or any(a == b for a, b in itertools.pairwise(sides))) and any(sides):
        found.append("turns that don't alternate")
    if not talk or talk[-1] != "assistant":
        found.append("no answer at the end")
    if any(role == "assistant" and not text.strip() for role, text in sample.turns):
        found.append("an empty answer")
    if form == "preference" and not sample.rejected.strip():
        found.append("no rejected answer")
    return found


def repaired(sample: Sample) -> Sample:
    """Return the sample with turns of one side that follow each other joined, system turns first, nothing after the answer."""
    system = [text for role, text in sample.turns if role == "system"]
    turns: list[tuple[str, str]] = []
    for role, text in sample.turns:
        if role == "system":
            continue
        if turns and (turns[-1][0] == role or {turns[-1][0], role} <= {*_ASKING}):
            turns[-1] = (turns[-1][0], "\n\n".join(filter(None, [turns[-1][1], text])))
        else:
            turns.append((role, text))
    while turns and turns[-1][0] != "assistant":
        turns.pop()
    return Sample((*([("system", "\n\n".join(system))] if system else ()), *turns), sample.rejected)


@dataclasses.dataclass(frozen=True)
class Trainer:
    """A trainer. rows: how a row is written, a form each. config: the file's name and form to {file name: text} beside it."""

    name: str
    place: int
    title: str
    rows: Mapping[str, Rows]
    config: Callable[[str, str], dict[str, str]]

    def row(self, sample: Sample, form: str) -> bytes:
        """Return a row as a line of JSON."""
        return orjson.dumps(self.rows[form](sample)) + b"\n"

    def check(self, form: str) -> None:
        """Raise CurationError for a form that it does not read."""
        if form not in self.rows:
            raise CurationError(f"{self.title} reads no {form}; it reads {', '.join(self.rows)}.")


class Made(NamedTuple):
    """A record's row for a trainer. line: b"" where it was left out. problems: what a trainer would refuse. is_repaired."""

    line: bytes
    problems: list[str]
    is_repaired: bool = False


def made_for(raw: str, fields: FieldMap, trainer: Trainer, form: str, problems: str) -> Made:
    """Return a record's row for a trainer. problems: of PROBLEMS, what is done about such a record."""
    sample = sample_of(orjson.loads(raw), fields)
    found = problems_of(sample, form)
    if not found:
        return Made(trainer.row(sample, form), [])
    if problems == "repair" and not problems_of(again := repaired(sample), form):
        return Made(trainer.row(again, form), found, True)
    return Made(b"", found)


def answered(text: str) -> Turn:
    """Return an answer as a turn."""
    return {"role": "assistant", "content": text}


def ending(sample: Sample) -> Sequence[Turn]:
    """Return the answer as turns."""
    return [answered(sample.answer)]
