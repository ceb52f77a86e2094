"""Files to entries: JSONL, JSON, CSV and Parquet, plain or compressed, one entry a record, its original text kept.

Knows nothing of prompts and responses (`records.py` does). An entry is a tuple `(place, raw, value, reason)`:
`place` is the line (JSONL, CSV) or the 1-based record number (JSON, Parquet), `raw` the record's original text in UTF-8,
`value` the parsed object, or None where `reason` says why there is none.
"""

import base64
import concurrent.futures
import csv
import datetime
import decimal
import gzip
import io
import json
import lzma
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from ..base.errors import CurationError
from ..base.text import counted
from .json_array import arrays_inside, read_array
from .layouts.names import CHATS, SPLITS, WRAPPERS

Entry = tuple[int, bytes, dict[str, Any] | None, str]
COMPRESSIONS = (".gz", ".xz", ".zst")
FORMATS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_CHUNK = 1 << 22


def file_format(path: Path) -> tuple[str, str]:
    """Return (format, compression) from the name: "data.jsonl.xz" -> (".jsonl", ".xz"). Raises CurationError."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else ""
    if not suffixes or suffixes[-1] not in FORMATS:
        raise CurationError(
            f"{path.name} is not a format Winnow reads; it reads {', '.join(FORMATS)}, each also with {', '.join(COMPRESSIONS)}."
        )
    return suffixes[-1], compression


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a file in order. Raises CurationError where the file as a whole cannot be read."""
    if not path.is_file():
        raise CurationError(f"{path} is not a file; give the path of a {', '.join(FORMATS)} file.")
    kind, compression = file_format(path)
    readers = {".json": _read_json, ".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(kind, _read_jsonl)
    try:
        with _open(path, compression) as file:
            yield from reader(file, path)
    except (EOFError, lzma.LZMAError, zlib.error, OSError, pa.ArrowInvalid) as error:
        raise CurationError(f"{path.name} can't be read to its end ({error}); is the file whole?") from error


def _open(path: Path, compression: str) -> BinaryIO:
    if compression == ".gz":
        return gzip.open(path)
    if compression == ".xz":
        return lzma.open(path)
    if compression == ".zst":
        return pa.input_stream(path, compression="zstd")
    return path.open("rb")


def _read_jsonl(file: BinaryIO, path: Path) -> Iterator[Entry]:
    for place, line in enumerate(_lines(file), start=1):
        if place == 1 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if line.strip():  # an empty line holds no record
            yield _parse(place, line)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines without their newline; only b"\\n" ends a line, so the bytes of a record stay as they are."""
    rest = b""
    for chunk in _ahead(file):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _ahead(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file's chunks, the next one read (and decompressed) on a thread while this one is used."""
    with concurrent.futures.ThreadPoolExecutor(1) as reader:
        coming = reader.submit(file.read, _CHUNK)
        while chunk := coming.result():
            coming = reader.submit(file.read, _CHUNK)
            yield bytes(chunk)


def _parse(place: int, raw: bytes) -> Entry:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return place, raw, None, f"not JSON ({error})"
    if not isinstance(value, dict):
        return place, raw, None, f"not a JSON object but {_kind(value)}"
    return place, raw, value, ""


def _kind(value: Any) -> str:
    return {list: "an array", str: "a string", bool: "true or false", type(None): "null"}.get(type(value), "a number")


def _read_json(file: BinaryIO, path: Path) -> Iterator[Entry]:
    inside = _array_inside(path)
    if inside is None:
        yield from _read_jsonl(file, path)
        return
    text = io.TextIOWrapper(file, encoding="utf-8-sig")
    try:
        for place, raw in read_array(text, path.name, inside):
            yield _parse(place, raw)
    except UnicodeDecodeError as error:
        raise CurationError(f"{path.name} is not UTF-8 ({error}); convert it to UTF-8.") from error
    finally:
        text.detach()


def _array_inside(path: Path) -> str | None:
    """Return under which name an object wraps the array of records, "" where the file is no such object.

    A name that is known for it counts first, else the only array of objects does. None where objects follow each other: lines.
    """
    with _open(path, file_format(path)[1]) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig")
        try:
            names, more = arrays_inside(text, path.name)
        except UnicodeDecodeError as error:
            raise CurationError(f"{path.name} is not UTF-8 ({error}); convert it to UTF-8.") from error
        finally:
            text.detach()
    if more:
        return None
    known = [name for name in names if name.lower() in WRAPPERS]
    found = known or [name for name in names if name not in CHATS]
    found += [name for name in names if name.lower() in SPLITS and name not in found]
    if len(found) > 1:
        raise CurationError(
            f"{path.name} holds several arrays of records, {', '.join(found)}; write the one that you want to a file of its own."
        )
    return "".join(found)


def _read_csv(file: BinaryIO, path: Path) -> Iterator[Entry]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    csv.field_size_limit(1 << 27)
    rows = csv.reader(text, delimiter="\t" if file_format(path)[0] == ".tsv" else ",", strict=True)
    try:
        names = next(rows, None)
        if not names or len(set(names)) < len(names):
            raise CurationError(f"{path.name}: the first line must name the columns, each once; it reads {names}.")
        end = rows.line_num
        for row in rows:
            place, end = end + 1, rows.line_num
            if row:
                yield _csv_entry(place, row, names)
    except (csv.Error, UnicodeDecodeError) as error:
        raise CurationError(
            f"{path.name}, line {rows.line_num}: not CSV in UTF-8 ({error}); the rest can't be read past that. "
            "Fix it, or convert the file to .jsonl."
        ) from error
    finally:
        text.detach()


def _csv_entry(place: int, row: list[str], names: list[str]) -> Entry:
    if len(row) != len(names):
        raw = json.dumps(row, ensure_ascii=False).encode()
        return place, raw, None, f"{counted(len(row), 'field')} where the header names {len(names)}"
    value = dict(zip(names, row, strict=True))
    return place, orjson.dumps(value), value, ""


def _read_parquet(file: BinaryIO, path: Path) -> Iterator[Entry]:
    from pyarrow import parquet

    source = file if path.suffix.lower() == ".parquet" else pa.BufferReader(file.read())
    opened = parquet.ParquetFile(source)
    names = opened.schema_arrow.names
    if len(set(names)) < len(names):
        raise CurationError(f"{path.name} has two columns of one name; its columns are {', '.join(names)}.")
    place = 0
    for batch in opened.iter_batches(batch_size=4096):
        try:
            values = _whole_times(batch).to_pylist()
        except (OverflowError, UnicodeDecodeError) as error:
            raise CurationError(
                f"{path.name}, records {place + 1} to {place + len(batch)}: a value can't be written as JSON ({error})."
            ) from error
        for value in values:
            place += 1
            plain = _plain(value)
            yield place, json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(), plain, ""


def _whole_times(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Write times of day with nanoseconds as text: Python's own times would cut them to microseconds."""
    for i, field in enumerate(batch.schema):
        if field.type == pa.time64("ns"):
            batch = batch.set_column(i, field.name, batch.column(i).cast(pa.string()))
    return batch


def _plain(value: Any) -> Any:
    """Return a Parquet value as JSON can hold it, with nothing rounded: what JSON lacks becomes its full text."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
