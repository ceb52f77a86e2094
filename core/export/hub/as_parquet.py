"""Lines of JSON as Parquet files. A record must come back as it was, but for fields that are null in place of missing."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ...base.errors import CurationError
from ...base.files import file_sha256

_BLOCK = 2048
_MOST_BYTES = 300_000_000  # of a file, after which the next one begins
Block = list[dict[str, Any]]


def write_parquet(lines: Path, folder: Path, progress: Callable[[int], None] = lambda n: None) -> list[dict[str, Any]]:
    """Write the records of a JSONL file as `train-00000-of-00001.parquet`, …; return {file, sha256, n_records} of each.

    progress: told how many records were read or written, of twice their number. Raises CurationError where a field holds what
    one column can't.
    """
    schema, n = _schema_of(lines, progress)
    try:
        parts = _write_parts(_blocks(lines), schema, folder, lambda held: progress(n + held))
    except (pa.ArrowException, OverflowError) as error:
        raise _unfit(str(error)) from error
    named = []
    for number, (path, held) in enumerate(parts):
        to = path.rename(folder / f"train-{number:05}-of-{len(parts):05}.parquet")
        named.append({"file": to.name, "sha256": file_sha256(to), "n_records": held})
    return named


def _write_parts(
    blocks: Iterator[Block], schema: pa.Schema, folder: Path, progress: Callable[[int], None]
) -> list[tuple[Path, int]]:
    """Write blocks to one file after the other; return (path, records) of each."""
    from pyarrow import parquet

    parts: list[tuple[Path, int]] = []
    while (first := next(blocks, None)) is not None:
        path, held = folder / f"part-{len(parts)}", 0
        with path.open("wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for block in itertools.chain([first], blocks):
                writer.write_table(_table(block, schema))
                held += len(block)
                progress(held + sum(before for _, before in parts))
                if file.tell() > _MOST_BYTES:
                    break
        parts.append((path, held))
    return parts


def _blocks(lines: Path) -> Iterator[Block]:
    with lines.open("rb") as file:
        while block := [json.loads(line) for line in itertools.islice(file, _BLOCK)]:
            yield block


def _schema_of(lines: Path, progress: Callable[[int], None]) -> tuple[pa.Schema, int]:
    schema, n = pa.schema([]), 0
    for block in _blocks(lines):
        try:
            schema = pa.unify_schemas([schema, _inferred(block).schema], promote_options="permissive")
        except (pa.ArrowException, OverflowError) as error:
            raise _unfit(str(error)) from error
        n += len(block)
        progress(n)
    return schema, n


def _inferred(block: Block) -> pa.Table:
    names = dict.fromkeys(name for record in block for name in record)
    return pa.table({name: pa.array([record.get(name) for record in block]) for name in names})


def _table(block: Block, schema: pa.Schema) -> pa.Table:
    """Return a block as a table, and make sure that it gives the same records back."""
    table = pa.Table.from_pylist(block, schema=schema)
    for record, back in zip(block, table.to_pylist(), strict=True):
        if orjson.dumps(record) == orjson.dumps(back):  # most are, and this is quicker than to look at each value
            continue
        for name in record:
            if not _alike(record[name], back[name]):
                raise _unfit(
                    f"the field {name!r} would come back as {str(back[name])[:80]!r}, not {str(record[name])[:80]!r}"
                )
    return table


def _alike(value: Any, back: Any) -> bool:
    """Whether a value came back: null is as good as missing, and 1.0 as 1."""
    if isinstance(value, dict) and isinstance(back, dict):
        return all(_alike(value.get(name), back.get(name)) for name in {*value, *back})
    if isinstance(value, list) and isinstance(back, list):
        return len(value) == len(back) and all(map(_alike, value, back))
    return value == back and isinstance(value, bool) == isinstance(back, bool)


def _unfit(why: str) -> CurationError:
    return CurationError(
        f"The records don't fit Parquet, whose columns hold one kind of value ({why})",
        command="push them with --format jsonl.",
        page="push them as jsonl",
    )
