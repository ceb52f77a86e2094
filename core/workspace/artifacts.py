"""Artifacts: results on disk, each kept by a kind and a key; the .json of one is written last and says that it is whole."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pyarrow as pa

from ..base.files import read_table, write_array, write_json, write_table

# What to write down of an artifact, and the arrays or tables that it is made of (see `Artifacts.save`).
Result = tuple[dict[str, Any], dict[str, np.ndarray | pa.Table]]


class Artifacts:
    """The artifacts in one folder. Nothing is held open between calls."""

    def __init__(self, folder: Path) -> None:
        self.artifacts = folder

    def path(self, stage: str, key: str, suffix: str) -> Path:
        """Return the path of one file of an artifact."""
        return self.artifacts / f"{stage}-{key}{suffix}"

    def has(self, stage: str, key: str) -> bool:
        """Whether the artifact is there and whole."""
        return self.path(stage, key, ".json").exists()

    def info(self, stage: str, key: str) -> dict[str, Any]:
        """Return what the stage wrote down about its result."""
        return json.loads(self.path(stage, key, ".json").read_text(encoding="utf-8"))

    def array(self, stage: str, key: str, suffix: str = ".npy") -> np.ndarray:
        """Memory-map an array of an artifact, read-only."""
        return np.load(self.path(stage, key, suffix), mmap_mode="r", allow_pickle=False)

    def table(self, stage: str, key: str) -> pa.Table:
        """Memory-map the table of an artifact."""
        return read_table(self.path(stage, key, ".arrow"))

    def save(self, stage: str, key: str, info: dict[str, Any], **parts: np.ndarray | pa.Table) -> None:
        """Write an artifact's parts, then its info. `value` becomes the main file, other names become suffixes."""
        for name, part in parts.items():
            dot = "" if name == "value" else f".{name}"
            if isinstance(part, pa.Table):
                write_table(self.path(stage, key, f"{dot}.arrow"), part)
            else:
                write_array(self.path(stage, key, f"{dot}.npy"), part)
        write_json(self.path(stage, key, ".json"), info)

    def keep(self, kind: str, key: str, make: Callable[[], Result], shards: str = "") -> str:
        """Let an artifact be there: under its lock, and unless it is there, it is made and written, once; return its key.

        make: gives what to write down, and the parts. shards: the key of the shards that it then can do without.
        """
        with self.lock(kind, key):  # the app and the command line may ask for the same at once
            if not self.has(kind, key):
                info, parts = make()
                self.save(kind, key, info, **parts)
                if shards:
                    self.remove_shards(kind, shards)
        return key

    def lock(self, stage: str, key: str) -> filelock.FileLock:
        """Return the lock that whoever makes an artifact holds, in whatever process."""
        return filelock.FileLock(self.path(stage, key, ".lock"))

    def shard_folder(self, stage: str, key: str) -> Path:
        """Return the folder of a stage's finished shards, made if needed."""
        folder = self.artifacts / f"{stage}-{key}.shards"
        folder.mkdir(exist_ok=True)
        return folder

    def remove_shards(self, stage: str, key: str) -> None:
        """Remove the shards of a stage whose result is whole."""
        shutil.rmtree(self.artifacts / f"{stage}-{key}.shards", ignore_errors=True)
