"""What every params dataclass shares: a key, a plain form, options that say and check what is allowed. Holds no stage's own."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection
from typing import Any, Self

import numpy as np

from .errors import CurationError


@dataclasses.dataclass(frozen=True)
class Option:
    """What a field of params is: said in help texts, checked in values, and what the command line and plain forms are made from.

    help: a few words, without the default. label: its name on a page. more: what a page says of it beside that, where help is
    too short. choices: the values allowed, a mapping says what each means. least, most: of a number. step: by which a page moves
    it. flag: on the command line, where it is not "--" and the name; None where it is not set there. also: a flag of before.
    parse: a text of the command line to the value, where its type does not. usual: the default in words, where the value says
    little. many: it may be given several times, and its value is a tuple. stored: the name in the plain form, where that was
    another once. added: it came later; at its default the plain form leaves it out, so that keys of before still hold.
    """

    help: str = ""
    label: str = ""
    more: str = ""
    choices: Collection[str] | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None
    flag: str | None = ""
    also: str = ""
    parse: Callable[[str], Any] | None = None
    usual: str = ""
    many: bool = False
    stored: str = ""
    added: bool = False


def option(default: Any, help: str, **about: Any) -> Any:
    """Return a dataclass field with an Option. about: the rest of `Option`."""
    return dataclasses.field(default=default, metadata={"option": Option(help, **about)})


def options_of(kind: "type[Params]") -> dict[str, tuple[dataclasses.Field, Option]]:
    """Return {name: (field, option)} of the fields that have one, in order."""
    fields = dataclasses.fields(kind)
    return {field.name: (field, field.metadata["option"]) for field in fields if "option" in field.metadata}


@dataclasses.dataclass(frozen=True)
class Params:
    """Base of the frozen params of a stage. Two equal params give the same key on any machine.

    Raises CurationError for a value that its field's option does not allow.
    """

    def __post_init__(self) -> None:
        for name, (field, allowed) in options_of(type(self)).items():
            check_option(name, getattr(self, name), field.type, allowed)

    def as_dict(self) -> dict[str, Any]:
        """Return the params as JSON-ready values."""
        values, kept = dataclasses.asdict(self), {}
        for field in dataclasses.fields(self):
            about = field.metadata.get("option", Option())
            if not (about.added and values[field.name] == field.default):
                kept[about.stored or field.name] = values[field.name]
        return kept

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build params from `as_dict`'s values. Raises CurationError for a name that is not a parameter."""
        known = {field.name: field.name for field in dataclasses.fields(cls)}
        known |= {about.stored: name for name, (_, about) in options_of(cls).items() if about.stored}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise CurationError(
                f"{cls.__name__} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            )
        return cls(**{known[name]: value for name, value in values.items()})


def check_option(name: str, value: Any, kind: type, allowed: Option) -> None:
    """Raise CurationError, with `name`, unless the value is what the option of a field of type `kind` allows."""
    if allowed.choices is not None:
        check_choice(name, value, tuple(allowed.choices))
    elif kind is int and allowed.least is not None:
        check_count(name, value, int(allowed.least))
    elif (allowed.least, allowed.most) == (0, 1):
        check_share(name, value)
    elif allowed.least is not None:
        check_at_least(name, value, allowed.least)


def digest(*parts: Any) -> str:
    """Return 16 hex digits that depend on every part. `parts` are JSON-ready values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rows_digest(rows: np.ndarray) -> str:
    """Return 64 hex digits that depend on row ids and their order. rows: (m,) int."""
    return hashlib.sha256(np.asarray(rows, "<i8").tobytes()).hexdigest()


def codes_digest(codes: np.ndarray) -> str:
    """Return 16 hex digits that depend on every code. codes: (n,) int8 or uint8; made for a million in a millisecond."""
    return hashlib.blake2b(codes.tobytes(), digest_size=8).hexdigest()


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise CurationError unless `value` is one of `allowed`."""
    if value not in allowed:
        raise CurationError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")


def check_count(name: str, value: int, least: int) -> None:
    """Raise CurationError unless `value` is a whole number and at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise CurationError(f"{name} is {value!r}; it must be a whole number of at least {least}.")


def check_share(name: str, value: float) -> None:
    """Raise CurationError unless `value` is a number from 0 to 1."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise CurationError(f"{name} is {value!r}; it must be a number from 0 to 1.")


def check_at_least(name: str, value: float, least: float) -> None:
    """Raise CurationError unless `value` is a number and at least `least`."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value < float("inf"):
        raise CurationError(f"{name} is {value!r}; it must be a finite number of at least {least}.")
