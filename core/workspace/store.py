"""Object storage, by which machines that share no path hand files to each other: whatever Arrow or fsspec opens by its address.

Keys and endpoints come from the environment, as each storage's own tools take them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...).
"""

import contextlib
import functools
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..base.errors import CurationError
from ..base.files import unsynced
from ..base.secrets import redacted
from ..base.text import first_line

_WITH_NAMES = ("abfs", "abfss", "hdfs", "sftp", "ssh", "ftp", "smb")  # of a container or a user, before the @
_PARAMETERS = {"region", "scheme", "endpoint_override", "project_id", "retry_limit_seconds"}
_WITHOUT_FOLDERS = ("s3", "gcs", "abfs")  # a folder made there would be an empty object, which stays


def check_store(uri: str) -> None:
    """Raise CurationError for what can be no address of a store, or may hold a key; what may be one is not said again."""
    try:
        parts = urllib.parse.urlsplit(uri)
    except ValueError:
        parts = urllib.parse.urlsplit("")
    before_host = parts.netloc.rpartition("@")[0]
    others = sorted({name for name, _ in urllib.parse.parse_qsl(parts.query, keep_blank_values=True)} - _PARAMETERS)
    has_user = before_host and parts.scheme not in _WITH_NAMES
    if ":" in before_host or has_user or others or ("@" in uri and not before_host):
        raise CurationError(
            f"store {shown(uri)} comes with what may be a key ({', '.join(others) or 'before the @'}); keys are read from the "
            "environment, as AWS_ACCESS_KEY_ID is: leave it out."
        )
    if not parts.scheme or "://" not in uri or not (parts.netloc or parts.path.strip("/")):
        raise CurationError(f"store is {shown(uri)!r}; give an address such as s3://name/folder.")


def shown(uri: str) -> str:
    """Return an address as it may be said: without what stands before an @, and behind a ?."""
    scheme, between, rest = uri.partition("?")[0].partition("://")
    return scheme + between + rest.rpartition("@")[2]


class Store:
    """Files by their names below an address. Raises CurationError where it can't be opened, read or written."""

    def __init__(self, uri: str) -> None:
        check_store(uri)
        self._uri = uri
        self._files, root = _opened(uri)
        self._root = root.rstrip("/")

    def put(self, path: Path, name: str) -> None:
        """Write a file of this machine under a name."""
        with _told(self._uri, f"write {name}"):
            if self._files.type_name not in _WITHOUT_FOLDERS:
                self._files.create_dir(self._path(name).rpartition("/")[0], recursive=True)
            pa.fs.copy_files(
                str(path.resolve()),
                self._path(name),
                source_filesystem=pa.fs.LocalFileSystem(),
                destination_filesystem=self._files,
            )

    def get(self, name: str, path: Path) -> None:
        """Write what has a name to a file of this machine, whole or not at all."""
        with _told(self._uri, f"read {name}"), unsynced(path) as temporary:
            pa.fs.copy_files(
                self._path(name),
                str(temporary),
                source_filesystem=self._files,
                destination_filesystem=pa.fs.LocalFileSystem(),
            )

    def size(self, name: str) -> int:
        """Return how many bytes what has a name holds, -1 where there is none."""
        with _told(self._uri, f"look for {name}"):
            found = self._files.get_file_info(self._path(name))
        return found.size if found.type == pa.fs.FileType.File else -1

    def remove(self, name: str) -> None:
        """Remove what has a name, and all below it; what is not there is no error."""
        with _told(self._uri, f"remove {name}"):
            found = self._files.get_file_info(self._path(name))
            if found.type == pa.fs.FileType.File:
                self._files.delete_file(self._path(name))
            elif found.type == pa.fs.FileType.Directory:
                self._files.delete_dir(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextlib.contextmanager
def _told(uri: str, what: str) -> Iterator[None]:
    """Turn what a storage raises in the block into an error that names the store and what was to be done."""
    try:
        yield
    except CurationError:
        raise
    except Exception as error:
        said = redacted(first_line(error).replace(uri, shown(uri)))
        raise CurationError(
            f"The store {shown(uri)} can't {what} ({said}); see whether it is there, and whether the keys in the environment may "
            "read and write it, on every node."
        ) from error


@functools.lru_cache(maxsize=8)
def _opened(uri: str) -> tuple[Any, str]:
    """Return (the file system, the path in it) of an address: Arrow's own, else fsspec's."""
    import pyarrow.fs

    with _told(uri, "be opened"):
        try:
            return pyarrow.fs.FileSystem.from_uri(uri)
        except pa.ArrowInvalid as error:
            if "Unrecognized filesystem type" not in str(error):
                raise
        import fsspec

        files, root = fsspec.core.url_to_fs(uri)
        return pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(files)), root
