"""A record as the reader's page gets it: plain data of texts, cut into turns and blocks. Draws nothing, decides nothing."""

from typing import Any

import orjson

from components.records.as_rendered import rendered
from components.records.as_written import blocks_of, is_long
from core.data.fields import FieldMap
from core.data.layouts.reading import texts_of, turns_of
from core.data.layouts.structures import UnusableRecord

MOST_SENT = 20_000  # characters of a turn that are sent before somebody asks for the rest
_ROLES = {"user": "Prompt", "assistant": "Response", "system": "System"}


def turns_in(record: dict[str, Any], fields: FieldMap) -> list[tuple[str, str]]:
    """Return a record's turns as (role, text), system prompts and tool calls among them. Empty ones are left out."""
    try:
        turns = turns_of(orjson.loads(record["raw"]), fields)
    except (UnusableRecord, orjson.JSONDecodeError):
        turns = []
    turns = turns or [("user", record["prompt"]), ("assistant", record["response"])]
    return [(role, text) for role, text in turns if text]


def corrected(record: dict[str, Any], raw: str, fields: FieldMap) -> dict[str, Any]:
    """Return a record as somebody has corrected it. raw: its JSON since."""
    prompt, response, _ = texts_of(orjson.loads(raw), fields)
    return record | {"raw": raw, "prompt": prompt, "response": response}


def turn_view(role: str, text: str, mode: str, whole: bool) -> dict[str, Any]:
    """Return a turn for the page. mode: "written" or "rendered". whole: send all of it, however long.

    kind: of its look, "user", "assistant", "system" or "other". n: characters in all. long: whether it is folded.
    more: whether only its beginning is sent.
    """
    sent = text if whole else text[:MOST_SENT]
    tree = rendered(sent) if mode == "rendered" else None
    return {
        "kind": role if role in _ROLES else "other",
        "name": _ROLES.get(role, role),
        "n": len(text),
        "long": is_long(text),
        "more": len(sent) < len(text),
        "blocks": blocks_of(sent) if tree is None else [{"kind": "tree", "tree": tree}],
    }
