"""Importing: a data file becomes a workspace's records, with a checksum, whole or not at all."""

import concurrent.futures
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.files import file_sha256, replacing
from ..base.params import digest
from ..base.progress import Progress
from .dataset import Dataset, dataset_name, read_dataset, write_dataset
from .records import HASH_BYTES, SCHEMA, RecordParams, Reject, content_hashes, load_records
from .targets import source_of

RECORDS_VERSION = 1
KeepHashes = Callable[
    [str, np.ndarray], None
]  # told of a fingerprint and the (n, 16) uint8 content hashes of its records


def is_whole(folder: Path, held: Dataset) -> bool:
    """Whether a workspace's records are, to the byte, what the import wrote; they are read whole. Not known is no."""
    path = folder / "records.arrow"
    return bool(held.records_sha256) and path.exists() and file_sha256(path) == held.records_sha256


def read_into(
    folder: Path, data: Path, params: RecordParams, progress: Progress, keep_hashes: KeepHashes = lambda *_: None
) -> Dataset:
    """Read `data` into a workspace's folder, whose import lock the caller holds. What is there and whole is no work.

    keep_hashes: told of the records' hashes before they are there, so that whatever is decided about them is known by these.
    Raises CurationError where the folder holds other data, or the data can't be read; then nothing has changed.
    """
    source = source_of(data)
    fingerprint = digest(RECORDS_VERSION, source.sha256, data.suffixes, params.as_dict())
    held = _held(folder)
    if held is not None:
        same = any(source.path == known.path or source.sha256 == known.sha256 for known in held.sources)
        if not same and source.path != held.path:
            raise CurationError(
                f"The workspace {folder} holds {held.path}",
                command=f"give {data} a workspace of its own with --workspace.",
                page=f"open {data} on the Data page, where it gets a workspace of its own",
            )
        if held.fingerprint == fingerprint and is_whole(folder, held):
            return _keep(folder, held, held.with_source(source))
    rejects: list[Reject] = []
    with replacing(folder / "records.arrow") as temporary:
        fields, batches = load_records(data, params, rejects.append)
        hashes = _write_batches(temporary, batches, fingerprint, progress)
        records_sha256 = file_sha256(temporary)
        with replacing(folder / "rejects.jsonl") as list_path, list_path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(dataclasses.asdict(r), ensure_ascii=False) + "\n" for r in rejects)
        keep_hashes(fingerprint, hashes)
    dataset = Dataset(
        name=dataset_name(data),
        path=source.path,
        sha256=source.sha256,
        fields=str(fields),
        params=params.as_dict(),
        n_records=len(hashes),
        n_rejects=len(rejects),
        fingerprint=fingerprint,
        records_sha256=records_sha256,
        sources=(source,) if held is None else held.with_source(source).sources,
    )
    return _keep(folder, held, dataset)


def _held(folder: Path) -> Dataset | None:
    """Return what a new import has to go by: nothing, where dataset.json is damaged and is to be written anew."""
    try:
        return read_dataset(folder / "dataset.json")
    except CurationError:
        return None


def _keep(folder: Path, held: Dataset | None, dataset: Dataset) -> Dataset:
    if dataset != held:
        write_dataset(folder / "dataset.json", dataset)
    return dataset


def _write_batches(path: Path, batches: Iterator[pa.RecordBatch], fingerprint: str, progress: Progress) -> np.ndarray:
    """Write batches to an Arrow file, one being written while the next is read; return the records' (n, 16) uint8 hashes."""
    hashes = bytearray()
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
            hashes += content_hashes(batch["raw"])
            progress(len(hashes) // HASH_BYTES, 0)
        writing.result()
    return np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES)
