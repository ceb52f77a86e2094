"""Detecting: from records to the layout that most of them have, by what their fields hold, then by their names.

Input -> output: `{"instruction": "Add.", "context": "2+2", "response": "4"}` gives prompt=instruction+context,response=response.
What fits no layout is refused, with what each field holds, rather than guessed.
"""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...base.errors import CurationError
from ...base.text import shorten
from ..fields import PARTS, SEVERAL, FieldMap
from . import names
from .holding import KINDS, is_message, kind_of, role_key
from .seen import Seen
from .structures import ROLES

_CONVERSATIONS = ("messages", "pairs", "marked", "tree")
_ANSWERS = ("text", "number", "object", "nothing", "answers", "calls", "messages", "marked")
_MOST_NAMED = 12


def detect_fields(values: Iterable[dict[str, Any]]) -> FieldMap:
    """Return the layout that most of the records `values` have. Raises CurationError when none is known."""
    values = list(values)
    found = [(layout, value) for value in values if (layout := layout_of(value))]
    if not found:
        raise CurationError(
            f"No known field layout; {_described(values)}",
            command="say which is which, as in --fields prompt=question,response=answer.",
            page="say which is which under Settings, as in prompt=question,response=answer",
        )
    core = collections.Counter(_core(layout) for layout, _ in found).most_common(1)[0][0]
    alike = [layout for layout, _ in found if _core(layout) == core]
    fields = _joined(alike)
    sources = collections.Counter(name for value in values for name in _sources(value))
    source = next((name for name in _by(names.SOURCES, sources) if name not in fields.names), "")
    return dataclasses.replace(fields, source=source)


def _core(layout: FieldMap) -> tuple:
    """Return what tells layouts apart: records may leave out an input or a system prompt."""
    asked = next((name for name in layout.prompt if name.lower() in names.PROMPTS), "")
    return layout.messages, asked, layout.response


def _joined(layouts: Sequence[FieldMap]) -> FieldMap:
    """Return one layout with every part that any of these has, prompts in the order in which the longest has them."""
    joined = max(layouts, key=lambda layout: len(layout.prompt))
    for part in ("system", "tools", "history", "rejected"):
        held = next((getattr(layout, part) for layout in layouts if getattr(layout, part)), None)
        if held:
            joined = dataclasses.replace(joined, **{part: held})
    return joined


def _described(values: Sequence[dict[str, Any]]) -> str:
    """Say which fields records have, and what they hold."""
    seen: dict[str, str] = {}
    for value in values:
        for name, held in value.items():
            if seen.get(name, "nothing") == "nothing":
                seen[name] = kind_of(held)
    if not seen:
        return "the records have no fields"
    told = [f"{shorten(name, 60)} ({KINDS[seen[name]]})" for name in sorted(seen)[:_MOST_NAMED]]
    single = all(map(is_single_message, values))
    why = "; each record is one message, and nothing says which conversation it belongs to" if single else ""
    return f"the records have {', '.join(told)}{why}"


def layout_of(value: dict[str, Any], deep: bool = True) -> FieldMap | None:
    """Return the layout of one record, None where none is known. deep: whether it may lie in the record's one object."""
    seen = Seen(value)
    for find in (_preference, _conversation, _prompt_and_response, _weak_conversation, _text):
        if (found := find(seen)) is not None:
            return _with_rest(found, seen)
    return _inside(seen) if deep else None


def _inside(seen: Seen) -> FieldMap | None:
    """The layout of the one object in a record that has one, as of the rows that a hub's viewer gives."""
    inner = {
        name: layout_of(seen.value[name], deep=False)
        for name, kind in seen.kinds.items()
        if kind == "object" and "." not in name
    }
    found = [(name, layout) for name, layout in inner.items() if layout and (layout.messages or layout.prompt)]
    if len(found) != 1:
        return None
    ((name, layout),) = found
    held = {part: tuple(f"{name}.{each}" for each in layout.of(part)) for part in PARTS}
    return FieldMap(**{part: each if part in SEVERAL else "".join(each) for part, each in held.items()})


def _with_rest(found: FieldMap, seen: Seen) -> FieldMap:
    """Add what comes before the prompt."""
    if found.response and not (found.prompt or found.messages):
        return found
    inside = found.messages.rpartition(".")[0]
    system = seen.find(names.SYSTEMS, ("text", "object", "messages", "strings", "nothing"))
    tools = seen.find(names.TOOLS, ("text", "list", "calls", "messages", "strings", "object", "nothing"))
    if f"{inside}.tools" in seen.kinds:
        tools = f"{inside}.tools"
    history = seen.find(names.HISTORIES, ("pairs", "messages", "nothing"))
    taken = {*found.names}
    rejected = found.rejected or seen.find(names.REJECTED_ALONE, ("text", "messages", "marked"))
    return dataclasses.replace(
        found,
        system=(system,) if system and system not in taken else (),
        tools=tools if tools not in taken else "",
        history=history if history not in taken else "",
        rejected=rejected if rejected not in taken - {found.rejected} else "",
    )


