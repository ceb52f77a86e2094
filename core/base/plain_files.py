"""Plain files: what is read must be one. A pipe or a device would be waited for without end."""

import stat
from pathlib import Path

from .errors import CurationError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def check_plain_file(path: Path | str, fix: str = "give the path of a file") -> None:
    """Raise CurationError unless there is a plain file of that name, or a link that leads to one. fix: what to do then."""
    check_name(path)
    try:
        kind = stat.S_IFMT(Path(path).stat().st_mode)
    except FileNotFoundError as error:
        raise CurationError(f"{path} can't be read: it is not a file; {fix}.") from error
    except OSError as error:
        raise CurationError(f"{path} can't be read ({error.strerror}); {fix}.") from error
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind)
        raise CurationError(f"{path} can't be read: it is not a file{f' but {what}' if what else ''}; {fix}.")


def check_name(path: Path | str) -> None:
    """Raise CurationError for a name that can't be kept: one that is not UTF-8, or holds a null, or has no end."""
    try:
        held = str(path).encode()
    except UnicodeEncodeError as error:
        raise CurationError(f"The name {str(path)!r} is not UTF-8; give the file another name.") from error
    if b"\0" in held:
        raise CurationError(f"The name {str(path)!r} holds a null character; give the path of a file.")
    try:
        Path(path).stat()
        Path(path).resolve()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    except (OSError, RuntimeError) as error:  # too long, or links in a circle
        reason = error.strerror if isinstance(error, OSError) else "links in a circle"
        raise CurationError(f"{path} can't be read ({reason}); give the path of a file.") from error
