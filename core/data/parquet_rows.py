"""Rows of Parquet as JSON, nothing rounded. Texts stay in the file's dictionaries until a slice of rows is known to be small.

Input -> output: a row with the columns q "2+2?" and a 4 gives (1, b'{"q":"2+2?","a":4}', {"q": "2+2?", "a": 4}, "").
"""

import base64
import datetime
import decimal
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from ..base.errors import CurationError
from ..base.text import shorten
from .bounds import Expansion, too_large

_ROWS = 4096
_SLICE_BYTES = 1 << 24  # of values that are made into Python's own at a time


def read_rows(file: BinaryIO, path: Path, most: int) -> Iterator[tuple[int, bytes, dict[str, Any] | None, str]]:
    """Yield (row number from 1, JSON, value, reason) of a file's rows. most: bytes of a row. Raises CurationError."""
    from pyarrow import parquet

    opened = parquet.ParquetFile(file)
    sizes = [opened.metadata.row_group(i).total_byte_size for i in range(opened.num_row_groups)]
    Expansion(path).count(max(sizes, default=0))
    names = opened.schema_arrow.names
    if len(set(names)) < len(names):
        raise CurationError(
            f"{path.name} has two columns of one name; its columns are {shorten(', '.join(names), 500)}."
        )
    _check_told(opened.metadata, path)
    place = 0
    expansion = Expansion(path)
    for batch in _kept_short(opened, file).iter_batches(batch_size=_ROWS):
        for part in _slices(batch):
            if len(part) == 1 and _size(part) > most:
                place += 1
                yield place, b"", None, too_large(most)
                continue
            for value in _values(part, path, place):
                place += 1
                plain = _plain(value)
                raw = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
                expansion.count(len(raw))
                yield (place, raw, plain, "") if len(raw) <= most else (place, raw[:1000], None, too_large(most))
    if place != opened.metadata.num_rows:
        raise CurationError(_lies(path, opened.metadata.num_rows, f"{place:,}"))


def _check_told(metadata: Any, path: Path) -> None:
    """Raise CurationError where a footer contradicts itself: Arrow would read fewer rows than are there, or look for more."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    if (n := sum(group.num_rows for group in groups)) != metadata.num_rows:
        raise CurationError(_lies(path, metadata.num_rows, f"{n:,} in its parts"))
    flat = [i for i in range(metadata.num_columns) if not metadata.schema.column(i).max_repetition_level]
    for group in groups:
        for i in flat:
            if (n := group.column(i).num_values) != group.num_rows:
                raise CurationError(
                    _lies(path, group.num_rows, f"{n:,} in the column {group.column(i).path_in_schema}")
                )


def _lies(path: Path, told: int, held: str) -> str:
    return f"{path.name} says that it holds {told:,} rows, and holds {held}: it is damaged; get it anew."


def _kept_short(opened: Any, file: BinaryIO) -> Any:
    """Return the file opened so that texts are indices into its dictionaries: one long text may stand in a million rows."""
    from pyarrow import parquet

    columns = [opened.schema.column(i) for i in range(len(opened.schema))]
    # Arrow can't read a nested column's texts as indices.
    texts = [each.path for each in columns if each.physical_type == "BYTE_ARRAY" and "." not in each.path]
    return parquet.ParquetFile(file, read_dictionary=texts) if texts else opened


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in parts that are not too large, or single rows."""
    if len(batch) < 2 or _size(batch) <= _SLICE_BYTES:
        yield batch
        return
    half = len(batch) // 2
    yield from _slices(batch.slice(0, half))
    yield from _slices(batch.slice(half))


def _size(batch: pa.RecordBatch) -> int:
    return sum(_size_of(column) for column in batch.columns)


def _size_of(array: pa.Array) -> int:
    """Return about how many bytes an array has when its dictionaries are written out."""
    kind = array.type
    if types.is_dictionary(kind):
        lengths = _lengths(array.dictionary)
        return array.nbytes if lengths is None else pc.sum(lengths.take(array.indices)).as_py() or 0
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return 8 * len(array) + _size_of(array.flatten())
    if types.is_struct(kind):
        return sum(map(_size_of, array.flatten()))
    if types.is_map(kind):
        start, stop = array.offsets[0].as_py(), array.offsets[-1].as_py()
        return _size_of(array.keys.slice(start, stop - start)) + _size_of(array.items.slice(start, stop - start))
    return array.nbytes


def _lengths(texts: pa.Array) -> pa.Array | None:
    kind = texts.type
    is_text = types.is_string(kind) or types.is_large_string(kind)
    return pc.binary_length(texts) if is_text or types.is_binary(kind) or types.is_large_binary(kind) else None


def _values(batch: pa.RecordBatch, path: Path, before: int) -> list[dict[str, Any]]:
    try:
        return _written_out(batch).to_pylist()
    except (OverflowError, UnicodeDecodeError, pa.ArrowInvalid) as error:
        raise CurationError(
            f"{path.name}, records {before + 1} to {before + len(batch)}: a value can't be written as JSON ({error})."
        ) from error


def _written_out(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Write dictionaries out, and times of day with nanoseconds as text: Python's own would cut them to microseconds."""
    for i, field in enumerate(batch.schema):
        if types.is_dictionary(field.type):
            batch = batch.set_column(i, field.name, batch.column(i).dictionary_decode())
        elif field.type == pa.time64("ns"):
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
