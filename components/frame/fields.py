"""Plain forms from params: one widget a field, with the label, help, limits and choices that its option has."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.charts.escaping import as_markdown
from core.base.params import Option, Params, options_of

_MOST = {int: 2**31 - 1, float: 100.0}


def field(place: Any, last: Params, name: str, key: str | None = None, **more: Any) -> Any:
    """Draw the widget of one field of `last`, which holds what it shows first, in `place`; return the value.

    more: passed to the widget, in place of what the option says. Of a choice: choices (those that can be taken now), words
    ({choice: how it is shown}) and wide (all of them shown, with what each means).
    """
    about, kind = options_of(type(last))[name]
    value = more.pop("value", getattr(last, name))
    common = {"label": kind.label or name, "key": key, "help": kind.more or None} | more
    if kind.choices is not None:
        return _choice(place, kind, value, common)
    if about.type is bool:
        return place.toggle(value=value, **common)
    if about.type in (int, float):
        return _number(place, about.type, kind, value, common)
    return place.text_input(value=value, **common).strip()


def _choice(place: Any, kind: Option, value: str, common: dict[str, Any]) -> str:
    choices: Sequence[str] = list(common.pop("choices", kind.choices))
    words: Mapping[str, str] = common.pop("words", {})
    common |= {
        "options": choices,
        "index": choices.index(value) if value in choices else 0,
        "format_func": lambda choice: words.get(choice, choice),
    }
    if not common.pop("wide", False):
        return place.selectbox(**common)
    means = kind.choices if isinstance(kind.choices, Mapping) else {}
    return place.radio(captions=[as_markdown(_meaning(means[c])) for c in choices] if means else None, **common)


def _meaning(choice: Any) -> str:
    return choice if isinstance(choice, str) else choice.help


def _number(place: Any, number: type, kind: Option, value: float, common: dict[str, Any]) -> float:
    least, most = number(kind.least or 0), number(_MOST[number] if kind.most is None else kind.most)
    if number is float and (kind.least, kind.most) == (0, 1):
        return float(place.slider(min_value=least, max_value=most, value=value, step=kind.step, **common))
    # What was set elsewhere, by the command line, may lie above.
    limits = {"min_value": least, "max_value": max(most, value), "step": kind.step and number(kind.step)}
    return number(place.number_input(value=value, **limits | common))
