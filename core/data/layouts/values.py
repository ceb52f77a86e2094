"""Values as text: what is no text itself, and the calls of tools."""

from collections.abc import Sequence
from typing import Any

import orjson

from .holding import CALL_KEYS


def calls_text(calls: Sequence[Any]) -> str:
    """Return tool calls as text, a line each: name(arguments)."""
    lines = []
    for call in calls:
        about = call.get("function", call) if isinstance(call, dict) else call
        if not isinstance(about, dict) or not isinstance(about.get("name"), str):
            lines.append(as_text(call))
            continue
        given = next((about[key] for key in CALL_KEYS if about.get(key) is not None), "")
        lines.append(f"{about['name']}({as_text(given)})")
    return "\n".join(lines)


def as_text(value: Any) -> str:
    """Return a value as text: itself, nothing for null, else JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
