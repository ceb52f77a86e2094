"""Export: the chosen records as JSONL, byte for byte, with a manifest from which anybody can rebuild and check it."""

import hashlib
import importlib.metadata
import json
import platform
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import CurationError
from ..base.files import Replacing, file_sha256, replacing, write_json
from .editing import edited
from .fields import FieldMap, parse_fields
from .layouts.understood import Understood
from .mixing import load_pool
from .pool import Data, DataFile, Pool, open_pool
from .record_table import RecordTable
from .records import RecordParams
from .targets import manifest_path
from .trainer_formats import TRAINERS
from .trainers import made_for

FORMAT = "winnow-manifest/1"
_LIBRARIES = ("numpy", "pyarrow", "faiss-cpu", "torch", "sentence-transformers", "umap-learn", "scikit-learn")
_BLOCK_ROWS = 8192


def export_lines(
    records: RecordTable, rows: np.ndarray, edited_raws: Mapping[int, str] = types.MappingProxyType({})
) -> Iterable[bytes]:
    """Yield the kept text of `rows` as lines, in pool order; a row given twice comes twice.

    edited_raws: {row: its text in place of the kept one}, of records that were corrected.
    """
    rows = np.sort(np.asarray(rows, dtype=np.int64))
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS]
        raws = records.take(block, ["raw"])["raw"].to_pylist()
        if edited_raws:
            raws = [edited_raws.get(row, raw) for row, raw in zip(block.tolist(), raws, strict=True)]
        yield from (raw.encode() + b"\n" for raw in raws)


def write_jsonl(lines: Iterable[bytes], out: Path, replace: Replacing = replacing) -> str:
    """Write lines to `out`, whole or not at all, and return the sha256 of the bytes. replace: see `write_json`."""
    hasher = hashlib.sha256()
    try:
        with replace(Path(out)) as temporary, temporary.open("wb") as file:
            for line in lines:
                hasher.update(line)
                file.write(line)
    except OSError as error:
        raise CurationError(
            f"{out} can't be written ({error.strerror}); give a path in a folder you may write to."
        ) from error
    return hasher.hexdigest()


def write_manifest(
    out: Path, output_sha256: str, rows: np.ndarray, facts: dict[str, Any], replace: Replacing = replacing
) -> Path:
    """Write the manifest of the export `out` and return its path. `facts` are put in whole (dataset, stages, …).

    facts["edits"]: where there are any, {row, field, text, …} of each, in order: what was written in place of the original.
    """
    rows = np.sort(np.asarray(rows, dtype=np.int64))
    manifest = {
        "format": FORMAT,
        "input": facts.pop("input"),
        "output": {"file": Path(out).name, "sha256": output_sha256, "n_lines": len(rows), **_edited_facts(facts)},
        **facts,
        "versions": library_versions(),
        "row_ids": rows.tolist(),
    }
    path = manifest_path(out)
    write_json(path, manifest, replace)
    return path


def _edited_facts(facts: dict[str, Any]) -> dict[str, int]:
    edited_rows = {edit["row"] for edit in facts.get("edits", [])}
    return {"n_edited_records": len(edited_rows)} if edited_rows else {}


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def verify(manifest: Path, data: Data, output: Path | None = None) -> dict[str, Any]:
    """Rebuild an export from its source and compare; return the manifest.

    data: the source file, or what holds all files that the manifest names.
    output: the export, by default the file of the manifest's name beside it.
    Raises CurationError saying what disagrees.
    """
    held = _read_manifest(Path(manifest))
    output = output or Path(manifest).parent / held["output"]["file"]
    pool, complaints = _pool_of(held["input"], data)
    for path, sha256 in _outputs(held, output):
        if file_sha256(path) != sha256:
            complaints.append(f"{path} was changed after it was exported (its sha256 differs)")
    if complaints:
        raise CurationError("; ".join(complaints) + ".")
    hasher, parts = hashlib.sha256(), _Parts(held)
    for line in _rebuild(held, pool):
        hasher.update(line)
        parts.update(line)
    if hasher.hexdigest() != held["output"]["sha256"] or not parts.agree():
        raise CurationError(
            f"{output} is not what the records {held['input']['file']} and the manifest's row ids give."
        )
    return held


def _outputs(held: dict[str, Any], output: Path) -> list[tuple[Path, str]]:
    """Return (file, sha256) of what was written: `output`, or of a split export its parts, in the folder `output` or beside it.

    A push as Parquet has files of its own in place of the lines; that they hold the same was made sure of when they were made.
    """
    if "as_parquet" in held:
        return [(output.with_name(file["file"]), file["sha256"]) for file in held["as_parquet"]]
    if "splits" not in held:
        return [(output, held["output"]["sha256"])]
    folder = output if output.is_dir() else output.parent
    return [(folder / part["file"], part["sha256"]) for part in held["splits"]["parts"]]


