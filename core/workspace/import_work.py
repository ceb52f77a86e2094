"""The work of reading data files, each to a table of its records, wherever it is opened: for data of many files."""

import dataclasses
import json
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from ..base.errors import CurationError
from ..base.files import file_sha256, read_table
from ..base.progress import Progress
from ..data.layouts.understood import Understood
from ..data.mixing import Part, ReadPart
from ..data.records import SCHEMA, RecordParams, Reject, load_records
from .engine import Engine, make_shards
from .work import Opened, Shard

_REJECTS = b"rejects"


class NotSeenError(CurationError):
    """A node has not the file that is to be read, or another one by its name."""


@dataclasses.dataclass(frozen=True)
class ReadWork:
    """files: each with its checksum and how its records are read. A shard is a file; its rejects stand in the table's metadata."""

    files: tuple[tuple[Path, str, Understood], ...]
    params: RecordParams

    def open(self, settled: dict[str, Any]) -> Opened:
        """Return what reads a file."""

        def make(start: int, stop: int, within: Progress) -> pa.Table:
            path, sha256, understood = self.files[start]
            if not path.is_file() or file_sha256(path) != sha256:
                raise NotSeenError(
                    f"The node {platform.node()} does not see {path} as it is where the import was begun."
                )
            rejects: list[Reject] = []
            _, batches = load_records(path, self.params, rejects.append, understood, may_be_empty=True)
            table = pa.Table.from_batches(batches, SCHEMA)
            return table.replace_schema_metadata(
                {_REJECTS: json.dumps([dataclasses.astuple(each) for each in rejects])}
            )

        return Opened(make)

    def sent(self) -> Self:
        """Return it with its paths in full."""
        files = tuple(
            (path.absolute(), *rest) for path, *rest in self.files
        )  # what a link leads to may have another name
        return dataclasses.replace(self, files=files)


def read_on_nodes(
    engine: Engine, folder: Path, params: RecordParams, progress: Progress, hashed: Sequence[str], parts: Sequence[Part]
) -> ReadPart | None:
    """Let an engine read the files of all parts; return what gives each one's records, None where a node sees other files.

    folder: where they stay until then. hashed: each file's sha256.
    """
    files = ((part.file.path, sha256, part.understood) for part, sha256 in zip(parts, hashed, strict=True))
    work = ReadWork(tuple(files), params)
    shards = [Shard(i, i + 1, folder / f"file-{i:06d}.arrow", counts=False) for i in range(len(parts))]
    try:
        make_shards(shards, work, progress, engine)
    except NotSeenError:
        return None

    def read(place: int, part: Part, on_reject: Callable[[Reject], None]) -> Iterator[pa.RecordBatch]:
        table = read_table(shards[place].path)
        for each in json.loads(table.schema.metadata[_REJECTS]):
            on_reject(Reject(*each))
        return iter(table.replace_schema_metadata(None).to_batches())

    return read
