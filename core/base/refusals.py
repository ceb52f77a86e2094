"""What a disk refuses: it is full, or may only be read. Told in one line, with the file and what to do."""

import errno
import os
import sqlite3
from pathlib import Path

from .errors import CurationError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_CUT_SHORT = "requested and"  # numpy's words, which come without a number, where a disk takes a part of an array only
_SQLITE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}


def refusal(error: BaseException) -> int:
    """Return the `errno` by which a disk refused to be written, 0 where the error is of another kind.

    Libraries written in other languages give no number, only its words.
    """
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, 0)
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    if isinstance(number, int):
        return number if number in (*_FULL, *_CLOSED) else 0
    text = str(error)
    if isinstance(error, OSError) and _CUT_SHORT in text:
        return errno.ENOSPC
    return next((each for each in (*_FULL, *_CLOSED) if os.strerror(each) in text), 0)


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
