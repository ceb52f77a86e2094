"""The workspace: a folder where the app, the command line and the jobs meet. The only module that knows its layout.

dataset.json                    what was imported, from where, how
records.arrow                   the records (`records.SCHEMA`)
rejects.jsonl                   what was not taken, and why
artifacts/<stage>-<key>.*       results; the .json beside them is written last and says the result is whole
workspace.db                    decisions, selections, settings, jobs (`ledger.py`)
"""

import concurrent.futures
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pyarrow as pa

from core.errors import CurationError
from core.files import file_sha256, read_table, replacing, write_array, write_json, write_table
from core.ledger import Ledger
from core.overrides import Decision, Overrides, resolve_overrides, rows_by_hash
from core.params import digest
from core.progress import Progress, no_progress
from core.readers import COMPRESSIONS
from core.record_table import RecordTable
from core.records import SCHEMA, RecordParams, Reject, content_hash, load_records

RECORDS_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What a workspace holds. fingerprint: changes when the records may."""

    name: str
    path: str
    sha256: str
    fields: str
    params: dict[str, Any]
    n_records: int
    n_rejects: int
    fingerprint: str

    def as_input(self) -> dict[str, Any]:
        """Return what a manifest says of the data: the file's name, not where it lay."""
        names = ("sha256", "n_records", "n_rejects", "fields", "params")
        return {"file": Path(self.path).name} | {name: getattr(self, name) for name in names}


def default_folder(data: Path) -> Path:
    """Return the workspace folder of a data file: $WINNOW_HOME, or `workspaces`, then the file's name without suffixes."""
    return home() / dataset_name(data)


def home() -> Path:
    """Return the folder that holds the workspaces."""
    return Path(os.environ.get("WINNOW_HOME", "workspaces"))


def dataset_name(data: Path) -> str:
    """Return the name of a dataset: "pool.jsonl.xz" -> "pool"."""
    name = Path(data).name
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    return Path(name).stem