class _Parts:
    """The lines of a split export as they are rebuilt, each counted to its part."""

    def __init__(self, held: dict[str, Any]) -> None:
        self._parts = held.get("splits", {}).get("parts", [])
        self._of = np.full(held["output"]["n_lines"], -1)
        for i, part in enumerate(self._parts):
            self._of[part["lines"]] = i
        self._hashers = [hashlib.sha256() for _ in self._parts]
        self._n = 0

    def update(self, line: bytes) -> None:
        if self._parts:
            self._hashers[self._of[self._n]].update(line)
            self._n += 1

    def agree(self) -> bool:
        """Whether each part is what its lines give, and every line is in one."""
        each = zip(self._hashers, self._parts, strict=True)
        return all(made.hexdigest() == part["sha256"] for made, part in each) and (
            not self._parts or self._of.min() >= 0
        )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        known = held["format"] == FORMAT
        if known:
            parts = (held["input"]["sha256"], held["input"]["params"], held["output"]["sha256"], held["output"]["file"])
            if not all(parts) or held["output"]["n_lines"] != len(held["row_ids"]):
                raise ValueError("its input, output and row ids do not agree")
            np.array(held["row_ids"], dtype=np.int64)
            _edits_by_row(held)
    except OSError as error:
        raise CurationError(f"{path} can't be read ({error.strerror}); give the path of a .manifest.json.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CurationError(f"{path} is not a Winnow manifest ({type(error).__name__}: {error}).") from error
    if not known:
        raise CurationError(f"{path} has the format {held['format']!r}; this version reads {FORMAT!r}.")
    return held


def _pool_of(about: dict[str, Any], data: Data) -> tuple[Pool, list[str]]:
    """Return the files that a manifest's input names, found by their hashes, and what is wrong with that."""
    files = about.get("files") or [{"file": about["file"], "sha256": about["sha256"], "source": ""}]
    given = open_pool(data)
    if len(files) == 1 == len(given.files):
        is_it = file_sha256(given.files[0].path) == files[0]["sha256"]
        wrong = f"{given.files[0].path} is not the data the manifest names (its sha256 differs)"
        return Pool((DataFile(given.files[0].path, files[0]["source"]),), given.given), [] if is_it else [wrong]
    found = {file_sha256(file.path): file.path for file in given.files}
    missing = [file["file"] for file in files if file["sha256"] not in found]
    if missing:
        return given, [f"{', '.join(missing)} of the data the manifest names is not there (by its sha256)"]
    return Pool(tuple(DataFile(found[file["sha256"]], file["source"]) for file in files), given.given), []


def _understood_of(about: dict[str, Any]) -> dict[str, Understood]:
    """Return how the records of each source were read."""
    files = about.get("files") or [{"fields": about.get("fields", ""), "source": ""}]
    return {
        file["source"]: Understood(parse_fields(file["fields"]), threads=file.get("threads", False))
        for file in files
        if file["fields"]
    }


def _rebuild(held: dict[str, Any], pool: Pool) -> Iterable[bytes]:
    """Yield the export's lines from the source alone, block by block."""
    rows = np.asarray(held["row_ids"], dtype=np.int64)
    known = _understood_of(held["input"])
    parts, batches = load_pool(pool, RecordParams.from_dict(held["input"]["params"]), known=known)
    edits, start = _edits_by_row(held), 0
    for batch in batches:
        raws = batch["raw"]
        fields = next(part for part in reversed(parts) if part.n_records or part is parts[0]).understood.fields
        for row in rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + len(batch))].tolist():
            raw = raws[row - start].as_py()
            raw = edited(raw, edits[row], fields) if row in edits else raw
            yield _line_of(raw, fields, held.get("for"))
        start += len(batch)


def _line_of(raw: str, fields: FieldMap, told: dict[str, str] | None) -> bytes:
    """Return a record's line: its own bytes, or the row for the trainer that the manifest names."""
    if told is None:
        return raw.encode() + b"\n"
    if told["trainer"] not in TRAINERS:
        raise CurationError(
            f"The manifest names the trainer {told['trainer']!r}; this version knows {', '.join(TRAINERS)}."
        )
    return made_for(raw, fields, TRAINERS[told["trainer"]], told["form"], told["problems"]).line


def _edits_by_row(held: dict[str, Any]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for edit in held.get("edits", []):
        found.setdefault(int(edit["row"]), {})[str(edit["field"])] = str(edit["text"])
    return found
