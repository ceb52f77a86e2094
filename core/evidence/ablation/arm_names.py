"""Arms as people write them: "kmq", "kmeans-random:quota=isolation", "random:500", "version:first". Selects nothing."""

import dataclasses
from typing import Any

from ...base.budget import checked_budget
from ...base.errors import CurationError
from ...base.params import check_choice, options_of
from ...selection.method import METHODS
from ...selection.params import SelectionParams

OTHERS = {
    "longest": "The records with the longest responses: quality by length, a baseline hard to beat.",
    "rounds": "Three rounds by the proxy: cluster weights refined by its feedback.",
}
ARMS = tuple(name for name, method in METHODS.items() if not method.is_banded) + tuple(OTHERS)
FORMS = f"{', '.join(ARMS)}, a method with options as in kmq:quota=equal,alpha=0.3, or version:NAME"
_OWN = ("budget", "method", "seed", "tokenizer")  # the same for all arms of an ablation
_TRUE_FALSE = {"true": True, "yes": True, "false": False, "no": False}


@dataclasses.dataclass(frozen=True)
class Arm:
    """An arm of an ablation. text: as it was written, its name everywhere. method: of METHODS, or one of OTHERS, or "version".

    version: its name, where it is one. size: of "random:500", the budget in place of the ablation's. options: of SelectionParams.
    """

    text: str
    method: str
    version: str = ""
    size: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def is_random(self) -> bool:
        """Whether it is the baseline: "random", or "random:N" of as much as a version has."""
        return self.method == "random" and not self.options

    def asked(self, budget: str, seed: int, tokenizer: str = "") -> SelectionParams:
        """Return it as a selection's params; of rounds those that a round draws by. Raises CurationError."""
        method = {"longest": "quality", "rounds": "kmq"}.get(self.method, self.method)
        return SelectionParams(
            budget=self.size or budget, method=method, seed=seed, tokenizer=tokenizer, **dict(self.options)
        )


def arms_of(text: str) -> tuple[str, ...]:
    """Return the arms of "random,kmq:quota=equal,alpha=0.3,longest": what sets an option belongs to the arm before it."""
    arms: list[str] = []
    for part in (piece.strip() for piece in text.split(",")):
        name, equals, _ = part.partition("=")
        if equals and ":" not in name and arms and ":" in arms[-1]:
            arms[-1] += f",{part}"
        else:
            arms.append(part)
    return tuple(arms)


def parse_arm(text: str) -> Arm:
    """Return an arm. Raises CurationError, naming what there is."""
    method, _, rest = (piece.strip() for piece in text.partition(":"))
    if method == "version":
        return Arm(text, method, version=rest)
    if method not in ARMS:
        check_choice("a method to compare", text if not rest else method, ARMS)
    if method == "random" and rest and "=" not in rest:
        return Arm(text, method, size=checked_budget(rest, tokens=True))
    if rest and method == "rounds":
        raise CurationError(f"{text} can't be compared: rounds takes no options here; give rounds.")
    return Arm(text, method, options=_options(text, rest) if rest else ())


def _options(text: str, rest: str) -> tuple[tuple[str, Any], ...]:
    there = {name: about for name, about in options_of(SelectionParams).items() if name not in _OWN}
    names = {about.stored: name for name, (_, about) in there.items() if about.stored} | {name: name for name in there}
    found: dict[str, Any] = {}
    for part in rest.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        name = name.replace("-", "_")
        if not equals or name not in names:
            raise CurationError(
                f"{text} can't be compared: {part!r} sets no option; write METHOD:name=value, with a name of {', '.join(there)}."
            )
        if names[name] in found:
            raise CurationError(f"{text} can't be compared: it gives {name} twice; leave one out.")
        field, about = there[names[name]]
        found[names[name]] = tuple(value.split(";")) if about.many else _value(text, name, value, field.type)
    return tuple(found.items())


def _value(text: str, name: str, value: str, kind: type) -> Any:
    """Return an option's value from its text. kind: of the field."""
    if kind is bool:
        if value.lower() not in _TRUE_FALSE:
            raise CurationError(f"{text} can't be compared: {name} is {value!r}; it must be true or false.")
        return _TRUE_FALSE[value.lower()]
    try:
        return kind(value) if kind in (int, float) else value
    except ValueError as error:
        raise CurationError(f"{text} can't be compared: {name} is {value!r}; it must be a number.") from error
