"""A workspace that may be read and not written: what is made for it lies in a folder that ends with the process.

It is shown, measured and exported elsewhere as any other; nothing can be decided and no stage be run in it.
"""

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

from ..base.errors import CurationError

_TRIES = 5


def is_read_only(folder: Path) -> bool:
    """Whether a folder holds a workspace that this process may not write."""
    ledger, artifacts = folder / "workspace.db", folder / "artifacts"
    if not ledger.is_file():
        return False
    return not all(os.access(path, os.W_OK) for path in (folder, ledger, artifacts) if path.exists())


def refused(folder: Path) -> CurationError:
    """Return the error that says that nothing can be written in a workspace."""
    return CurationError(
        f"{folder} may only be read: nothing in it was changed",
        command="copy it to a folder you may write to, or ask its owner for the right to write. It can be shown, measured and "
        "exported as it is.",
        page="copy it to a folder you may write to, or ask its owner for the right to write. It can be shown, measured and "
        "exported as it is",
    )


@functools.cache
def scratch_of(folder: Path) -> Path:
    """Return the folder of this process for what it makes for a workspace. folder: resolved."""
    scratch = Path(tempfile.mkdtemp(prefix="winnow-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    (scratch / "artifacts").mkdir()
    return scratch


_copied: dict[Path, tuple] = {}  # what each ledger was when it was copied


def copy_of_ledger(ledger: Path) -> Path:
    """Return a copy of a ledger as it stands: SQLite would have to write beside one that it reads."""
    ledger = ledger.resolve()
    copy = scratch_of(ledger.parent) / "ledger" / ledger.name
    for _ in range(_TRIES):  # whoever may write may be at it
        seen = _seen(ledger)
        if copy.exists() and _copied.get(ledger) == seen:
            return copy
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir()
        for end in ("", "-wal"):
            if (own := ledger.with_name(ledger.name + end)).exists():
                shutil.copyfile(own, copy.with_name(own.name))
        if _seen(ledger) == seen:
            _copied[ledger] = seen
            break
    return copy


def _seen(ledger: Path) -> tuple:
    files = [ledger, ledger.with_name(ledger.name + "-wal")]
    return tuple((path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.exists())