class Workspace:
    """One workspace folder, opened or made anew. Nothing is held open between calls."""

    def __init__(self, folder: Path | str, create: bool = False) -> None:
        self.folder = Path(folder)
        if not create and not (self.folder / "workspace.db").exists():
            raise CurationError(
                f"{folder} is not a workspace",
                command=f"make one with: python -m core import DATA --workspace {folder}",
                page="open its data on the Data page",
            )
        self._is_new = not self.folder.exists()
        self.artifacts = self.folder / "artifacts"
        self.artifacts.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(self.folder / "workspace.db")

    def remove(self) -> None:
        """Remove the folder, if this object made it and nothing was imported. One that was there before is never touched."""
        if self._is_new and not self.has_data:
            shutil.rmtree(self.folder, ignore_errors=True)

    # The dataset

    @property
    def has_data(self) -> bool:
        """Whether something was imported, to its end: dataset.json and records.arrow speak of the same import."""
        told = self._told()
        records = self.folder / "records.arrow"
        return told is not None and records.exists() and RecordTable(records).fingerprint == told.fingerprint

    def dataset(self) -> Dataset:
        """Return what was imported. Raises CurationError where nothing was, or the import was cut off."""
        if self.has_data:
            return self._told()
        if self._told() is not None:
            raise CurationError(f"An import into {self.folder} was cut off; import the data again.")
        raise CurationError(
            f"{self.folder} holds no data yet",
            command="import some with: python -m core import DATA",
            page="open some on the Data page",
        )

    def _told(self) -> Dataset | None:
        path = self.folder / "dataset.json"
        return Dataset(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def records(self) -> RecordTable:
        """Return the imported records."""
        self.dataset()
        return RecordTable(self.folder / "records.arrow")

    def import_data(self, data: Path, params: RecordParams, progress: Progress = no_progress) -> Dataset:
        """Read `data` into the workspace; the same data and params again is no work. At an error nothing changes.

        Decisions about records find them again in the new data by content.
        """
        with self.lock("import", "data"):
            return self._import(Path(data), params, progress)

    def _import(self, data: Path, params: RecordParams, progress: Progress) -> Dataset:
        sha256 = file_sha256(data)
        fingerprint = digest(RECORDS_VERSION, sha256, data.suffixes, params.as_dict())
        if self.has_data:
            held = self.dataset()
            if Path(held.path) != data.resolve() and held.sha256 != sha256:
                raise CurationError(
                    f"The workspace {self.folder} holds {held.path}",
                    command=f"give {data} a workspace of its own with --workspace.",
                    page=f"open {data} on the Data page, where it gets a workspace of its own",
                )
            if held.fingerprint == fingerprint:
                return held
        rejects: list[Reject] = []
        with replacing(self.folder / "records.arrow") as temporary:
            fields, batches = load_records(data, params, rejects.append)
            n_records = _write_batches(temporary, batches, fingerprint, progress)
            with replacing(self.folder / "rejects.jsonl") as list_path, list_path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(dataclasses.asdict(r), ensure_ascii=False) + "\n" for r in rejects)
        dataset = Dataset(
            name=dataset_name(data),
            path=str(data.resolve()),
            sha256=sha256,
            fields=str(fields),
            params=params.as_dict(),
            n_records=n_records,
            n_rejects=len(rejects),
            fingerprint=fingerprint,
        )
        write_json(self.folder / "dataset.json", dataclasses.asdict(dataset))
        return dataset

    def rejects(self, limit: int = 1000) -> list[Reject]:
        """Return the first records that were not taken."""
        path = self.folder / "rejects.jsonl"
        if not path.exists():
            return []
        with path.open(encoding="utf-8") as file:
            return [Reject(**json.loads(line)) for _, line in zip(range(limit), file, strict=False)]

    # Artifacts

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

    # Decisions

    def decide_records(self, action: str, rows: np.ndarray, who: str = "", note: str = "") -> Decision:
        """Pin, drop or clear records. rows: (m,) row ids. Raises CurationError for a row out of range or no row."""
        rows = np.unique(np.asarray(rows, dtype=np.int64))
        if not len(rows):
            raise CurationError(f"No record to {action}; name at least one.")
        raws = self.records().take(rows, ["raw"])["raw"].to_pylist()
        return self.ledger.add_decision(
            Decision(
                action=action,
                rows=rows,
                hashes=tuple(content_hash(raw) for raw in raws),
                fingerprint=self.dataset().fingerprint,
                who=who,
                note=note,
            )
        )

    def rows_of(self, decision: Decision) -> np.ndarray:
        """Return the rows that a record decision is about in today's data; records no longer there are left out."""
        if decision.fingerprint == self.dataset().fingerprint:
            return decision.rows
        return rows_by_hash(decision.hashes, self.hashes())

    def hashes(self, column: str = "raw") -> np.ndarray:
        """Return the (n,) V16 content hashes of the records' original text, or of another column; made once."""
        key = self.dataset().fingerprint + ("" if column == "raw" else f"-{column}")
        if not self.has("hashes", key):
            texts = (text for batch in self.records().batches([column]) for text in batch[column].to_pylist())
            hashes = b"".join(content_hash(text) for text in texts)
            self.save("hashes", key, {}, value=np.frombuffer(hashes, np.uint8).reshape(-1, 16))
        return np.ascontiguousarray(self.array("hashes", key)).view("V16").ravel()

    def overrides(self, labels: np.ndarray | None, clustering: str) -> Overrides:
        """Return the constraints in force, given the current clustering (or None and "")."""
        return resolve_overrides(
            self.ledger.decisions(), self.dataset().n_records, labels, clustering, rows_of=self.rows_of
        )


def _write_batches(path: Path, batches: Iterator[pa.RecordBatch], fingerprint: str, progress: Progress) -> int:
    """Write batches to an Arrow file, one being written while the next is read; return the number of records."""
    n_records = 0
    schema = SCHEMA.with_metadata({"fingerprint": fingerprint})
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        writing = pool.submit(lambda: None)
        for batch in batches:
            writing.result()
            writing = pool.submit(writer.write_batch, batch)
            n_records += len(batch)
            progress(n_records, 0)
        writing.result()
    return n_records
