"""The columns of a workspace's data, as the columns stage read them, or of few records read on the fly."""

import functools
from pathlib import Path

from ...data.record_table import RecordTable
from ...workspace.artifacts import Artifacts
from ...workspace.results import Results
from .columns import Column, ColumnParams, open_columns, read_columns

AT_ONCE_UP_TO = 20_000  # records; what is not made yet is made on the fly for so many


def data_columns(results: Results) -> dict[str, Column]:
    """Return {stored name: column}; none where the stage has not run on many records."""
    if results.current("columns"):
        return _opened(str(results.workspace.artifacts), results.current("columns"))
    if results.n_records() > AT_ONCE_UP_TO:
        return {}
    dataset = results.workspace.dataset()
    return _in_memory(str(results.workspace.folder / "records.arrow"), dataset.fingerprint, dataset.text_fields)


@functools.lru_cache(maxsize=4)
def _opened(folder: str, key: str) -> dict[str, Column]:
    held = Artifacts(Path(folder))
    return open_columns(held.info("columns", key), held.table("columns", key))


@functools.lru_cache(maxsize=2)
def _in_memory(path: str, fingerprint: str, texts: tuple[str, ...]) -> dict[str, Column]:
    return open_columns(*read_columns(RecordTable(Path(path)), ColumnParams(language=False), texts))
