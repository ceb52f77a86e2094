"""Files to entries: JSONL, JSON, CSV and Parquet, plain or compressed, one entry a record, its original text kept.

Knows nothing of prompts and responses (`records.py` does). An entry is a tuple `(place, raw, value, reason)`:
`place` is the line (JSONL, CSV) or the 1-based record number (JSON, Parquet), `raw` the record's original text in UTF-8,
`value` the parsed object, or None where `reason` says why there is none.
"""

import base64
import csv
import datetime
import decimal
import gzip
import io
import json
import lzma
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from core.errors import CurationError

Entry = tuple[int, bytes, dict[str, Any] | None, str]

COMPRESSIONS = (".gz", ".xz", ".zst")
FORMATS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_CHUNK = 1 << 22
_SPACE_OUTSIDE_STRINGS = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


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
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, OSError, pa.ArrowInvalid) as error:
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
    while chunk := file.read(_CHUNK):
        *lines, rest = (rest + bytes(chunk)).split(b"\n")
        yield from lines
    if rest:
        yield rest


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
    """A JSON array is read element by element, so a large one never lies in memory whole."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig")
    try:
        buffer = _Buffer(text)
        opening = buffer.next_char()
        if opening == "[":
            yield from _array_elements(buffer, path)
            return
    except UnicodeDecodeError as error:
        raise CurationError(f"{path.name} is not UTF-8 ({error}); convert it to UTF-8.") from error
    finally:
        text.detach()
    raise CurationError(
        f"{path.name} starts with {opening!r}, not with an array; write the records as one JSON array, "
        "or one object a line in a file named .jsonl."
    )


class _Buffer:
    """The unread part of a text stream."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self.stream, self.text, self.at, self.ended = stream, "", 0, False

    def more(self) -> None:
        # Reading as much again as is held keeps the retries on one huge element linear.
        chunk = self.stream.read(max(_CHUNK, len(self.text) - self.at))
        self.ended = not chunk
        self.text, self.at = self.text[self.at :] + chunk, 0

    def next_char(self) -> str:
        """Return the next character that is no white space and step over it; "" at the end."""
        while True:
            while self.at < len(self.text):
                char = self.text[self.at]
                self.at += 1
                if not char.isspace():
                    return char
            if self.ended:
                return ""
            self.more()


def _array_elements(buffer: _Buffer, path: Path) -> Iterator[Entry]:
    place = 0
    char = buffer.next_char()
    while char != "]":
        place += 1
        buffer.at -= 1
        yield _parse(place, _one_line(_take_element(buffer, place, path)))
        char = buffer.next_char()
        if char == ",":
            char = buffer.next_char()
        elif char != "]":
            raise CurationError(
                f"{path.name}, record {place}: no comma or closing bracket after it; the array is broken there."
            )
    if rest := buffer.next_char():
        raise CurationError(f"{path.name}: {rest!r} follows the end of the array; keep one array in the file.")


def _take_element(buffer: _Buffer, place: int, path: Path) -> str:
    decoder = json.JSONDecoder()
    while True:
        try:
            _, end = decoder.raw_decode(buffer.text, buffer.at)
        except json.JSONDecodeError as error:
            if buffer.ended:
                raise CurationError(
                    f"{path.name}, record {place}: not JSON ({error.msg}); the rest of an array can't be read past that. "
                    "Mend it, or convert the file to .jsonl, where one bad line costs one record."
                ) from error
        else:
            if end < len(buffer.text) or buffer.ended:
                element, buffer.at = buffer.text[buffer.at : end], end
                return element
        buffer.more()


def _one_line(element: str) -> bytes:
    """Drop the white space between tokens and nothing else: numbers, escapes and order stay as written."""
    return _SPACE_OUTSIDE_STRINGS.sub(r"\1", element).encode("utf-8", "surrogatepass")


def _read_csv(file: BinaryIO, path: Path) -> Iterator[Entry]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    csv.field_size_limit(1 << 27)
    rows = csv.reader(text, delimiter="\t" if ".tsv" in path.suffixes else ",", strict=True)
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
        raise CurationError(f"{path.name}, line {rows.line_num}: not CSV in UTF-8 ({error}).") from error
    finally:
        text.detach()


def _csv_entry(place: int, row: list[str], names: list[str]) -> Entry:
    if len(row) != len(names):
        raw = json.dumps(row, ensure_ascii=False).encode()
        return place, raw, None, f"{len(row)} fields where the header names {len(names)}"
    value = dict(zip(names, row, strict=True))
    return place, orjson.dumps(value), value, ""


def _read_parquet(file: BinaryIO, path: Path) -> Iterator[Entry]:
    from pyarrow import parquet

    source = file if path.suffix.lower() == ".parquet" else pa.BufferReader(file.read())
    place = 0
    for batch in parquet.ParquetFile(source).iter_batches(batch_size=4096):
        for value in batch.to_pylist():
            place += 1
            plain = _plain(value)
            yield place, json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(), plain, ""


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
