"""A workspace as one file, to go to another machine: a .tar.gz of its plain files, from which it opens as it was there."""

import contextlib
import gzip
import shutil
import sqlite3
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from ..base.errors import CurationError
from ..base.files import replacing
from ..base.temporaries import scratch_folder
from ..base.text import counted
from ..data.bounds import MOST_UNPACKED, MOST_UNPACKED_FILES, most_unpacked, most_unpacked_files
from ..workspace.workspace import Workspace

_LEDGER = "workspace.db"
_STAYS = (".lock", ".tmp", ".part", "-wal", "-shm")  # of processes on this machine
_FOLDERS = ("artifacts", "hub", "uploads")
_FILES = ("dataset.json", "records.arrow", "rejects.jsonl", _LEDGER)
_AT_ONCE = 16 << 20  # bytes: no header of a workspace's tar is longer, and contents are copied in smaller pieces
_ROOM_LEFT = 64 << 20  # bytes of the disk that are never filled


def pack(folder: Path, out: Path) -> int:
    """Write a workspace to one file; return how many files it holds. What others do meanwhile is in it whole or not at all.

    No import begins until it is written. Links, logs of jobs and half-done work stay. Raises CurationError: no workspace with
    data, or `out` can't be written.
    """
    workspace = Workspace(folder)
    if out.resolve().is_relative_to(workspace.folder.resolve()):
        raise CurationError(f"{out} lies in the workspace itself; name a place outside of it.")
    with (
        workspace.data_held(),
        scratch_folder(out.parent, out.name) as scratch,
        replacing(out) as temporary,
    ):
        copy = scratch / _LEDGER
        # The ledger first: all that it speaks of is there by then, and what comes later it does not know.
        with workspace.ledger.connect() as db, contextlib.closing(sqlite3.connect(copy)) as target:
            db.backup(target)
        files = _files_of(workspace)
        if missing := sorted({"dataset.json", "records.arrow"} - {path.name for path in files}):
            raise CurationError(
                f"{folder} has no {' and no '.join(missing)} of its own; a workspace is packed where its files are."
            )
        with tarfile.open(temporary, "w:gz", compresslevel=1) as tar:
            tar.add(copy, _LEDGER, recursive=False)
            for path in files:
                try:
                    tar.add(path, path.relative_to(workspace.folder).as_posix(), recursive=False)
                except FileNotFoundError as error:
                    raise CurationError(f"{path} was removed while it was to be packed; pack it again.") from error
    return len(files) + 1


def _files_of(workspace: Workspace) -> list[Path]:
    """Return the files that go along; of artifacts those that were whole when this began."""
    folder, artifacts = workspace.folder, workspace.folder / "artifacts"
    whole = {path.stem for path in artifacts.glob("*.json")}
    files = [path for path in sorted(folder.rglob("*")) if _goes(path, folder)]
    return [path for path in files if path.parent != artifacts or path.name.partition(".")[0] in whole]


def _goes(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    is_own = parts[0] in _FOLDERS if len(parts) > 1 else parts[0] in _FILES and parts[0] != _LEDGER
    is_half = any(part.endswith((".shards", *_STAYS)) for part in parts)
    inside = [folder.joinpath(*parts[: i + 1]) for i in range(len(parts))]
    return is_own and not is_half and path.is_file() and not any(each.is_symlink() for each in inside)


def unpack(packed: Path, folder: Path) -> int:
    """Make a workspace of a file that `pack` wrote; return how many files it holds.

    Raises CurationError: `folder` is there already, the file is none of `pack`'s, cut, holds a link, a device or a name that
    leads out of it, or more than the disk or `most_unpacked` allow: said before that much was written. Then nothing was made.
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
    with gzip.open(packed) as content:
        bounds = _Bounds(content, packed, scratch)
        with tarfile.open(fileobj=bounds, mode="r:") as tar:
            for member in tar:
                bounds.take(member)
                _take(tar, member, scratch, packed)
    if not all((scratch / name).is_file() for name in ("dataset.json", "records.arrow", _LEDGER)):
        raise CurationError(f"{packed} holds no whole workspace; pack it again.")
    Workspace(scratch).check_records()
    return bounds.n_files


class _Bounds:
    """A packed file's bytes as tarfile reads them, and an end to how many these may be: its headers say what they like."""

    def __init__(self, content: IO[bytes], packed: Path, scratch: Path) -> None:
        self._content, self._packed = content, packed
        self._most, self._most_files = most_unpacked(), most_unpacked_files()
        self._room = shutil.disk_usage(scratch).free - _ROOM_LEFT
        self.n_files = self._n_bytes = 0

    def read(self, n: int = -1) -> bytes:
        if not 0 <= n <= _AT_ONCE:
            raise CurationError(f"{self._packed} holds a header of {n:,} bytes; give a file that `pack` wrote.")
        return self._content.read(n)

    def seek(self, place: int) -> int:
        return self._content.seek(place)

    def tell(self) -> int:
        return self._content.tell()

    def take(self, member: tarfile.TarInfo) -> None:
        """Count a file that is about to be written. Raises CurationError where it is one too many, or too large."""
        self.n_files, self._n_bytes = self.n_files + 1, self._n_bytes + member.size
        if self.n_files > self._most_files:
            raise CurationError(
                f"{self._packed} holds more than {counted(self._most_files, 'file')}, the most that is unpacked; set "
                f"{MOST_UNPACKED_FILES} to a larger number to let it in."
            )
        if self._n_bytes > self._most:
            raise CurationError(
                f"{self._packed} holds {self._n_bytes / 1e9:,.3g} GB or more, and {self._most / 1e9:,.3g} GB is the most that is "
                f"unpacked; set {MOST_UNPACKED} to a larger number to let it in."
            )
        if self._n_bytes > self._room:
            raise CurationError(
                f"{self._packed} holds {self._n_bytes / 1e9:,.3g} GB or more, and the disk has room for "
                f"{max(self._room, 0) / 1e9:,.3g} GB; make room, or name a folder on another disk."
            )


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, packed: Path) -> None:
    """Write one file of a tar: a plain one, of a name that a workspace has."""
    name = PurePosixPath(member.name)
    first_is_own = name.parts and (name.parts[0] in _FOLDERS if len(name.parts) > 1 else name.parts[0] in _FILES)
    is_plain = member.isreg() and not member.issparse()  # one with holes is larger than what it takes in the tar
    if not (is_plain and first_is_own and ".." not in name.parts and not name.is_absolute()):
        raise CurationError(f"{member.name!r} in {packed} is no file of a workspace; nothing was unpacked.")
    path = folder.joinpath(*name.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(tar.extractfile(member), file)
