"""Importing: a data file becomes a workspace's records, with a checksum, whole or not at all."""

import concurrent.futures
import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.files import file_sha256, together
from ..base.params import digest
from ..base.progress import Progress
from .dataset import Dataset, fields_in_words, files_of, read_dataset, write_dataset
from .hub.fetched import Fetched
from .mixing import Part, ReadPart, load_pool
from .pool import Pool
from .records import HASH_BYTES, SCHEMA, RecordParams, Reject, content_hashes
from .targets import Source, source_of

RECORDS_VERSION = 1
KeepHashes = Callable[
    [str, np.ndarray], None
]  # told of a fingerprint and the (n, 16) uint8 content hashes of its records


ReadAll = Callable[[str, Sequence[str], Sequence[Part]], ReadPart | None]


def is_whole(folder: Path, held: Dataset) -> bool:
    """Whether a workspace's records are, to the byte, what the import wrote; they are read whole. Not known is no."""
    path = folder / "records.arrow"
    return bool(held.records_sha256) and path.exists() and file_sha256(path) == held.records_sha256


def rejects_fault(folder: Path, held: Dataset) -> str:
    """Return what is wrong with the list of records that were not taken, "" for nothing, or where no hash of it is known."""
    path = folder / "rejects.jsonl"
    if not held.rejects_sha256 or (path.exists() and file_sha256(path) == held.rejects_sha256):
        return ""
    return "was changed since the import (its checksum differs)" if path.exists() else "is missing"


def read_into(
    folder: Path,
    pool: Pool,
    params: RecordParams,
    progress: Progress,
    keep_hashes: KeepHashes = lambda *_: None,
    read_all: ReadAll | None = None,
) -> Dataset:
    """Read a pool into a workspace's folder, whose import lock the caller holds. What is there and whole is no work.

    Records, rejects and dataset.json get their names together, or none does.
    keep_hashes: told of the records' hashes before they are there, so that whatever is decided about them is known by these.
    read_all: told of the fingerprint, each file's checksum and what else is known of it, reads those of several; see `load_pool`.
    Raises CurationError where the folder holds other data, or the data can't be read; then nothing has changed.
    """
    sources = [source_of(file.path) for file in pool.files]
    _check_fetched(pool, sources, folder / "hub")
    path = sources[0].path if pool.is_one_file and not pool.hub else pool.path
    sha256, fingerprint = _sha256(sources), _fingerprint(pool, sources, params)
    held = _held(folder)
    if held is not None:
        if not _is_same(held, path, sha256, sources):
            raise _holds_other(folder, held, path)
        if held.fingerprint == fingerprint and is_whole(folder, held) and not rejects_fault(folder, held):
            again = dataclasses.replace(held.imported_from(path, pool.given, sources), hub=pool.hub)
            if again != held:
                write_dataset(folder / "dataset.json", again)
            return again
    # Records that were damaged are read as they were: what was made of them goes by this fingerprint.
    known = held.understood_by_source() if held is not None and held.fingerprint == fingerprint else {}
    with together() as replace:
        with replace(folder / "records.arrow") as temporary, replace(folder / "rejects.jsonl") as list_path:
            with list_path.open("w", encoding="utf-8") as file:
                rejects = _Rejects(file)
                hashed = [source.sha256 for source in sources]
                by = functools.partial(read_all, fingerprint, hashed) if read_all else None
                parts, batches = load_pool(pool, params, rejects.add, known, by)
                hashes = _write_batches(temporary, batches, fingerprint, progress)
            records_sha256, rejects_sha256 = file_sha256(temporary), file_sha256(list_path)
        keep_hashes(fingerprint, hashes)
        files = files_of(parts, sources)
        dataset = Dataset(
            name=pool.name,
            path=path,
            sha256=sha256,
            fields=fields_in_words(files),
            params=params.as_dict(),
            n_records=len(hashes),
            n_rejects=rejects.n,
            fingerprint=fingerprint,
            records_sha256=records_sha256,
            rejects_sha256=rejects_sha256,
            sources=tuple(sources) if held is None else held.imported_from(path, pool.given, sources).sources,
            given=pool.given,
            files=files,
            hub=pool.hub,
        )
        write_dataset(folder / "dataset.json", dataset, replace)  # last: it names the hashes of the others
    return dataset


def _holds_other(folder: Path, held: Dataset, path: str) -> CurationError:
    return CurationError(
        f"The workspace {folder} holds {held.path}",
        command=f"give {path} a workspace of its own with --workspace.",
        page=f"open {path} on the Data page, where it gets a workspace of its own",
    )


def check_room(folder: Path, given: Sequence[str], parts: Sequence[Fetched]) -> None:
    """Raise CurationError where a workspace's folder holds other data than what is about to be fetched, as far as can be told.

    given: what names all of the data. parts: of it what is to be fetched.
    """
    held, path = _held(folder), Pool((), tuple(given)).path
    hashes = [file.sha256 for part in parts for file in part.files]
    if held is None or path == held.path or not all(hashes):  # of small files a hub does not say the hash
        return
    if not {source.sha256 for source in held.sources} & {*hashes}:
        raise _holds_other(folder, held, path)


def _check_fetched(pool: Pool, sources: Sequence[Source], folder: Path) -> None:
    """Raise CurationError where a file is no more what the hub listed: it would be said to come from there."""
    fetched = ((path, file) for part in pool.hub for path, file in zip(part.paths_in(folder), part.files, strict=True))
    listed = {str(path.resolve()): file.sha256 for path, file in fetched}
    for source in sources:
        if source.sha256 != listed.get(source.path, source.sha256):
            raise CurationError(f"{source.path} was changed since it was fetched; remove it, and it is fetched again.")


def _sha256(sources: Sequence[Source]) -> str:
    """Return the checksum of the data: of several files, of their checksums in order."""
    if len(sources) == 1:
        return sources[0].sha256
    return hashlib.sha256("".join(source.sha256 for source in sources).encode()).hexdigest()


def _fingerprint(pool: Pool, sources: Sequence[Source], params: RecordParams) -> str:
    suffixes = [file.path.suffixes for file in pool.files]
    if pool.is_one_file:
        return digest(RECORDS_VERSION, sources[0].sha256, suffixes[0], params.as_dict())
    files = [
        [source.sha256, ends, file.source] for source, ends, file in zip(sources, suffixes, pool.files, strict=True)
    ]
    return digest(RECORDS_VERSION, files, params.as_dict())


def _is_same(held: Dataset, path: str, sha256: str, sources: Sequence[Source]) -> bool:
    """Whether what is to be imported is what the workspace holds, moved or changed since."""
    if path == held.path or sha256 == held.sha256:
        return True
    if len(sources) > 1 or len(held.files) > 1:
        return False
    return any(known.path == sources[0].path or known.sha256 == sources[0].sha256 for known in held.sources)


class _Rejects:
    """The list of records that were not taken, written while they are read: there may be as many as lines."""

    def __init__(self, file: TextIO) -> None:
        self._file, self.n = file, 0

    def add(self, reject: Reject) -> None:
        """Write one."""
        held = dataclasses.asdict(reject)
        if not reject.file:
            del held["file"]
        self._file.write(json.dumps(held, ensure_ascii=False) + "\n")
        self.n += 1


def _held(folder: Path) -> Dataset | None:
    """Return what a new import has to go by: nothing, where dataset.json is damaged and is to be written anew."""
    try:
        return read_dataset(folder / "dataset.json")
    except CurationError:
        return None


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
