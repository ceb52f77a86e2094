"""Artifacts: results on disk, each kept by a kind and a key; the .json of one is written last and says that it is whole."""

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pyarrow as pa

from ..base.errors import CurationError, broken
from ..base.files import read_table, write_array, write_json, write_table
from . import seals

_TRIES, _BETWEEN_TRIES = 3, 0.1
# What was looked at in this process, and how it was then: files, and the .json's with the files that their seals name.
_sound: dict[Path, tuple] = {}
_sealed: dict[Path, tuple[tuple, list[Path]]] = {}


def _state(path: Path) -> tuple:
    """Return what changes when a file does, () where there is none."""
    with contextlib.suppress(FileNotFoundError):
        state = path.stat()
        return state.st_ino, state.st_size, state.st_mtime_ns
    return ()


# What to write down of an artifact, and the arrays or tables that it is made of (see `Artifacts.save`).
Result = tuple[dict[str, Any], dict[str, np.ndarray | pa.Table]]


class Artifacts:
    """The artifacts in one folder. Nothing is held open between calls.

    beside: the folder for what is made, where the first may only be read.
    """

    def __init__(self, folder: Path, beside: Path | None = None) -> None:
        self.artifacts = folder
        self._to_write = beside or folder

    def path(self, stage: str, key: str, suffix: str) -> Path:
        """Return the path of one file of an artifact."""
        name = f"{stage}-{key}{suffix}"
        own = self.artifacts / name
        return own if self._to_write == self.artifacts or own.exists() else self._to_write / name

    def has(self, stage: str, key: str) -> bool:
        """Whether the artifact is there and whole."""
        return self.path(stage, key, ".json").exists()

    def info(self, stage: str, key: str) -> dict[str, Any]:
        """Return what the stage wrote down about its result. Raises CurationError where any of it is damaged: set aside then."""
        return self._checked(stage, key)

    def array(self, stage: str, key: str, suffix: str = ".npy") -> np.ndarray:
        """Memory-map an array of an artifact, read-only. Raises CurationError where it is damaged: it is set aside then."""
        self._check_once(stage, key)
        path = self.path(stage, key, suffix)
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, FileNotFoundError) as error:  # of before there were seals
            raise self._damaged(stage, key, path, error) from error

    def table(self, stage: str, key: str) -> pa.Table:
        """Memory-map the table of an artifact. Raises CurationError where it is damaged: it is set aside then."""
        self._check_once(stage, key)
        path = self.path(stage, key, ".arrow")
        try:
            return read_table(path)
        except (pa.ArrowInvalid, FileNotFoundError) as error:
            raise self._damaged(stage, key, path, error) from error

    def _check_once(self, stage: str, key: str) -> None:
        """Look at an artifact unless it is as it was when this process last looked; that takes a glance at its files."""
        path = self.path(stage, key, ".json")
        state, files = _sealed.get(path, ((), []))
        if not state or state != _state(path) or any(_sound.get(file) != _state(file) for file in files):
            self._checked(stage, key)

    def _checked(self, stage: str, key: str) -> dict[str, Any]:
        for _ in range(_TRIES):  # somebody may be writing it anew, one file after the other
            info, fault = self.look_at(stage, key)
            if not fault:
                return info
            time.sleep(_BETWEEN_TRIES)
        raise self._damaged(stage, key, *fault)

    def look_at(self, stage: str, key: str, whole: bool = False) -> tuple[dict[str, Any], tuple[Path, object] | None]:
        """Return what the stage wrote down, and (file, what is wrong with it) where something is.

        whole: look at every byte, in place of what `seals` looks at when a file is first opened. An artifact of before there
        were seals is taken as it is.
        """
        path = self.path(stage, key, ".json")
        state = _state(path)
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
            seal = info.pop(seals.SEAL, {"files": {}})
            sealed = [*seal["files"].items()]
        except FileNotFoundError:
            return {}, (path, "is missing")
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            return {}, (path, error)
        is_known = not whole and _sealed.get(path, ((), []))[0] == state
        if "info" in seal and not is_known and (fault := seals.info_fault(info, seal)):
            return info, (path, fault)
        files = {self.path(stage, key, suffix): facts for suffix, facts in sealed}
        for file, facts in files.items():
            seen = _state(file)
            if is_known and _sound.get(file) == seen:
                continue
            try:
                fault = seals.file_fault(file, facts, whole)
            except (KeyError, TypeError):
                return info, (path, "its seal can't be read")
            if fault:
                return info, (file, fault)
            _sound[file] = seen
        _sealed[path] = state, [*files]
        return info, None

    def _damaged(self, stage: str, key: str, path: Path, why: object) -> CurationError:
        """Set an artifact aside and return the error that says so."""
        aside = self.set_aside(stage, key)
        where = f"; it was set aside in {aside}" if aside else ""
        return broken(f"{path} is damaged ({why}){where}", stage, self.artifacts.parent)

    def set_aside(self, stage: str, key: str) -> Path | None:
        """Move an artifact's files out of the way, so that it is made again; return where to, None where nothing can be moved."""
        if self._to_write != self.artifacts:
            return None
        aside = self.artifacts.parent / "damaged"
        aside.mkdir(exist_ok=True)
        files = [self.path(stage, key, ".json"), *seals.files_of(self.artifacts, f"{stage}-{key}").values()]
        for file in files:  # the .json first: without it nothing of the artifact is read
            with contextlib.suppress(FileNotFoundError):
                file.replace(aside / file.name)
        return aside

    def save(self, stage: str, key: str, info: dict[str, Any], **parts: np.ndarray | pa.Table) -> None:
        """Write an artifact's parts, then its info. `value` becomes the main file, other names become suffixes."""
        for name, part in parts.items():
            dot = "" if name == "value" else f".{name}"
            if isinstance(part, pa.Table):
                write_table(self.path(stage, key, f"{dot}.arrow"), part)
            else:
                write_array(self.path(stage, key, f"{dot}.npy"), part)
        files = seals.files_of(self._to_write, f"{stage}-{key}")
        write_json(self.path(stage, key, ".json"), info | {seals.SEAL: seals.seal_of(info, files)})

    def keep(self, kind: str, key: str, make: Callable[[], Result], shards: str = "") -> str:
        """Let an artifact be there: under its lock, and unless it is there, it is made and written, once; return its key.

        make: gives what to write down, and the parts. shards: the key of the shards that it then can do without.
        """
        if self._to_write != self.artifacts and self.has(kind, key):
            return key
        with self.lock(kind, key):  # the app and the command line may ask for the same at once
            if not self.has(kind, key):
                info, parts = make()
                self.save(kind, key, info, **parts)
            if shards:  # also those of a run that was killed between the two
                self.remove_shards(kind, shards)
        return key

    def lock(self, stage: str, key: str) -> filelock.FileLock:
        """Return the lock that whoever makes an artifact holds, in whatever process."""
        return filelock.FileLock(self._to_write / f"{stage}-{key}.lock")

    def shard_folder(self, stage: str, key: str) -> Path:
        """Return the folder of a stage's finished shards, made if needed."""
        folder = self._to_write / f"{stage}-{key}.shards"
        folder.mkdir(exist_ok=True)
        return folder

    def remove_shards(self, stage: str, key: str) -> None:
        """Remove the shards of a stage whose result is whole."""
        shutil.rmtree(self._to_write / f"{stage}-{key}.shards", ignore_errors=True)