def _preference(seen: Seen) -> FieldMap | None:
    """Two answers, of which one was preferred: curated by the prompt and that one."""
    for chosen, rejected in names.SIDES:
        good, bad = seen.find([chosen], _ANSWERS), seen.find([rejected], _ANSWERS)
        if not (good and bad) or seen.kinds[good] == "nothing":
            continue
        if seen.kinds[good] in _CONVERSATIONS and seen.is_asked(good):
            return FieldMap(messages=good, rejected=bad)
        asked = _conversation_name(seen) or _prompts(seen)
        return _asked_and_answered(asked, (good,), bad)
    return None


def _asked_and_answered(asked: str | tuple[str, ...], response: tuple[str, ...], rejected: str = "") -> FieldMap:
    part = {"messages": asked} if isinstance(asked, str) else {"prompt": asked}
    return FieldMap(response=response, rejected=rejected, **part)


def _conversation_name(seen: Seen) -> str:
    """Return the field that holds a conversation, or the prompt as turns; "" where there is none."""
    named = seen.find(names.CHATS, _CONVERSATIONS) or seen.find(names.STRINGS[:6], ("strings",))
    if named:
        return named
    if turns := seen.find(names.PROMPTS, _CONVERSATIONS):
        return turns
    inside = [name for name, kind in seen.kinds.items() if "." in name and kind == "messages"]
    return next((name for name in inside if name.rpartition(".")[2] in names.CHATS), "")


def _conversation(seen: Seen) -> FieldMap | None:
    """Turns in one field; where they end with a prompt, and another field answers it, with that."""
    name = _conversation_name(seen)
    if not name:
        return None
    is_prompt = name.lower() in names.PROMPTS and seen.kinds[name] != "tree"
    is_answered = seen.is_answered(name)
    if (is_prompt or not is_answered) and (response := _response(seen, {name})):
        return FieldMap(messages=name, response=response)
    return None if is_prompt and not is_answered else FieldMap(messages=name)


def _prompt_and_response(seen: Seen) -> FieldMap | None:
    prompt = _prompts(seen)
    response = _response(seen, {*prompt})
    if not prompt:
        return None
    if response:
        return FieldMap(prompt=prompt, response=response)
    text = seen.find(names.TEXTS, ("text",))
    if text and not all(str(seen.value[name]) in seen.value[text] for name in prompt):
        return FieldMap(prompt=prompt, response=(text,))  # as Cosmopedia's; elsewhere the text has the prompt in it
    return None


def _prompts(seen: Seen) -> tuple[str, ...]:
    """Return the fields that make up a prompt in text, in order."""
    first = seen.find(names.PROMPTS, ("text", "number", "nothing"))
    if not first:
        return ()
    beside = tuple(seen.find([name], ("text", "number", "nothing")) for name in names.BESIDE_PROMPT)
    before = tuple(seen.find([name], ("text",)) for name in names.BEFORE_PROMPT)
    return tuple(dict.fromkeys(filter(None, (*before, first, *beside))))


def _response(seen: Seen, taken: set[str]) -> tuple[str, ...]:
    """Return the fields that make up the response."""
    for thinking, answer in names.THINKING:
        parts = (seen.find([thinking], ("text", "strings")), seen.find([answer], ("text",)))
        if all(parts):
            return parts
    if instances := seen.find([names.INSTANCES], ("pairs",)):
        return (instances,)
    for name in names.RESPONSES:
        own = seen.find([name], (*_ANSWERS, "strings"))
        if not own or own in taken:
            continue
        if seen.kinds[own] == "strings" and len(seen.value[own]) > 1:
            continue  # several texts, and nothing says which is the answer
        if seen.kinds[own] == "messages" and seen.is_asked(own):
            continue
        return (own,)
    return ()


def _weak_conversation(seen: Seen) -> FieldMap | None:
    """Turns under a name that says little: texts that alternate; or messages under any name that end with an answer."""
    if name := seen.find(names.STRINGS, ("strings",)):
        return FieldMap(messages=name)
    held = [
        name
        for name, kind in seen.kinds.items()
        if kind in ("messages", "tree") and seen.is_asked(name) and seen.is_answered(name)
    ]
    return FieldMap(messages=held[0]) if len(held) == 1 else None


def is_single_message(value: dict[str, Any]) -> bool:
    """Whether a record is one message of a conversation."""
    said = str(value.get(role_key(value))).lower()
    return is_message(value) and (said in ROLES or said == "system")


def _text(seen: Seen) -> FieldMap | None:
    """A text alone, or a conversation with marks in one."""
    if marked := seen.find(names.TEXTS, ("marked",)):
        return FieldMap(messages=marked)
    if is_single_message(seen.value):
        return None
    text = seen.find(names.TEXTS, ("text",))
    return FieldMap(response=(text,)) if text else None


def _sources(value: dict[str, Any]) -> Iterator[str]:
    for name, held in value.items():
        if isinstance(held[0] if isinstance(held, list) and len(held) == 1 else held, str):
            yield name


def _by(wanted: Sequence[str], seen: Iterable[str]) -> list[str]:
    """Return the names seen that are wanted, in the order of the wanted ones."""
    own = {name.lower(): name for name in seen}
    return [own[name] for name in wanted if name in own]
