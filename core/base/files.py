"""Files written whole or not at all: to a temporary name beside the target, then renamed."""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import CurationError
from .plain_files import check_plain_file


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; it becomes `path` when the block ends well and is removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy file."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with an indent, names in the order given."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow IPC file."""
    with (
        replacing(path) as temporary,
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


def sweep_temporaries(folder: Path) -> None:
    """Remove what killed processes left half-written in `folder`: the temporary files of processes that are gone."""
    for path in folder.glob(".*.tmp"):
        pid = path.name.split(".")[-3]
        if pid.isdecimal() and not _is_running(int(pid)):
            path.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
