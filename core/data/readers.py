"""Files to entries: JSONL, JSON, CSV and Parquet, plain or compressed, one entry a record, its original text kept.

Knows nothing of prompts and responses (`records.py` does). An entry is a tuple `(place, raw, value, reason)`:
`place` is the line (JSONL, CSV) or the 1-based record number (JSON, Parquet), `raw` the record's original text in UTF-8,
`value` the parsed object, or None where `reason` says why there is none.
"""

import csv
import io
import itertools
import json
import lzma
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from ..base.errors import CurationError
from ..base.plain_files import check_plain_file
from ..base.text import counted, first_line, shorten
from .bounds import MOST_DEEP, Expansion, most_record, too_deep, too_large
from .json_array import arrays_inside, read_array
from .layouts.names import CHATS, SPLITS, WRAPPERS
from .parquet_rows import read_rows
from .streams import Counted, asks_too_much, lines, open_stream

Entry = tuple[int, bytes, dict[str, Any] | None, str]
COMPRESSIONS = (".gz", ".xz", ".zst")
FORMATS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_SHOWN = 1000  # bytes kept of a record that is too large
_HEAD_BYTES = 1 << 24


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
    check_plain_file(path, f"give the path of a {', '.join(FORMATS)} file")
    kind, compression = file_format(path)
    readers = {".json": _read_json, ".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(kind, _read_jsonl)
    try:
        with open_stream(path, compression) as file:
            yield from reader(file, path)
    except (EOFError, lzma.LZMAError, zlib.error, OSError, pa.ArrowException) as error:
        told = first_line(error)
        if asks_too_much(error, compression):
            raise CurationError(
                f"{path.name} asks for more memory to be unpacked than it gets ({told}); pack it anew with usual settings."
            ) from error
        raise CurationError(f"{path.name} can't be read to its end ({told}); is the file whole?") from error


def head_of(entries: Iterator[Entry], most: int) -> list[Entry]:
    """Return the first entries, `most` at most, fewer where they are large."""
    head, n = [], 0
    for entry in itertools.islice(entries, most):
        head.append(entry)
        n += len(entry[1])
        if n > _HEAD_BYTES:
            break
    return head


def _read_jsonl(file: BinaryIO, path: Path) -> Iterator[Entry]:
    most = most_record()
    for place, line in enumerate(lines(file, most), start=1):
        if place == 1 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if line.strip():  # an empty line holds no record
            yield _parse(place, line, most)


def _parse(place: int, raw: bytes, most: int) -> Entry:
    if len(raw) > most:
        return place, raw[:_SHOWN], None, too_large(most)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return place, raw, None, f"not JSON ({error})"
    if not isinstance(value, dict):
        return place, raw, None, f"not a JSON object but {_kind(value)}"
    brackets = raw.count(b"{") + raw.count(b"[")
    if brackets > MOST_DEEP and (n := too_deep(value, brackets)):
        return place, raw, None, f"it is nested {n} levels deep, and may be {MOST_DEEP}"
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
        most = most_record()
        for place, raw in read_array(text, path.name, inside):
            yield _parse(place, raw, most)
    except UnicodeDecodeError as error:
        raise CurationError(f"{path.name} is not UTF-8 ({error}); convert it to UTF-8.") from error
    finally:
        text.detach()


def _array_inside(path: Path) -> str | None:
    """Return under which name an object wraps the array of records, "" where the file is no such object.

    A name that is known for it counts first, else the only array of objects does. None where objects follow each other: lines.
    """
    with open_stream(path, file_format(path)[1]) as file:
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
    most, watched, expansion = most_record(), _Watched(file, path), Expansion(path)
    text = io.TextIOWrapper(watched, encoding="utf-8-sig", newline="")
    csv.field_size_limit(max(most, 1 << 27))
    rows = csv.reader(text, delimiter="\t" if file_format(path)[0] == ".tsv" else ",", strict=True)
    try:
        names = next(rows, None)
        if not names or len(set(names)) < len(names):
            shown = shorten(str(names), 200)
            raise CurationError(f"{path.name}: the first line must name the columns, each once; it reads {shown}.")
        end = rows.line_num
        for row in rows:
            watched.since = 0
            place, end = end + 1, rows.line_num
            if row:
                entry = _csv_entry(place, row, names, most)
                expansion.count(len(entry[1]))
                yield entry
    except (csv.Error, UnicodeDecodeError) as error:
        raise CurationError(
            f"{path.name}, line {rows.line_num}: not CSV in UTF-8 ({error}); the rest can't be read past that. "
            "Fix it, or convert the file to .jsonl."
        ) from error
    finally:
        text.detach()


class _Watched(Counted):
    """The bytes of a CSV file, which may be one row without an end."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file)
        self._most, self._path = most_record(), path

    def read1(self, size: int = -1) -> bytes:
        """Return some of the next bytes. Raises CurationError where a row grows too large."""
        if self.since > self._most:
            raise CurationError(f"{self._path.name} holds a row that can't be read: {too_large(self._most)}.")
        return super().read1(size)


def _csv_entry(place: int, row: list[str], names: list[str], most: int) -> Entry:
    if len(row) != len(names):
        raw = json.dumps(row, ensure_ascii=False).encode()
        return place, raw, None, f"{counted(len(row), 'field')} where the header names {len(names)}"
    value = dict(zip(names, row, strict=True))
    raw = orjson.dumps(value)
    return (place, raw, value, "") if len(raw) <= most else (place, raw[:_SHOWN], None, too_large(most))


def _read_parquet(file: BinaryIO, path: Path) -> Iterator[Entry]:
    """Yield a Parquet file's rows; of one that is packed once more, from a copy on disk, for it is read from its end."""
    if path.suffix.lower() == ".parquet":
        yield from read_rows(file, path, most_record())
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy, 1 << 20)
        copy.seek(0)
        yield from read_rows(copy, path, most_record())
