"""The workspace: a folder where the app, the command line and the jobs meet. The only module that knows its layout.

dataset.json                    what was imported, from where, how
records.arrow                   the records (`records.SCHEMA`)
rejects.jsonl                   what was not taken, and why
artifacts/<stage>-<key>.*       results; the .json beside them is written last and says the result is whole
hub/                            what was fetched from a hub, as it was there
workspace.db                    decisions, selections, settings, jobs (`ledger.py`)
"""

import contextlib
import dataclasses
import functools
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock
import numpy as np

from ..base import access
from ..base.confinement import check_writing, home, may_write
from ..base.errors import COMMAND, CurationError
from ..base.files import file_sha256, make_folders
from ..base.progress import Progress, no_progress
from ..base.temporaries import sweep_temporaries
from ..data.dataset import Dataset, is_plain_name, read_dataset, write_dataset
from ..data.hub.fetching import fetch_all
from ..data.importing import check_room, is_whole, read_into
from ..data.mixing import Part, ReadPart
from ..data.pool import Data, as_given, data_name, open_pool
from ..data.record_table import RecordTable, damaged
from ..data.records import HASH_BYTES, RecordParams, Reject, content_hashes
from ..data.targets import Source
from . import read_only
from .artifacts import Artifacts
from .engine import LOCAL, Engine
from .import_work import read_on_nodes
from .ledger import Ledger, is_empty, lost


def default_folder(data: Data) -> Path:
    """Return the workspace folder of data: $WINNOW_HOME, or `workspaces`, then the file's name without suffixes, or the folder's.

    Raises CurationError where that is no name for a folder, as of "...jsonl".
    """
    name = data_name(data)
    if not is_plain_name(name):
        raise CurationError(
            f"{Path(as_given(data)[0]).name!r} gives a workspace no name ({name!r} can't be one)",
            command="give the file another name, or name the folder with --workspace.",
            page="give the file another name",
        )
    return home() / name


def known_workspaces() -> list[Path]:
    """Return the workspaces in `home()` that hold data, the one that changed last first."""

    def changed(folder: Path) -> int:
        held = (folder / name for name in ("dataset.json", "workspace.db", "workspace.db-wal"))
        return max(path.stat().st_mtime_ns for path in held if path.exists())

    folders = sorted(path.parent for path in home().glob("*/dataset.json") if may_write(path.parent))
    return sorted(folders, key=changed, reverse=True)


_swept: set[Path] = set()  # folders in which this process has looked for what killed ones left


