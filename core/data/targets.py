"""Targets: where a file that a person named may be written. Never over the data that records came from."""

import dataclasses
import stat
from collections.abc import Sequence
from pathlib import Path

from ..base import access
from ..base.confinement import check_writing
from ..base.errors import CurationError
from ..base.files import file_sha256

_WORKSPACE_OWN = ("dataset.json", "records.arrow", "rejects.jsonl", "artifacts", "jobs", "uploads", "hub")


@dataclasses.dataclass(frozen=True)
class Source:
    """A data file that records came from. size: bytes, -1 where that was not written down."""

    path: str
    sha256: str
    size: int = -1


def source_of(data: Path) -> Source:
    """Return what a data file is known by. Raises CurationError where it can't be read."""
    sha256 = file_sha256(data)
    return Source(str(Path(data).resolve()), sha256, Path(data).stat().st_size)


def manifest_path(out: Path) -> Path:
    """Return where the manifest of an export lies: beside it."""
    return Path(f"{out}.manifest.json")


def check_out(out: Path, sources: Sequence[Source]) -> None:
    """Raise CurationError unless `out`, and a manifest beside it, may be written: plain files in a folder that is there.

    None of `sources`, by whatever name or link, nor a copy of one; and not one of a workspace's own files. Nothing is written.
    """
    access.require(access.EXPORT)
    out = Path(out)
    check_writing(out)
    if out.is_dir():
        raise CurationError(f"{out} is a folder; name a file in it.")
    if not out.resolve().parent.is_dir():
        raise CurationError(
            f"{out} can't be written: there is no folder {out.resolve().parent}; make it, or name another."
        )
    for path in (out, manifest_path(out)):
        _check_plain(path)
        if any(_is_source(path, source) for source in sources):
            raise CurationError(f"{path} is the data that the records come from; give the export another name.")
    for folder in out.resolve().parents:
        is_workspace = (folder / "dataset.json").exists() and (folder / "workspace.db").exists()
        first = out.resolve().relative_to(folder).parts[0]
        if is_workspace and (first in _WORKSPACE_OWN or first.startswith("workspace.db")):
            raise CurationError(f"{out} is one of the workspace's own files; name another place.")


def _check_plain(path: Path) -> None:
    """A file is written to a temporary name and renamed, which would put a plain file where something else was."""
    if not path.is_symlink() and not path.exists():
        return
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise CurationError(f"{path} is {what}, which writing would replace; name a plain file.")


def _is_source(path: Path, source: Source) -> bool:
    if Path(source.path).resolve() == path.resolve():
        return True
    if not path.exists():
        return False
    if Path(source.path).exists() and path.samefile(source.path):  # a hard link, or another way to the same folder
        return True
    # The source may have been moved here since.
    return source.size in (-1, path.stat().st_size) and file_sha256(path) == source.sha256
