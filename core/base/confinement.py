"""Confinement: where a server that others use reads and writes. The only place that decides it, for every path that a person gives.

It is the environment that says so, and jobs inherit it: see `confine`. Where nothing was said, as on the command line and in
an app on one's own computer, every path is allowed. Symbolic links are resolved first.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from .errors import CurationError
from .given_path import given_path

READING, WRITING, QUOTA = "WINNOW_DATA_ROOTS", "WINNOW_EXPORT_ROOT", "WINNOW_UPLOAD_QUOTA"
_ON = "WINNOW_CONFINED"
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_USUAL_QUOTA = "20GB"


def home() -> Path:
    """Return the folder that holds the workspaces: $WINNOW_HOME, or `workspaces`."""
    return Path(os.environ.get("WINNOW_HOME", "workspaces"))


def is_confined() -> bool:
    """Whether paths are checked at all."""
    return os.environ.get(_ON) == "1"


def confine(always: Iterable[Path] = ()) -> None:
    """Confine this process and those that it starts, to the roots that the environment names. always: also read, as the sample.

    By default read are the home of workspaces and the folder that this was started in, and written the home alone.
    Raises CurationError for a root that is not there, or a quota that is none.
    """
    named = [part for part in os.environ.get(READING, "").split(os.pathsep) if part.strip()]
    export = os.environ.get(WRITING, "").strip()
    reading = [_root(each, READING) for each in named] or [Path.cwd()]
    writing = [_root(export, WRITING)] if export else []
    upload_quota()
    own = home().expanduser().resolve()
    os.environ["WINNOW_HOME"] = str(own)
    os.environ[READING] = os.pathsep.join(dict.fromkeys(map(str, [own, *reading, *writing, *always])))
    os.environ[WRITING] = str(writing[0]) if writing else ""
    os.environ[_ON] = "1"


def _root(text: str, variable: str) -> Path:
    path = Path(text.strip()).expanduser().resolve()
    if not path.is_dir():
        raise CurationError(f"{variable} names {path}, which is not a folder; make it, or name another.")
    return path


def reading_roots() -> list[Path]:
    """Return what may be read: folders with all below them, and single files."""
    return [Path(part).resolve() for part in os.environ.get(READING, "").split(os.pathsep) if part]


def writing_roots() -> list[Path]:
    """Return the folders that may be written to, with all below them."""
    export = os.environ.get(WRITING, "")
    return [home().resolve(), *([Path(export).resolve()] if export else [])]


def check_reading(path: Path | str) -> Path:
    """Return the path, resolved where this is confined. Raises CurationError where it lies outside of what may be read."""
    if not is_confined():
        return Path(path)
    found = _resolved(path)
    if not _is_within(found, reading_roots()):
        raise CurationError(
            f"{path} lies outside of the folders that this server reads; move it into one of them, or let whoever runs the "
            f"server add {found.parent} to {READING}. It reads {_listed(reading_roots())}."
        )
    return found


def check_model(name: str) -> str:
    """Return the name of a model. Raises CurationError where it is that of a folder or file that may not be read."""
    if is_confined() and given(name).exists():  # else it is a name on a hub
        check_reading(given(name))
    return name


def check_writing(path: Path | str) -> Path:
    """Return the path, resolved where this is confined. Raises CurationError where it lies outside of what may be written to."""
    if not is_confined():
        return Path(path)
    found = _resolved(path)
    if not _is_within(found, writing_roots()):
        raise CurationError(
            f"{path} lies outside of the folders that this server writes to; name a path in one of them, or let whoever runs "
            f"the server set {WRITING} to {found.parent}. It writes to {_listed(writing_roots())}."
        )
    return found


def may_write(path: Path) -> bool:
    """Whether `check_writing` lets a path through."""
    return not is_confined() or _is_within(_resolved(path), writing_roots())


def given(text: str) -> Path:
    """Return the path that somebody wrote, with ~ as their home. Raises CurationError for one that is none."""
    return given_path(text)


def given_to_read(text: str) -> Path:
    """Return a path that somebody wrote to be read. Raises CurationError where it may not be."""
    return check_reading(given(text))


def given_to_write(text: str) -> Path:
    """Return a path that somebody wrote to be written; a name alone goes to the export root, where there is one.

    Raises CurationError where it may not be.
    """
    path = given(text)
    if is_confined() and not path.is_absolute():
        path = writing_roots()[-1] / path
    return check_writing(path)


def upload_quota() -> int:
    """Return how many bytes all that was uploaded may take. Raises CurationError for a setting that is no size."""
    text = os.environ.get(QUOTA, "").strip() or _USUAL_QUOTA
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)", text, re.IGNORECASE)
    if found is None:
        raise CurationError(f"{QUOTA} is {text!r}; write a size, as in 500MB, 20GB or 1TB.")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def check_upload(n_bytes: int) -> None:
    """Raise CurationError where so many bytes more would be above the quota of the workspaces' home together."""
    if not is_confined():
        return
    held = sum(path.stat().st_size for path in home().glob("*/uploads/**/*") if path.is_file())
    if held + n_bytes > upload_quota():
        raise CurationError(
            f"This file of {n_bytes / 10**6:,.1f} MB would take what was uploaded here above {upload_quota() / 10**6:,.0f} MB; "
            f"let whoever runs the server make room, or raise {QUOTA}."
        )


def _resolved(path: Path | str) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise CurationError(f"{str(path)[:200]!r} is not the path of a file ({error}); write another.") from error


def _is_within(path: Path, roots: list[Path]) -> bool:
    return any(path == root or root in path.parents for root in roots)


def _listed(roots: list[Path]) -> str:
    return ", ".join(map(str, (root for root in roots if not root.is_file())))
