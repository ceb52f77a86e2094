"""Evaluation data: files in any layout that records may have become items, each a prompt and its answer."""

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ...base.confinement import check_reading
from ...base.errors import CurationError
from ...base.files import file_sha256
from ...data.fields import FieldMap
from ...data.pool import Data, DataFile, dataset_name, open_pool
from ...data.readers import head_of, read_entries
from ...data.records import DETECT_ON, RecordParams, load_records, understand_head
from .params import Evaluation

# What benchmarks call what is asked and what is right, beyond the names that records have; the first that is there counts.
ASKED = ("prompt", "question", "instruction", "problem", "query", "turns", "ctx", "sentence", "goal", "premise")
ANSWERED = ("canonical_solution", "best_answer", "code", "solution", "answer", "reference_answer", "hypothesis")


@dataclasses.dataclass(frozen=True)
class Items:
    """The items of one evaluation. texts: a table of what was asked for of them. n_unread: entries that could not be read."""

    evaluation: Evaluation
    texts: pa.Table
    n_unread: int
    fields: str

    def __len__(self) -> int:
        return len(self.texts)


def evaluations_in(data: Data, fetched: Path | None = None) -> tuple[Evaluation, ...]:
    """Return the files that `data` names (see `open_pool`), each an evaluation with a name of its own. fetched: as of `open_pool`.

    It is called by the name given, as in gsm8k=test.jsonl, else by the file's; where several share one, by both. Raises
    CurationError where a file can't be read, or two have the same name.
    """
    files = open_pool(data, fetched).files
    shared = collections.Counter(file.source for file in files)
    names = [file.source if file.source and shared[file.source] == 1 else _longer_name(file) for file in files]
    twice = [name for name, n in collections.Counter(names).items() if n > 1]
    if twice:
        raise CurationError(
            f"Two evaluations would be called {twice[0]!r}",
            command="name each, as in NAME=PATH.",
            page="name each, as in NAME=PATH",
        )
    return tuple(
        Evaluation(name, file_sha256(file.path), str(file.path)) for name, file in zip(names, files, strict=True)
    )


def _longer_name(file: DataFile) -> str:
    name = dataset_name(file.path)
    return f"{file.source}/{name}" if file.source and file.source != name else name


def read_items(
    evaluation: Evaluation, fields: str = "", columns: Sequence[str] = ("prompt", "response", "text")
) -> Items:
    """Return the items of a file. fields: as of `RecordParams`; entries that can't be read are counted. columns: of records.

    Raises CurationError where the file can't be read or holds no item, or was changed since it was named.
    """
    path, rejects = check_reading(evaluation.path), []
    known = RecordParams(fields).fields_for(evaluation.name) or _fields_of(path)
    understood, batches = load_records(path, RecordParams(str(known or ""), "skip"), rejects.append)
    texts = pa.Table.from_batches([batch.select(list(columns)) for batch in batches]).combine_chunks()
    if file_sha256(path) != evaluation.sha256:
        raise CurationError(f"{path} was changed since it was named; name it again.")
    return Items(evaluation, texts, len(rejects), str(understood.fields))


def _fields_of(path: Path) -> FieldMap | None:
    """Return which fields hold what is asked and answered, where only an evaluation has these; None where they are found anyway."""
    head = head_of(read_entries(path), DETECT_ON)
    try:
        understand_head(path, head)
    except CurationError:
        names = {name for _, _, value, _ in head for name in value or ()}
        asked, answered = (next((name for name in known if name in names), "") for known in (ASKED, ANSWERED))
        if asked:
            return FieldMap(prompt=(asked,), response=(answered,) if answered else ())
        raise
    return None
