"""Uploads: files that came through the browser, kept in the workspace's own folder within the server's quota."""

import os
from pathlib import Path

from ..base import access
from ..base.confinement import check_upload
from ..base.errors import CurationError
from ..base.files import replacing
from ..base.text import shorten
from .workspace import Workspace

_NO_NAME = ("", ".", "..")
_LONGEST = 200  # bytes: while it is written, its name has more


def keep_upload(
    workspace: Workspace, name: str, content: bytes | memoryview, kind: str = "", action: str = access.RUN
) -> Path:
    """Keep an uploaded file and return where it lies. kind: the folder among the uploads. action: what it takes to upload it.

    Of the name that the browser gave only the last part counts. Raises CurationError: that is no name, the role of who
    uploads does not allow it, or it is above the quota.
    """
    access.require(action)
    plain = Path(name).name
    if plain in _NO_NAME or "\0" in plain or len(os.fsencode(plain)) > _LONGEST:
        raise CurationError(
            f"{shorten(name, 80)!r} is not the name of a file here; give the file another, shorter one."
        )
    check_upload(len(content))
    path = workspace.folder / "uploads" / kind / plain
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return path
