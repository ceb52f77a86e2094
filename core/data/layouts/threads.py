"""Threads: a table of messages, each with the id of the one it replies to, becomes trees, the best-ranked reply first.

Input -> output: the lines of a root, of two replies with ranks 1 and 0, and of a reply to one of them give one entry,
`{"message_tree_id": …, "prompt": {…the root, "replies": [{…rank 0…}, {…rank 1…}]}}`, every message in its own bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from .holding import role_key, text_key
from .structures import reply_order

Entry = tuple[int, bytes, dict[str, Any] | None, str]  # as of `readers`
_DEEPEST = 250  # replies to replies; JSON that is nested deeper can't be read


def is_message_table(values: Sequence[dict[str, Any]]) -> bool:
    """Whether records are messages that name their parents."""
    return bool(values) and all(
        "parent_id" in value
        and "message_id" in value
        and "replies" not in value
        and text_key(value)
        and role_key(value)
        for value in values
    )


def as_trees(entries: Iterable[Entry], reject: Callable[[Entry, str], None]) -> Iterator[Entry]:
    """Yield an entry a tree, where its first message stands; all messages are held in memory till then.

    reject: told of every message that is none, or whose thread has no beginning in the file.
    """
    held: dict[str, Entry] = {}
    replies: dict[str, list[str]] = {}
    roots = []
    for entry in entries:
        value = entry[2]
        if value is None or not isinstance(value.get("message_id"), str):
            reject(entry, entry[3] or "no message_id")
            continue
        name, parent = value["message_id"], value.get("parent_id")
        if name in held:
            reject(entry, f"its message_id {name} comes twice")
            continue
        held[name] = entry
        if parent:
            replies.setdefault(parent, []).append(name)
        else:
            roots.append(name)
    placed: set[str] = set()
    for root in roots:
        yield _tree(root, held, replies, placed, reject)
    for name, entry in held.items():
        if name not in placed:
            reject(
                entry,
                f"the message that it replies to, {entry[2]['parent_id']}, is not in the file, or is not in a thread",
            )


def _tree(
    root: str,
    held: dict[str, Entry],
    replies: dict[str, list[str]],
    placed: set[str],
    reject: Callable[[Entry, str], None],
) -> Entry:
    """Return a tree's entry. Replies that lie too deep are rejected."""
    order, waiting = [], [(root, 0)]
    while waiting:
        name, depth = waiting.pop()
        placed.add(name)
        if depth > _DEEPEST:
            reject(held[name], f"more than {_DEEPEST} replies deep")
            continue
        order.append(name)
        waiting += [(reply, depth + 1) for reply in replies.get(name, ())]
    raws: dict[str, bytes] = {}
    values: dict[str, dict[str, Any]] = {}
    for name in reversed(order):  # replies before what they reply to
        _, raw, value, _ = held[name]
        below = sorted(
            (each for each in replies.get(name, ()) if each in raws), key=lambda each: reply_order(values[each])
        )
        inner = b",".join(raws.pop(each) for each in below)
        raws[name] = raw.rstrip()[:-1].rstrip() + b',"replies":[' + inner + b"]}"
        values[name] = value | {"replies": [values.pop(each) for each in below]}
    place, _, first, _ = held[root]
    about = {key: first[key] for key in ("message_tree_id", "tree_state") if key in first}
    head = orjson.dumps(about)[:-1] + (b"," if about else b"")
    return place, head + b'"prompt":' + raws[root] + b"}", about | {"prompt": values[root]}, ""
