"""What a field holds, by its structure alone: text, turns of some form, answers with ranks. Knows no field's name.

Input -> output: `[{"from": "human", "value": "Hi"}]` is "messages", `["Hi", "Hello"]` is "strings", `"### Human: Hi"` "marked".
"""

from typing import Any

import orjson

from ..bounds import too_deep
from .marks import is_marked

ROLE_KEYS = ("role", "from", "speaker")
TEXT_KEYS = ("content", "value", "text", "parts")
PAIR_KEYS = (
    ("input", "output"),
    ("human", "assistant"),
    ("user", "assistant"),
    ("question", "answer"),
    ("prompt", "response"),
    ("query", "response"),
    ("instruction", "output"),
)
ANSWER_KEYS = ("answer", "response", "completion", "output", "text", "content", "value")
RANK_KEYS = ("rank", "ranking")  # the lower the better
SCORE_KEYS = (
    "overall_score",
    "score",
    "fine-grained_score",
    "rating",
    "average_rating",
    "reward",
    "pm_score",
)  # higher
CALL_KEYS = ("arguments", "args", "parameters", "input")

KINDS = {
    "nothing": "nothing",
    "text": "text",
    "marked": "text with turns marked in it",
    "messages": "a list of messages",
    "strings": "a list of texts",
    "pairs": "a list of pairs",
    "answers": "answers with a rank or score",
    "calls": "tool calls",
    "tree": "a tree of replies",
    "object": "an object",
    "number": "a number",
    "list": "a list",
}
_CODED = ("messages", "pairs", "answers", "calls", "tree")  # kinds that are told inside of a JSON text too


def kind_of(value: Any) -> str:
    """Return what a value is, one of KINDS."""
    if value is None or value == "" or value == [] or value == {}:
        return "nothing"
    if isinstance(value, str):
        inner = decoded(value)
        if inner is not None and (kind := kind_of(inner)) in _CODED:
            return kind
        return "marked" if is_marked(value) else "text"
    if isinstance(value, list):
        return _kind_of_list(value)
    if isinstance(value, dict):
        return "tree" if is_tree(value) else "messages" if is_message(value) else "object"
    return "number"


def _kind_of_list(value: list[Any]) -> str:
    if all(isinstance(item, str) for item in value):
        return "strings"
    if all(isinstance(item, list) and is_pair(item) for item in value):
        return "pairs"
    if not all(isinstance(item, dict) for item in value):
        return "list"
    if all(map(is_message, value)):
        return "messages"
    for kind, holds in (("pairs", pair_keys), ("answers", order_of), ("calls", is_call)):
        if all(map(holds, value)):
            return kind
    return "list"


def decoded(text: str) -> Any:
    """Return the object or array that a text is as JSON, None where it is none."""
    if text[:1] not in ("[", "{") or text[-1:] not in ("]", "}"):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if too_deep(value, text.count("{") + text.count("[")) else value


def role_key(turn: dict[str, Any]) -> str:
    """Return under which name a message has its role, "" where it has none."""
    for key in ROLE_KEYS:  # no comprehension, for this runs for every turn
        if isinstance(turn.get(key), str):
            return key
    return ""


def text_key(turn: dict[str, Any]) -> str:
    """Return under which name a message has its text, "" where it has none."""
    for key in TEXT_KEYS:
        if key in turn:
            return key
    return ""


def is_message(value: Any) -> bool:
    """Whether a value is a message: a role, with a text or a tool call."""
    if not isinstance(value, dict) or not role_key(value):
        return False
    return bool(text_key(value) or value.get("tool_calls") or value.get("function_call"))


def is_tree(value: dict[str, Any]) -> bool:
    """Whether an object is a message with replies, which have theirs, as OASST's."""
    return isinstance(value.get("replies"), list) and bool(text_key(value)) and bool(role_key(value))


def is_pair(item: list[Any]) -> bool:
    """Whether a list is a prompt and its answer."""
    return len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], str | None)


def pair_keys(item: dict[str, Any]) -> tuple[str, str] | None:
    """Return under which names an object has a prompt and its answer, None where it is no such pair."""
    for keys in PAIR_KEYS:
        if all(isinstance(item.get(key), str) for key in keys):
            return keys
    return None


def answer_key(item: dict[str, Any]) -> str:
    """Return under which name an object has an answer's text, "" where it has none."""
    return next((key for key in ANSWER_KEYS if isinstance(item.get(key), str)), "")


def order_of(item: dict[str, Any]) -> tuple[str, float] | None:
    """Return (name, value) of an answer's rank or score, the lower value the better; None where it has none."""
    if not answer_key(item):
        return None
    for keys, sign in ((RANK_KEYS, 1), (SCORE_KEYS, -1)):
        for key in keys:
            held = item.get(key)
            if isinstance(held, int | float) and not isinstance(held, bool):
                return key, sign * held
    return None


def is_call(item: dict[str, Any]) -> bool:
    """Whether an object is a call of a tool, not its description."""
    return isinstance(item.get("name"), str) and "description" not in item and any(key in item for key in CALL_KEYS)
