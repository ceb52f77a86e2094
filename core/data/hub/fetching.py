"""Fetching: the original files of a data set on a hub, each checked by its hash; one that was cut off goes on where it was."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import filelock

from ...base.errors import CurationError
from ...base.files import file_sha256
from ...base.progress import Progress, no_progress
from ..pool import Data, labelled
from .client import asking, endpoint
from .fetched import Fetched, HubFile, find_fetched, folder_of
from .listing import look_up, settle
from .names import HubName, is_hub_name

Check = Callable[[Sequence[str], Sequence[Fetched]], None]
_STAYS = " What was fetched stays, and it goes on from there."


def fetch_all(data: Data, folder: Path, progress: Progress = no_progress, check: Check = lambda *_: None) -> list[str]:
    """Fetch what `data` names on a hub into a folder; return the several, those of a hub each as one split at a commit.

    What is there and whole is not asked for again, and no hub either. check: asked before anything is fetched, with the several
    and the parts to fetch. Raises CurationError.
    """
    settled = settle(data)
    names = [HubName.parse(text) for _, text in map(labelled, settled) if is_hub_name(text)]
    wanted = [look_up(name).part(name.config, name.split) for name in names if find_fetched(name, folder) is None]
    if wanted:
        check(settled, wanted)
    total, done = sum(file.size for part in wanted for file in part.files), 0
    for part in wanted:
        for file in part.files:
            _fetch_file(part, file, folder, functools.partial(_tell, progress, done, total))
            done += file.size
        _write_down(part, folder)
    return settled


def _tell(progress: Progress, before: int, total: int, done: int) -> None:
    progress((before + done) / max(total, 1), 1.0)


def _write_down(part: Fetched, folder: Path) -> None:
    paths = part.paths_in(folder)
    files = tuple(
        HubFile(file.path, file.size, file.sha256 or file_sha256(path))
        for file, path in zip(part.files, paths, strict=True)
    )
    dataclasses.replace(part, files=files).write(folder)


def _fetch_file(part: Fetched, file: HubFile, folder: Path, tell: Callable[[int], None]) -> None:
    """Fetch one file, in a hidden place until it is whole. `hf_hub_download` would begin one that was cut off anew."""
    path = folder_of(part.name, folder) / file.path
    coming = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(f".{path.name}.lock")):
        if path.is_file() and path.stat().st_size == file.size:
            return tell(file.size)
        try:
            _download(part, file, coming, tell)
            _check(coming, file, part)
            coming.replace(path)
        except OSError as error:
            why = error.strerror or "its size is not what the hub lists"
            raise CurationError(
                f"{file.path} of {part.repo} could not be fetched ({why}); try again.{_STAYS}"
            ) from error


def _download(part: Fetched, file: HubFile, coming: Path, tell: Callable[[int], None]) -> None:
    """Append to `coming` what it lacks of a file."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.constants import MAX_HTTP_DOWNLOAD_SIZE
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    if file.size > MAX_HTTP_DOWNLOAD_SIZE:
        raise CurationError(
            f"{file.path} of {part.repo} has more than 50 GB; fetch it by `hf download`, and import it."
        )
    url = hf_hub_url(part.repo, file.path, repo_type="dataset", revision=part.commit, endpoint=endpoint())
    with asking(part.repo, part.commit, stays=_STAYS), coming.open("ab") as to:
        held = to.tell() if to.tell() <= file.size else to.truncate(0)
        http_get(
            url,
            to,
            resume_size=held,
            headers=build_hf_headers(library_name="winnow") | {"Accept-Encoding": "identity"},
            expected_size=file.size,
            displayed_filename=file.path,
            tqdm_class=_told_to(tell, held),
        )


def _check(coming: Path, file: HubFile, part: Fetched) -> None:
    """Raise CurationError, and take away what came, unless it is the very file that the hub listed."""
    known = file.sha256 or file.blob
    if known and known != (file_sha256(coming) if file.sha256 else _blob_id(coming)):
        coming.unlink()
        raise CurationError(
            f"{file.path} of {part.repo} did not come as the hub lists it (its hash differs); try again."
        )


def _blob_id(path: Path) -> str:
    """Return the id that git gives a file."""
    hasher = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def _told_to(tell: Callable[[int], None], held: int) -> Any:
    """Return what `huggingface_hub` takes for the class of its bars: one that tells the bytes that are there."""

    class Told:
        def __init__(self, *_: Any, **__: Any) -> None:
            self._done = held

        def __enter__(self) -> "Told":
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def update(self, n: float | None = 1) -> None:
            self._done += int(n or 0)
            tell(self._done)

        def close(self) -> None:
            return None

    return Told
