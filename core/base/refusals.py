"""What a disk refuses: it is full, or may only be read. Told in one line, with the file and what to do."""

import errno
import os
import sqlite3
from pathlib import Path

from .errors import CurationError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_SQLITE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}


def refusal(error: BaseException) -> int:
    """Return the `errno` by which a disk refused to be written, 0 where the error is of another kind.

    By its class and number alone. Libraries whose errors have no number write through a file of Python's, whose errors do.
    """
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, 0)
    return error.errno if isinstance(error, OSError) and error.errno in (*_FULL, *_CLOSED) else 0


def is_about(error: BaseException, path: Path) -> bool:
    """Whether an error speaks of `path`, as far as can be told: one that names another file does not."""
    named = getattr(error, "filename", None) if isinstance(error, OSError) else None
    return named is None or os.fspath(named) in (str(path), str(path.parent))


def unwritable(path: Path | str, number: int) -> CurationError:
    """Return the error that says that a file can't be written, by the number that `refusal` gave."""
    if number in _FULL:
        return CurationError(
            f"{path} can't be written ({os.strerror(number)}): nothing was changed; make room on that disk, then do "
            "the same again."
        )
    return CurationError(f"{path} can't be written ({os.strerror(number)}); give a path in a folder you may write to.")
