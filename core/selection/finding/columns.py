"""The columns that records can be filtered by: numbers and labels, read from their original text, with what is missing.

Input -> output: `{"rating": 4, "lang": "en", "meta": {"year": 1999}}` gives the number columns rating and meta.year and the label
column lang. Long texts and lists are no columns.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ...base.params import Params, option
from ...base.progress import Progress, no_progress, part_of
from ...data.record_table import RecordTable
from ...measures.traits import languages, token_counts, word_counts

MOST_LABELS = 2000
_MOST_COLUMNS = 64
_LONGEST_LABEL = 200
_MOSTLY = 0.95  # of a column's values, for it to be one of numbers


@dataclasses.dataclass(frozen=True)
class ColumnParams(Params):
    """What is read beside the data's own fields."""

    language: bool = option(True, "tell the language of every record", label="Languages", flag=None)
    tokens: bool = option(
        False,
        "count tokens too, which takes 6 minutes a million records",
        label="Count tokens",
        more="By the bundled encoder's tokenizer. Takes about 6 minutes a million records.",
    )


@dataclasses.dataclass(frozen=True)
class Column:
    """What is known of every record under one name: numbers ((n,) float, NaN where missing), or labels with codes ((n,) int, -1).

    own: whether it is a field of the data.
    """

    name: str
    numbers: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    codes: np.ndarray | None = None
    own: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, else labels."""
        return self.numbers is not None


def read_columns(
    records: RecordTable, params: ColumnParams, texts: Sequence[str] = (), progress: Progress = no_progress
) -> tuple[dict[str, Any], pa.Table]:
    """Return what is known of the columns, and a table with an array each: float64 numbers, or int32 codes.

    texts: the fields that are the records' texts and source, which are no columns. info["columns"]: [{name, kind, labels, own}].
    """
    n, made = len(records), {"words": word_counts(records), "characters": _characters(records)}
    kinds: dict[str, dict[str, Any]] = {name: {"kind": "number", "labels": [], "own": False} for name in made}
    names, codes = records.sources()
    if names:
        made["source"], kinds["source"] = codes, {"kind": "label", "labels": names, "own": False}
    steps = 1 + 8 * params.language + 8 * params.tokens
    own, left_out = _own_columns(records, {*texts}, part_of(progress, 0, 1 / steps))
    every = np.arange(n)
    if params.language:
        names, codes = languages(records, every, part_of(progress, 1 / steps, 9 / steps))
        made["language"] = codes.astype(np.int32)
        kinds["language"] = {"kind": "label", "labels": names, "own": False}
    if params.tokens:
        made["tokens"] = token_counts(records, every, part_of(progress, 1 - 8 / steps, 1)).sum(axis=1)
        kinds["tokens"] = {"kind": "number", "labels": [], "own": False}
    for name, (labels, values) in own.items():
        made[f"data.{name}"] = values
        kinds[f"data.{name}"] = {"kind": "label" if labels else "number", "labels": labels, "own": True}
    about = [{"name": name} | kind for name, kind in kinds.items()]
    return {"columns": about, "left_out": left_out}, pa.table({name: pa.array(values) for name, values in made.items()})


def open_columns(info: dict[str, Any], table: pa.Table) -> dict[str, Column]:
    """Return {name: column} of what `read_columns` made, nothing copied."""
    found = {}
    for about in info["columns"]:
        stored = about["name"]
        name = stored.removeprefix("data.") if about["own"] else stored
        values = table[stored].combine_chunks().to_numpy()
        if about["kind"] == "number":
            found[stored] = Column(name, numbers=values, own=about["own"])
        else:
            found[stored] = Column(name, labels=tuple(about["labels"]), codes=values, own=about["own"])
    return found


def _characters(records: RecordTable) -> np.ndarray:
    counts = [pc.utf8_length(batch["text"]).to_numpy() for batch in records.batches(["text"])]
    return np.concatenate(counts).astype(np.int32) if counts else np.zeros(0, np.int32)


def _own_columns(
    records: RecordTable, texts: set[str], progress: Progress
) -> tuple[dict[str, tuple[list[str], np.ndarray]], dict[str, str]]:
    """Return {name: (labels, values)}, labels empty for numbers; and {name: why it is none}."""
    columns: dict[str, _Reading] = {}
    left_out: dict[str, str] = {}
    done = 0
    for batch in records.batches(["raw"]):
        values: dict[str, list[Any]] = {}
        for i, raw in enumerate(batch["raw"].to_pylist()):
            for name, value in _flat(orjson.loads(raw)):
                if name not in texts:
                    values.setdefault(name, [None] * len(batch))[i] = value
        for name, block in values.items():
            if name not in columns and len(columns) == _MOST_COLUMNS:
                left_out[name] = f"there are {_MOST_COLUMNS} columns already"
            else:
                columns.setdefault(name, _Reading()).add(block, done)
        done += len(batch)
        progress(done, len(records))
    found = {}
    for name, reading in columns.items():
        if why := reading.why_not():
            left_out[name] = why
        else:
            found[name] = reading.values(len(records))
    return found, left_out


def _flat(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a record's fields, those of an object in it as outer.inner."""
    for name, each in value.items() if isinstance(value, dict) else ():
        if isinstance(each, dict):
            yield from ((f"{name}.{inner}", deeper) for inner, deeper in each.items())
        else:
            yield name, each


