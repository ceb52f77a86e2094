"""What every stage's params dataclass shares: a key, a plain form, checked values. Holds no stage's own params."""

import dataclasses
import hashlib
import json
from typing import Any, ClassVar, Self

import numpy as np

from core.errors import CurationError


@dataclasses.dataclass(frozen=True)
class Params:
    """Base of the frozen params of a stage. Two equal params give the same key on any machine.

    added: fields that came later. At their default `as_dict` leaves them out, so that keys of before still hold.
    """

    added: ClassVar[tuple[str, ...]] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the params as JSON-ready values."""
        values = dataclasses.asdict(self)
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: v for name, v in values.items() if name not in self.added or v != defaults[name]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build params from `as_dict`'s values. Raises CurationError for a name that is not a parameter."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise CurationError(
                f"{cls.__name__} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            )
        return cls(**values)


def digest(*parts: Any) -> str:
    """Return 16 hex digits that depend on every part. `parts` are JSON-ready values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rows_digest(rows: np.ndarray) -> str:
    """Return 64 hex digits that depend on row ids and their order. rows: (m,) int."""
    return hashlib.sha256(np.asarray(rows, "<i8").tobytes()).hexdigest()


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
