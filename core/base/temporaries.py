"""Temporaries: the names of files that are being written, which say whose they are, and what dead processes left of them.

A name tells the machine, the process on it, and when that began. Several machines or containers may share one volume, and a
process's number means nothing on another: only what this machine's own dead processes left is ever removed.
"""

import contextlib
import functools
import glob
import hashlib
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"\..+\.(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-(?P<began>\d+)-[0-9a-f]{8}\.tmp")
_LONGEST = 120  # bytes of the file's own name: a name has 255 at most


def temporary_for(path: Path) -> Path:
    """Return a new name beside `path`, under which it is written until it is whole."""
    pid = os.getpid()
    return path.with_name(f".{_cut(path.name)}.{_machine()}-{pid}-{_began(pid)}-{uuid.uuid4().hex[:8]}.tmp")


def left_behind(folder: Path, name: str = "") -> list[Path]:
    """Return the temporaries in `folder` whose processes, of this machine, are gone. name: only of the file of that name."""
    return [path for path, whose in _temporaries(folder, name) if whose["machine"] == _machine() and not _lives(whose)]


def of_others(folder: Path) -> list[Path]:
    """Return the temporaries in `folder` of other machines: whether their processes are gone can't be told here."""
    return [path for path, whose in _temporaries(folder, "") if whose["machine"] != _machine()]


def sweep_temporaries(folder: Path, name: str = "") -> None:
    """Remove what is `left_behind` in `folder`."""
    for path in left_behind(folder, name):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield a new folder in `parent`, for its maker alone, which is removed at the end, whatever that is.

    What killed processes left of others made under this name is removed first.
    """
    sweep_temporaries(parent, name)
    folder = temporary_for(parent / name)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_running(pid: int) -> bool:
    """Whether a process of that number runs here, whosever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _temporaries(folder: Path, name: str) -> list[tuple[Path, dict[str, str]]]:
    own = glob.escape(_cut(name)) if name else "*"
    found = [(path, _NAME.fullmatch(path.name)) for path in sorted(folder.glob(f".{own}.*.tmp"))]
    return [(path, match.groupdict()) for path, match in found if match]


def _cut(name: str) -> str:
    return os.fsencode(name)[:_LONGEST].decode(errors="ignore")  # a name need not be UTF-8


def _lives(whose: dict[str, str]) -> bool:
    pid, began = int(whose["pid"]), int(whose["began"])
    return is_running(pid) and _began(pid) in (began, 0)  # else another has got its number since


def _began(pid: int) -> int:
    """Return when a process began, in the system's ticks, 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


@functools.cache
def _machine() -> str:
    """Return 8 hex digits that tell this machine, or the container that this runs in, from others."""
    known = [platform.node()]
    with contextlib.suppress(OSError):
        known.append(Path("/etc/machine-id").read_text())
    with contextlib.suppress(OSError):
        known.append(str(Path("/proc/self/ns/pid").readlink()))  # which processes have numbers in common
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:8]