class _Reading:
    """One column as its blocks come in."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._labels: dict[str, int] = {}
        self._n = self._n_numbers = self._n_lists = 0
        self._is_text = False

    def add(self, block: list[Any], start: int) -> None:
        present = [value for value in block if value is not None and value != ""]
        self._n += len(present)
        self._n_lists += sum(isinstance(value, list | dict) for value in present)
        numbers = np.array([_number(value) for value in block], np.float64)
        self._n_numbers += int(np.isfinite(numbers).sum())
        codes = np.full(len(block), -1, np.int32)
        if not self._is_text:
            codes[:] = [self._code(value) for value in block]
        if self._is_text and self._n_numbers < 0.5 * self._n:
            self._blocks.clear()  # a text, most likely: no memory for it
            return
        self._blocks.append((start, numbers, codes))

    def _code(self, value: Any) -> int:
        if value is None or value == "" or isinstance(value, list | dict):
            return -1
        label = str(value).lower() if isinstance(value, bool) else str(value)
        if label not in self._labels:
            if len(self._labels) == MOST_LABELS or len(label) > _LONGEST_LABEL:
                self._is_text = True
                return -1
            self._labels[label] = len(self._labels)
        return self._labels[label]

    def _is_number(self) -> bool:
        return self._n_numbers >= _MOSTLY * self._n > 0

    def why_not(self) -> str:
        """Return why it is no column, or ""."""
        if not self._n:
            return "it is empty"
        if self._n_lists > (1 - _MOSTLY) * self._n:
            return "it holds lists"
        return f"it holds texts, or more than {MOST_LABELS:,} labels" if self._is_text and not self._is_number() else ""

    def values(self, n: int) -> tuple[list[str], np.ndarray]:
        """Return (labels, codes), the most frequent label first, or ([], numbers)."""
        if self._is_number():
            numbers = np.full(n, np.nan)
            for start, block, _ in self._blocks:
                numbers[start : start + len(block)] = block
            return [], numbers
        codes = np.full(n, -1, np.int32)
        for start, _, block in self._blocks:
            codes[start : start + len(block)] = block
        order = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(self._labels)), kind="stable")
        rank = np.empty(len(order) + 1, np.int32)
        rank[order], rank[-1] = np.arange(len(order)), -1
        labels = list(self._labels)
        return [labels[i] for i in order], rank[codes]


def _number(value: Any) -> float:
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return np.nan
    try:
        number = float(value)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan
