"""Access: who may do what where people sign in. The only place that knows the roles, and what decides at every write.

Nothing asks where nobody signs in: on the command line, in a job (whoever started it was asked), in the app without a file of
roles. The app's server says by `sign_in` how to tell who acts; from then on `require` reads the file of roles anew each time,
so that somebody taken off it is out at once, whatever the browser's cookie says.
"""

import contextlib
import contextvars
import dataclasses
import functools
import json
import os
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from .errors import CurationError

P = ParamSpec("P")
R = TypeVar("R")

READ, DECIDE, RUN, IMPORT, EXPORT, DELETE = "read", "decide", "run", "import", "export", "delete"
ACTIONS = {
    READ: "see everything: records, map, clusters, scores, decisions",
    DECIDE: "pin, drop, weight, edit, rename, merge, split, undo, replay a log, name a pick or a version",
    RUN: "start and cancel jobs, make a selection current",
    IMPORT: "open data: a file, several, the sample, a data set on a hub",
    EXPORT: "save, download or push a selection, a version, a report, a round or the log of decisions",
    DELETE: "delete what others kept: named picks",
}
ROLES = {
    "viewer": (READ,),
    "curator": (READ, DECIDE, RUN),
    "admin": (READ, DECIDE, RUN, IMPORT, EXPORT, DELETE),
}
NO_ROLE = "none"  # for somebody who is in a group and is to stay out
VARIABLE = "WINNOW_ROLES"
_KEYS = {"people", "groups", "groups_claim", "hours"}


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who signed in, as the provider tells it. sub: their key there, which never changes.

    claims: all that the provider says of them. at: when they signed in, in seconds since 1970.
    """

    sub: str
    claims: dict[str, Any] = dataclasses.field(default_factory=dict, compare=False)
    at: float = 0.0


@dataclasses.dataclass(frozen=True)
class Roles:
    """A file of roles. people: {sub: role}. groups: {group: role}. hours: for how long a sign-in counts."""

    people: dict[str, str]
    groups: dict[str, str]
    groups_claim: str = "groups"
    hours: float = 12.0

    def role_of(self, person: Person) -> str:
        """Return somebody's role, by their sub or else the greatest of their groups'; "" where they have none."""
        if person.sub in self.people:
            return self.people[person.sub].replace(NO_ROLE, "")
        claimed = person.claims.get(self.groups_claim, [])
        mine = [claimed] if isinstance(claimed, str) else claimed if isinstance(claimed, list | tuple) else []
        held = {self.groups.get(group, "") for group in mine if isinstance(group, str)}
        return next((role for role in reversed(ROLES) if role in held), "")


_ask: Callable[[], Person | None] | None = None
_acting: contextvars.ContextVar[Person | None] = contextvars.ContextVar("acting")


def sign_in(ask: Callable[[], Person | None] | None) -> None:
    """Say how to tell who acts: from now on people must have signed in. None: nobody must (as at the beginning)."""
    global _ask
    _ask = ask


def is_on() -> bool:
    """Whether people must sign in."""
    return _ask is not None


def person() -> Person | None:
    """Return who acts; None where nobody signed in."""
    return _acting.get(None) or (_ask() if _ask is not None else None)


def signed(who: str) -> str:
    """Return by what name something is written down: the sub of who signed in, else `who`."""
    acting = person() if is_on() else None
    return acting.sub if acting is not None else who


@contextlib.contextmanager
def acting(who: Person | None) -> Iterator[None]:
    """Let somebody act in this block, as where work goes on in another thread than theirs."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


def as_now(do: Callable[P, R]) -> Callable[P, R]:
    """Return `do`, done later on behalf of who acts now; whether they may, is asked then."""
    if not is_on():
        return do
    who = person()

    def later(*arguments: P.args, **named: P.kwargs) -> R:
        with acting(who):
            return do(*arguments, **named)

    return later


def role() -> str:
    """Return the role of who acts, as the file has it now; "" where they have none or nobody signed in.

    Raises CurationError where the file can't be read, or the sign-in is too old.
    """
    who = person()
    if who is None:
        return ""
    roles = read_roles()
    if time.time() - who.at > roles.hours * 3600:
        raise CurationError(f"You signed in more than {roles.hours:g} hours ago; sign out, and sign in again.")
    return roles.role_of(who)


def require(action: str) -> None:
    """Raise CurationError unless who acts may do this, one of ACTIONS."""
    if is_on() and (why := why_not(action)):
        raise CurationError(why)


def why_not(action: str) -> str:
    """Return why who acts may not do this; "" where they may."""
    if not is_on():
        return ""
    if person() is None:
        return "Nobody is signed in; sign in first."
    try:
        held = role()
    except CurationError as error:
        return str(error)
    if action in ROLES.get(held, ()):
        return ""
    may = " or ".join(name for name, actions in ROLES.items() if action in actions)
    who = f"Your role is {held}" if held else "You have no role here"
    return f"{who}; it takes {may} to {action}. Whoever runs this server gives roles."


def roles_path() -> Path | None:
    """Return the file of roles that the environment names, None where it names none."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named).expanduser() if named else None


def read_roles() -> Roles:
    """Read the file of roles. Raises CurationError where there is none, or it holds what it should not."""
    path = roles_path()
    if path is None:
        raise CurationError(f"No file of roles is named; set {VARIABLE} to its path.")
    try:
        state = path.stat()
        return _read_roles(path, (state.st_ino, state.st_mtime_ns, state.st_size))
    except (OSError, ValueError) as error:
        raise CurationError(f"{path}, the file of roles, can't be read ({error}); write it as TOML or JSON.") from error


@functools.lru_cache(maxsize=4)
def _read_roles(path: Path, state: tuple[int, int, int]) -> Roles:
    """Read the file as it is in this state of it: every button of a page asks."""
    text = path.read_text(encoding="utf-8")
    return _checked(path, json.loads(text) if path.suffix == ".json" else tomllib.loads(text))


def _checked(path: Path, held: Any) -> Roles:
    if not isinstance(held, dict) or not held.keys() <= _KEYS:
        raise CurationError(f"{path} may hold {', '.join(sorted(_KEYS))} and nothing else.")
    allowed = (*ROLES, NO_ROLE)
    for part in ("people", "groups"):
        given = held.get(part, {})
        if not isinstance(given, dict) or not all(isinstance(each, str) and each in allowed for each in given.values()):
            raise CurationError(f'{path}: {part} is a table of "key" = "role", a role one of {", ".join(allowed)}.')
    hours, claim = held.get("hours", Roles.hours), held.get("groups_claim", Roles.groups_claim)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not hours > 0 or not isinstance(claim, str):
        raise CurationError(f"{path}: hours is a number above 0, groups_claim a text.")
    return Roles(held.get("people", {}), held.get("groups", {}), claim, float(hours))
