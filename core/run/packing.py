"""A workspace as one file, to go to another machine: a .tar.gz of its plain files, from which it opens as it was there."""

import contextlib
import shutil
import sqlite3
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from ..base.errors import CurationError
from ..base.files import replacing, scratch_folder
from ..workspace.workspace import Workspace

_LEDGER = "workspace.db"
_STAYS = (".lock", ".tmp", "-wal", "-shm")  # of processes on this machine
_FOLDERS = ("artifacts", "hub", "uploads")
_FILES = ("dataset.json", "records.arrow", "rejects.jsonl", _LEDGER)


def pack(folder: Path, out: Path) -> int:
    """Write a workspace to one file; return how many files it holds. What others decide meanwhile is in it whole or not at all.

    Links, logs of jobs and half-done work stay. Raises CurationError: no workspace with data, or `out` can't be written.
    """
    workspace = Workspace(folder)
    workspace.check_records()
    if out.resolve().is_relative_to(workspace.folder.resolve()):
        raise CurationError(f"{out} lies in the workspace itself; name a place outside of it.")
    files = [path for path in sorted(workspace.folder.rglob("*")) if _goes(path, workspace.folder)]
    if missing := sorted({"dataset.json", "records.arrow"} - {path.name for path in files}):
        raise CurationError(
            f"{folder} has no {' and no '.join(missing)} of its own; a workspace is packed where its files are."
        )
    with replacing(out) as temporary, scratch_folder(out.parent, out.name) as scratch:
        copy = scratch / _LEDGER
        with workspace.ledger.connect() as db, contextlib.closing(sqlite3.connect(copy)) as target:
            db.backup(target)
        with tarfile.open(temporary, "w:gz", compresslevel=1) as tar:
            tar.add(copy, _LEDGER, recursive=False)
            for path in files:
                tar.add(path, path.relative_to(workspace.folder).as_posix(), recursive=False)
    return len(files) + 1


def _goes(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    is_own = parts[0] in _FOLDERS if len(parts) > 1 else parts[0] in _FILES and parts[0] != _LEDGER
    is_half = any(part.endswith((".shards", *_STAYS)) for part in parts)
    inside = [folder.joinpath(*parts[: i + 1]) for i in range(len(parts))]
    return is_own and not is_half and path.is_file() and not any(each.is_symlink() for each in inside)


def unpack(packed: Path, folder: Path) -> int:
    """Make a workspace of a file that `pack` wrote; return how many files it holds.

    Raises CurationError: `folder` is there already, the file is none of `pack`'s, cut, or holds a link, a device or a name that
    leads out of it. Then nothing was made.
    """
    if folder.exists():
        raise CurationError(f"{folder} is there already; name a folder that is not.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with scratch_folder(folder.parent, folder.name) as scratch:
            n = _unpack_into(scratch, packed)
            scratch.chmod(folder.parent.stat().st_mode & 0o777)  # it was for its maker alone
            scratch.rename(folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise CurationError(f"{packed} can't be unpacked ({error}); give a file that `pack` wrote.") from error
    return n


def _unpack_into(scratch: Path, packed: Path) -> int:
    with tarfile.open(packed, "r:gz") as tar:
        n = sum(_take(tar, member, scratch) for member in tar)
    if not all((scratch / name).is_file() for name in ("dataset.json", "records.arrow", _LEDGER)):
        raise CurationError(f"{packed} holds no whole workspace; pack it again.")
    Workspace(scratch).check_records()
    return n


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> int:
    """Write one file of a tar: a plain one, of a name that a workspace has."""
    name = PurePosixPath(member.name)
    first_is_own = name.parts and (name.parts[0] in _FOLDERS if len(name.parts) > 1 else name.parts[0] in _FILES)
    if not (member.isreg() and first_is_own and ".." not in name.parts and not name.is_absolute()):
        raise CurationError(f"{member.name!r} in {tar.name} is no file of a workspace; nothing was unpacked.")
    path = folder.joinpath(*name.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(tar.extractfile(member), file)
    return 1
