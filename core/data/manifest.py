"""Export: the chosen records as JSONL, byte for byte, with a manifest from which anybody can rebuild and check it."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import CurationError
from ..base.files import file_sha256, replacing, write_json
from .record_table import RecordTable
from .records import RecordParams, load_records
from .targets import manifest_path

FORMAT = "winnow-manifest/1"
_LIBRARIES = ("numpy", "pyarrow", "faiss-cpu", "torch", "sentence-transformers", "umap-learn", "scikit-learn")
_BLOCK_ROWS = 8192


def export_lines(records: RecordTable, rows: np.ndarray) -> Iterable[bytes]:
    """Yield the kept text of `rows` as lines, in pool order; a row given twice comes twice."""
    rows = np.sort(np.asarray(rows, dtype=np.int64))
    for start in range(0, len(rows), _BLOCK_ROWS):
        raws = records.take(rows[start : start + _BLOCK_ROWS], ["raw"])["raw"]
        yield from (raw.encode() + b"\n" for raw in raws.to_pylist())


def write_jsonl(lines: Iterable[bytes], out: Path) -> str:
    """Write lines to `out`, whole or not at all, and return the sha256 of the bytes."""
    hasher = hashlib.sha256()
    try:
        with replacing(Path(out)) as temporary, temporary.open("wb") as file:
            for line in lines:
                hasher.update(line)
                file.write(line)
    except OSError as error:
        raise CurationError(
            f"{out} can't be written ({error.strerror}); give a path in a folder you may write to."
        ) from error
    return hasher.hexdigest()


def write_manifest(out: Path, output_sha256: str, rows: np.ndarray, facts: dict[str, Any]) -> Path:
    """Write the manifest of the export `out` and return its path. `facts` are put in whole (dataset, stages, …)."""
    rows = np.sort(np.asarray(rows, dtype=np.int64))
    manifest = {
        "format": FORMAT,
        "input": facts.pop("input"),
        "output": {"file": Path(out).name, "sha256": output_sha256, "n_lines": len(rows)},
        **facts,
        "versions": library_versions(),
        "row_ids": rows.tolist(),
    }
    path = manifest_path(out)
    write_json(path, manifest)
    return path


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def verify(manifest: Path, data: Path, output: Path | None = None) -> dict[str, Any]:
    """Rebuild an export from its source and compare; return the manifest.

    data: the source file. output: the export, by default the file of the manifest's name beside it.
    Raises CurationError saying what disagrees.
    """
    held = _read_manifest(Path(manifest))
    output = output or Path(manifest).parent / held["output"]["file"]
    complaints = []
    if file_sha256(data) != held["input"]["sha256"]:
        complaints.append(f"{data} is not the data the manifest names (its sha256 differs)")
    if file_sha256(output) != held["output"]["sha256"]:
        complaints.append(f"{output} was changed after it was exported (its sha256 differs)")
    if complaints:
        raise CurationError("; ".join(complaints) + ".")
    hasher = hashlib.sha256()
    for line in _rebuild(held, Path(data)):
        hasher.update(line)
    if hasher.hexdigest() != held["output"]["sha256"]:
        raise CurationError(
            f"{output} is not what the records {held['input']['file']} and the manifest's row ids give."
        )
    return held


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        known = held["format"] == FORMAT
        if known:
            parts = (held["input"]["sha256"], held["input"]["params"], held["output"]["sha256"], held["output"]["file"])
            if not all(parts) or held["output"]["n_lines"] != len(held["row_ids"]):
                raise ValueError("its input, output and row ids do not agree")
            np.array(held["row_ids"], dtype=np.int64)
    except OSError as error:
        raise CurationError(f"{path} can't be read ({error.strerror}); give the path of a .manifest.json.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CurationError(f"{path} is not a Winnow manifest ({type(error).__name__}: {error}).") from error
    if not known:
        raise CurationError(f"{path} has the format {held['format']!r}; this version reads {FORMAT!r}.")
    return held


def _rebuild(held: dict[str, Any], data: Path) -> Iterable[bytes]:
    """Yield the export's lines from the source alone, block by block."""
    rows = np.asarray(held["row_ids"], dtype=np.int64)
    _, batches = load_records(data, RecordParams.from_dict(held["input"]["params"]))
    start = 0
    for batch in batches:
        inside = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + len(batch))] - start
        raws = batch["raw"]
        yield from (raws[int(row)].as_py().encode() + b"\n" for row in inside)
        start += len(batch)