class Workspace(Artifacts):
    """One workspace folder, opened or made anew. Nothing is held open between calls.

    sweep: remove what killed processes left half-written, at the first opening in this process.
    Raises CurationError where there is none, what is there is damaged or of a later version, or it can't be made.
    """

    def __init__(self, folder: Path | str, create: bool = False, sweep: bool = True) -> None:
        folder = check_writing(folder)  # a link at its name may lead elsewhere
        self.folder = folder.resolve() if ".." in folder.parts else folder  # "absent/../x" must not make "absent"
        self.is_read_only = read_only.is_read_only(self.folder)
        beside = read_only.scratch_of(self.folder.resolve()) / "artifacts" if self.is_read_only else None
        super().__init__(self.folder / "artifacts", beside)
        self._made: list[Path] = []  # folders, by this object
        self._made_ledger = False
        self._check_ledger(create)
        self._make()
        if sweep and not self.is_read_only:
            self._sweep()

    def _sweep(self) -> None:
        if (folder := self.folder.resolve()) in _swept:
            return
        _swept.add(folder)
        for each in (folder, self.artifacts):
            with contextlib.suppress(OSError):  # whoever may write here sweeps it
                sweep_temporaries(each)

    def _check_ledger(self, create: bool) -> None:
        path = self.folder / "workspace.db"
        if self.folder.exists() and not self.folder.is_dir():
            raise CurationError(f"{self.folder} is a file; a workspace is a folder: name another.")
        if is_empty(path) and ((self.folder / "dataset.json").exists() or any(self.artifacts.glob("*.json"))):
            what = "is empty" if path.exists() else "is missing"
            raise lost(f"{path} {what}: what people decided, selections and versions are not there")
        if not create and not path.exists():
            raise CurationError(
                f"{self.folder} is not a workspace",
                command=f"make one with: {COMMAND} import DATA --workspace {self.folder}",
                page="open its data on the Data page",
            )

    def _make(self) -> None:
        """Make what is missing. A failed import beside this one may remove what it had made at any moment."""
        while True:
            try:
                self._made += [] if self.is_read_only else make_folders(self.artifacts.absolute())
                self.ledger = Ledger(self.folder / "workspace.db")
                self._made_ledger |= self.ledger.made
            except (OSError, sqlite3.OperationalError) as error:
                if not self.artifacts.is_dir() and isinstance(error, FileNotFoundError | sqlite3.OperationalError):
                    continue
                raise CurationError(f"{self.folder} can't be a workspace ({error}); name another folder.") from error
            return

    def check_writable(self) -> None:
        """Raise CurationError where the workspace may only be read."""
        if self.is_read_only:
            raise read_only.refused(self.folder)

    def remove(self) -> None:
        """Remove what this object made, where nothing was imported since and nobody else is at work in it.

        File by file, then the folders that are empty: what was there before, or came from others, stays.
        """
        if not (self._made or self._made_ledger) or not self.artifacts.is_dir():
            return
        lock = self.lock("import", "data")
        try:
            with lock.acquire(timeout=1):
                held = ("dataset.json", "records.arrow")
                if any((self.folder / name).exists() for name in held) or not self.ledger.is_blank():
                    return
                if self._made_ledger:
                    self.ledger.remove()
                if self.artifacts.absolute() in self._made:
                    Path(lock.lock_file).unlink()
                for folder in reversed(self._made):
                    folder.rmdir()
        except (filelock.Timeout, OSError):  # an import by somebody else goes on in it, or a folder is not empty
            return

    # The dataset

    @property
    def has_data(self) -> bool:
        """Whether something was imported, to its end: dataset.json and records.arrow speak of the same import.

        Raises CurationError where one of them is damaged.
        """
        held = self.last_import()
        records = self.folder / "records.arrow"
        return held is not None and records.exists() and RecordTable(records).fingerprint == held.fingerprint

    def dataset(self) -> Dataset:
        """Return what was imported. Raises CurationError where nothing was, or the import was cut off."""
        held = self.last_import()
        if held is not None and self.has_data:
            return held
        if held is not None:
            raise CurationError(f"An import into {self.folder} was cut off; import the data again.")
        raise CurationError(
            f"{self.folder} holds no data yet",
            command=f"import some with: {COMMAND} import DATA",
            page="open some on the Data page",
        )

    def last_import(self) -> Dataset | None:
        """Return what was last imported, whether or not the records are whole; None where nothing was."""
        return read_dataset(self.folder / "dataset.json")

    def sources(self) -> tuple[Source, ...]:
        """Return every file that the records were imported from."""
        return self.dataset().sources

    def records(self) -> RecordTable:
        """Return the imported records."""
        self.dataset()
        return RecordTable(self.folder / "records.arrow")

    def check_records(self) -> None:
        """Raise CurationError unless records.arrow holds, to the byte, what the import wrote. It is read whole.

        A workspace of an earlier version has no checksum; it is made here, and holds from then on.
        """
        if is_whole(self.folder, self.dataset()):
            return
        with self.data_held():  # an import in between replaces one file after the other
            pass

    @contextlib.contextmanager
    def data_held(self) -> Iterator[None]:
        """Keep imports from beginning in the block, once one that goes on has ended; see `check_records` for what is raised."""
        with self.lock("import", "data"):
            held = self.dataset()
            if held.records_sha256 and not is_whole(self.folder, held):
                path = self.folder / "records.arrow"
                raise damaged(f"{path} was changed since the import (its checksum differs)", self.folder)
            if not held.records_sha256 and not self.is_read_only:  # else there is nowhere to write it down
                sha256 = file_sha256(self.folder / "records.arrow")
                write_dataset(self.folder / "dataset.json", dataclasses.replace(held, records_sha256=sha256))
            yield

    def import_data(
        self, data: Data, params: RecordParams, progress: Progress = no_progress, engine: Engine = LOCAL
    ) -> Dataset:
        """Read `data` (see `open_pool`) into the workspace; the same data and params again is no work. At an error nothing changes.

        Decisions about records find them again in the new data by content. Damaged records are written anew. What lies on a
        hub is fetched first, where it is not there yet. engine: what reads the files, where they are several; with a store it is
        done here, where they lie.
        """
        access.require(access.IMPORT)
        data = self.fetch(data)
        with self._importing():
            pool = open_pool(data, self._fetched)
            read_all = (
                None if engine.is_local or engine.store else functools.partial(self._read_all, engine, params, progress)
            )
            held = read_into(self.folder, pool, params, progress, self._keep_hashes, read_all)
            for each in self.artifacts.glob("records-*.shards"):  # also of an import that failed
                shutil.rmtree(each, ignore_errors=True)
            return held

    def _read_all(
        self,
        engine: Engine,
        params: RecordParams,
        progress: Progress,
        fingerprint: str,
        hashed: Sequence[str],
        parts: Sequence[Part],
    ) -> ReadPart | None:
        return read_on_nodes(engine, self.shard_folder("records", fingerprint), params, progress, hashed, parts)

    def fetch(self, data: Data, progress: Progress = no_progress) -> list[str]:
        """Fetch what `data` names on a hub; return the several it names, those of a hub each as one split at a commit."""
        access.require(access.IMPORT)
        return fetch_all(data, self._fetched, progress, functools.partial(check_room, self.folder))

    @property
    def _fetched(self) -> Path:
        return self.folder / "hub"

    @contextlib.contextmanager
    def _importing(self) -> Iterator[None]:
        self.check_writable()
        lock = self.lock("import", "data")
        try:
            while not lock.is_locked:
                with contextlib.suppress(FileNotFoundError):  # the folder was removed while this waited
                    lock.acquire()
                self._make()
            yield
        finally:
            lock.release()

    def rejects(self, limit: int = 1000) -> list[Reject]:
        """Return the first records that were not taken."""
        path = self.folder / "rejects.jsonl"
        if not path.exists():
            return []
        with path.open(encoding="utf-8") as file:
            return [Reject(**json.loads(line)) for _, line in zip(range(limit), file, strict=False)]

    def hashes(self, column: str = "raw") -> np.ndarray:
        """Return the (n,) V16 content hashes of the records' original text, or of another column; made once.

        The import makes those of the original text; they stay, for decisions find their records by them in other data.
        """
        key = self.dataset().fingerprint + ("" if column == "raw" else f"-{column}")
        if not self.has("hashes", key):
            self.check_records()
            hashes = b"".join(content_hashes(batch[column]) for batch in self.records().batches([column]))
            self._keep_hashes(key, np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES))
        return hashes_in(self, key)

    def _keep_hashes(self, key: str, hashes: np.ndarray) -> None:
        self.save("hashes", key, {}, value=hashes)


def hashes_in(artifacts: Artifacts, key: str) -> np.ndarray | None:
    """Return the (n,) V16 hashes of the records of an import, today's or an earlier one; None where they are not there."""
    if not artifacts.has("hashes", key):
        return None
    return np.ascontiguousarray(artifacts.array("hashes", key)).view(f"V{HASH_BYTES}").ravel()
