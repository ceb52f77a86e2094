"""Structures: the turns inside of what one field holds, whatever its form. Knows no layout, only values.

Input -> output: `[{"from": "human", "value": "Hi"}]` gives the piece user "Hi", named "messages[0]", at ("messages", 0, "value").
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .holding import (
    answer_key,
    decoded,
    is_call,
    is_message,
    is_pair,
    is_tree,
    kind_of,
    order_of,
    pair_keys,
    role_key,
    text_key,
)
from .marks import marked_turns
from .values import as_text, calls_text

ROLES = {
    "human": "user",
    "user": "user",
    "prompter": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "function_call": "tool call",
    "tool_call": "tool call",
    "function": "tool",
    "observation": "tool",
    "ipython": "tool",
    "function_response": "tool",
    "tool_response": "tool",
}
ANSWERING = ("assistant", "tool call")
Path = tuple[str | int, ...]


class UnusableRecord(Exception):
    """Why one record cannot be taken."""


class Piece(NamedTuple):
    """A text of a record. turn: the number of the turn it belongs to. name: of what can be edited. path: () where it can't."""

    role: str
    text: str
    turn: int
    name: str = ""
    path: Path = ()


class Pieces(list[Piece]):
    """Pieces, being found. Each `add_…` reads a structure that lies at `path` and goes by `name`."""

    turn = 0

    def add(self, role: str, text: str, name: str = "", path: Path = ()) -> None:
        """Add a text of the present turn."""
        self.append(Piece(role, text, self.turn, name, path))

    def add_value(self, value: Any, role: str, name: str, path: Path) -> None:
        """Add what a field of a part holds: turns where it has some, else its text."""
        if value is None or value == [] or value == {}:
            return
        if isinstance(value, str):
            inner = decoded(value) if value[:1] == "[" else None
            if inner is not None and kind_of(inner) in ("messages", "answers"):
                self._add_coded(inner, name)
            else:
                self.add(role, value, name, path)
        elif not self._add_turns(value, name, path):
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                for i, item in enumerate(value):
                    self.add(role, item, name if len(value) == 1 else f"{name}[{i}]", (*path, i))
            elif isinstance(value, dict) and _text_in(value):
                self.add_content(role, value[text_key(value)], name, (*path, text_key(value)))
            elif _hides_messages(value):
                raise UnusableRecord(
                    f"{name} holds messages among other things; name the field that holds nothing else"
                )
            else:
                self.add(role, as_text(value))

    def _add_coded(self, inner: Any, name: str) -> None:
        """Add the turns of a JSON text, which are out of reach of an edit."""
        held = len(self)
        self.add_conversation(inner, name, ())
        self[held:] = [piece._replace(name="", path=()) for piece in self[held:]]

    def add_conversation(self, value: Any, name: str, path: Path) -> None:
        """Add the turns of a field that holds a conversation. Raises UnusableRecord where it holds none."""
        if isinstance(value, str):
            inner = decoded(value)
            if inner is not None:
                self._add_coded(inner, name)
                return
            turns = marked_turns(value)
            if not turns:
                raise UnusableRecord(f"{name} is text without turns in it, not a list of turns")
            for role, text in turns:
                self.add(role, text)
                self.turn += 1
            return
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            for i, item in enumerate(value):
                self.add("assistant" if i % 2 else "user", item, f"{name}[{i}]", (*path, i))
                self.turn += 1
        elif not self._add_turns(value, name, path):
            raise UnusableRecord(f"{name} is not a list of turns")

    def _add_turns(self, value: Any, name: str, path: Path) -> bool:
        """Add the turns of a list or an object; return whether it has any."""
        if isinstance(value, dict):
            if is_tree(value):
                self.add_thread(value, name, path)
            elif is_message(value):
                self.add_message(value, name, path)
            else:
                return False
            return True
        if not isinstance(value, list) or not value:
            return False
        if all(isinstance(item, dict) for item in value):
            if role_key(value[0]) or any(map(role_key, value)):
                for i, item in enumerate(value):
                    self.add_message(item, f"{name}[{i}]", (*path, i))
            elif all(map(pair_keys, value)):
                for i, item in enumerate(value):
                    asked, answered = pair_keys(item)
                    self._add_pair(item, asked, answered, f"{name}[{i}].", (*path, i))
            elif all(answer_key(item) and (order_of(item) or len(value) == 1) for item in value):
                self.add_best(value, name, path)
            elif all(map(is_call, value)):
                self.add("tool call", calls_text(value))
            else:
                return False
            return True
        if all(isinstance(item, list) and is_pair(item) for item in value):
            for i, item in enumerate(value):
                self._add_pair(item, 0, 1, f"{name}[{i}]", (*path, i))
            return True
        return False

    def _add_pair(self, item: Any, asked: str | int, answered: str | int, name: str, path: Path) -> None:
        for role, key in (("user", asked), ("assistant", answered)):
            self.add(role, item[key] or "", f"{name}{key}" if isinstance(key, str) else f"{name}[{key}]", (*path, key))
            self.turn += 1

    def add_message(self, message: dict[str, Any], name: str, path: Path) -> None:
        """Add a message: its text or parts of text, and its tool calls."""
        said = message.get(role_key(message))
        role, key = ROLES.get(str(said).lower(), str(said).lower()), text_key(message)
        if key:
            self.add_content(role, message[key], name, (*path, key))
        called = message.get("tool_calls") or ([message["function_call"]] if message.get("function_call") else [])
        if called and isinstance(called, list):
            self.add("tool call", calls_text(called))
        self.turn += 1

    def add_content(self, role: str, content: Any, name: str, path: Path) -> None:
        """Add what a message says: a text, or parts, as in {"type": "text", "text": ...}; others than texts and calls are not."""
        if isinstance(content, str):
            self.add(role, content, name, path)
            return
        if not isinstance(content, list):
            self.add(role, as_text(content))
            return
        for i, part in enumerate(content):
            if isinstance(part, str):
                self.add(role, part, f"{name}[{i}]", (*path, i))
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                self.add(role, part["text"], f"{name}[{i}]", (*path, i, "text"))
            elif isinstance(part, dict):
                self._add_part(part)

    def _add_part(self, part: dict[str, Any]) -> None:
        called = (
            part.get("functionCall") or part.get("function_call") or (part if part.get("type") == "tool_use" else None)
        )
        told = part.get("functionResponse") or part.get("function_response")
        if isinstance(called, dict):
            self.add("tool call", calls_text([called]))
        elif told is not None:
            self.add("tool", as_text(told))
        elif part.get("type") == "tool_result":
            self.add("tool", as_text(part.get("content")))

    def add_best(self, answers: Sequence[dict[str, Any]], name: str, path: Path) -> None:
        """Add the best of several answers, the first of equals."""
        ranks = [order_of(item) for item in answers]
        best = min(range(len(answers)), key=lambda i: (ranks[i] or ("", 0))[1])
        key = answer_key(answers[best])
        self.add("assistant", answers[best][key], f"{name}[{best}].{key}", (*path, best, key))

    def add_thread(self, node: dict[str, Any], name: str, path: Path) -> None:
        """Add the thread of a tree in which every reply is the best-ranked one that was not deleted."""
        if node.get("deleted"):
            raise UnusableRecord(f"{name} was deleted")
        while True:
            self.add_message(node, name, path)
            replies = [i for i, reply in enumerate(node.get("replies") or ()) if not reply.get("deleted")]
            if not replies:
                return
            best = min(replies, key=lambda i: reply_order(node["replies"][i]))
            node, name, path = node["replies"][best], f"{name}.replies[{best}]", (*path, "replies", best)


def reply_order(reply: dict[str, Any]) -> float:
    """Return what replies are sorted by: their rank, those without one last."""
    rank = reply.get("rank")
    return float(rank) if isinstance(rank, int | float) and not isinstance(rank, bool) else float("inf")


def _hides_messages(value: Any) -> bool:
    """Whether a list or an object has messages in it, beside other things or a step deeper."""
    items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return any(is_message(item) or (isinstance(item, list) and any(map(is_message, item))) for item in items)


def _text_in(value: dict[str, Any]) -> bool:
    """Whether an object is a text with something about it, as Gemini's {"parts": [{"text": ...}]}."""
    key = text_key(value)
    return bool(key) and isinstance(value[key], str if key != "parts" else list)
