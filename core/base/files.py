"""Files written whole or not at all: to a temporary name beside the target, then renamed."""

import contextlib
import functools
import hashlib
import json
import os
import sqlite3
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import CurationError
from .plain_files import check_plain_file
from .refusals import is_about, refusal, unwritable
from .temporaries import sweep_temporaries, temporary_for

Replacing = Callable[[Path], contextlib.AbstractContextManager[Path]]


@contextlib.contextmanager
def replacing(path: Path, sync: bool = True) -> Iterator[Path]:
    """Yield a temporary path; it becomes `path` when the block ends well and is removed when it does not.

    sync: have it on the disk before it has its name, so that it outlives a loss of power whole. That is for what has its name
    for good: what the ledger names, the data, exports. Waiting for the disk costs more than writing does, so that shards, which
    are looked at when they are read and made again if need be, go without. Raises CurationError where the disk is full or may not
    be written.
    """
    with together(sync) as held, held(path) as temporary:
        yield temporary


unsynced: Replacing = functools.partial(replacing, sync=False)


@contextlib.contextmanager
def together(sync: bool = True) -> Iterator[Replacing]:
    """Yield what is used as `replacing` for several files: each gets its name at the end of the block, in order, or none does.

    A kill between two of the renames is all that leaves some new and some old: what names the others' hashes comes last. What
    killed processes left half-written of a file goes when it is written again; shards, of which there are many, are swept with
    their folder.
    """
    held: list[tuple[Path, Path]] = []

    @contextlib.contextmanager
    def later(path: Path) -> Iterator[Path]:
        temporary = temporary_for(path)
        with _refusals_told(temporary, path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if sync:
                with contextlib.suppress(OSError):
                    sweep_temporaries(path.parent, path.name)
            held.append((temporary, path))
            yield temporary
            if sync:
                _sync(temporary)

    try:
        yield later
        for temporary, path in held:
            with _refusals_told(temporary, path):
                temporary.replace(path)
        for folder in {path.parent for _, path in held} if sync else ():
            _sync_folder(folder)
    finally:
        for temporary, _ in held:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _refusals_told(temporary: Path, path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if (number := refusal(error)) and (is_about(error, temporary) or is_about(error, path)):
            raise unwritable(path, number) from error
        raise


def _sync(path: Path) -> None:
    """Have a file's bytes on the disk: a rename alone may survive a loss of power without them."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems know no fsync of a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def new_array(path: Path, dtype: np.dtype | type, shape: tuple[int, ...]) -> np.memmap:
    """Make a .npy file to be filled through memory. Its room is taken first: on a full disk a mapped page kills the process."""
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate") and array.nbytes:
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def write_array(path: Path, array: np.ndarray, replace: Replacing = replacing) -> None:
    """Write a .npy file. replace: see `write_json`."""
    with replace(path) as temporary:
        save_array(temporary, array)


def save_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy file in place, through Python's own file: where a disk cuts it short, numpy's own way has no error number."""
    with path.open("wb") as file:
        np.lib.format.write_array(types.SimpleNamespace(write=file.write), np.asanyarray(array), allow_pickle=False)


def write_json(path: Path, value: Any, replace: Replacing = replacing) -> None:
    """Write JSON with an indent, names in the order given.

    replace: as `together` gives it, where others go with it, or `unsynced`.
    """
    with replace(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_table(path: Path, table: pa.Table, replace: Replacing = replacing) -> None:
    """Write an Arrow IPC file. replace: see `write_json`."""
    with (
        replace(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def read_table(path: Path) -> pa.Table:
    """Memory-map an Arrow IPC file."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and the parents it lacks; return those that this very call made, the outermost first."""
    made = []
    for path in [*reversed(folder.parents), folder]:
        if not path.is_dir():
            try:
                path.mkdir()
            except FileExistsError:  # made by somebody else since, or a file
                continue
            made.append(path)
    return made


def check_readable(path: Path) -> None:
    """Raise CurationError where there is no such file."""
    check_plain_file(path)
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise CurationError(f"{path} can't be read ({error.strerror}); give the path of a file.") from error


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file as hex. Raises CurationError where there is no such file."""
    check_plain_file(path)
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CurationError(f"{path} can't be read ({error.strerror}); give the path of a file.") from error
