"""The examples of a target: read from files, or picked among the records; each with a label, none twice."""

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
import orjson
import pyarrow as pa

from ...base.errors import CurationError
from ...base.text import counted, shorten
from ...data.fields import lookup
from ...data.layouts.values import as_text
from ...data.record_table import RecordTable
from ...vectors.overlap.evaluations import read_items
from ...vectors.overlap.params import Evaluation
from .params import LEAST, MOST, TargetParams

PICKED = "picked records"
_LABEL = 80  # letters of a label, at most
_COLUMNS = ("prompt", "response", "text", "source", "raw")


@dataclasses.dataclass(frozen=True)
class Examples:
    """m examples. prompts, responses, texts: (m,). labels: (m,) int32, which of `names`, the first example's first.

    rows: (m,) int64, the row of a picked record, -1 of one from a file. n_unread: entries of files that could not be read;
    n_twice: examples left out because another has the same text; n_in_files: how many the files hold, before any were drawn.
    """

    prompts: tuple[str, ...]
    responses: tuple[str, ...]
    texts: tuple[str, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    rows: np.ndarray
    n_unread: int
    n_twice: int
    n_in_files: int

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def by_label(self) -> dict[str, int]:
        """Return {label: how many examples it has}."""
        return dict(zip(self.names, np.bincount(self.labels, minlength=len(self.names)).tolist(), strict=True))


def check_many(n: int, draws: bool) -> None:
    """Raise CurationError where so many examples are no target. draws: whether they are read from files, and can be drawn."""
    if not n:
        raise CurationError(
            f"There is no example; give {LEAST} to {MOST}.",
        )
    if n > MOST:
        raise CurationError(
            f"There are {n:,} examples, and a target takes {MOST} at most",
            command=f"let some of them be drawn with --draw {MOST}." if draws else "name fewer records.",
            page=f"let some of them be drawn ({MOST} at most)" if draws else "pick fewer records",
        )


def warnings_of(n: int) -> list[str]:
    """Return what is to be said of so many examples."""
    few = f"{counted(n, 'example is', 'examples are')} few: what is near to {'it' if n == 1 else 'them'} may be near by chance"
    return [f"{few}. Give {LEAST} at least."] if n < LEAST else []


def texts_digest(texts: Sequence[str]) -> str:
    """Return 64 hex digits that depend on every text."""
    hasher = hashlib.sha256()
    for text in texts:
        hasher.update(hashlib.sha256(text.encode()).digest())
    return hasher.hexdigest()


def picked(records: RecordTable, rows: Sequence[int]) -> dict[str, object]:
    """Return {"rows": …, "texts": …} of `TargetParams` for these records."""
    rows = sorted({int(row) for row in rows})
    check_many(len(rows), draws=False)
    return {"rows": tuple(rows), "texts": texts_digest(_texts_of(records, rows))}


def _texts_of(records: RecordTable, rows: Sequence[int]) -> list[str]:
    return records.take(np.array(rows, np.int64), ["text"])["text"].to_pylist()


def read_examples(records: RecordTable, params: TargetParams) -> Examples:
    """Return the examples that `params` name, those of files first. Raises CurationError: none, too many, or changed since."""
    parts, unread, n_in_files = [], 0, 0
    for file in params.files:
        items = read_items(file, params.fields, _COLUMNS)
        unread += items.n_unread
        n_in_files += len(items)
        parts.append(_labelled(items.texts.to_pylist(), params.label, file))
    found = _without_copies([each for part in parts for each in part])
    n_twice = n_in_files - len(found)
    if params.draw:
        found = _drawn(found, params.draw, params.seed)
    check_many(len(found) + len(params.rows), draws=bool(params.files))
    if params.rows:
        own = _picked(records, params)
        both = _without_copies([*own, *found])
        n_twice += len(own) + len(found) - len(both)
        found = [each for each in both if each[1] < 0] + [each for each in both if each[1] >= 0]
    return _as_examples(found, unread, n_twice, n_in_files)


_Example = tuple[str, int, dict]  # label, row or -1, what was read of it


def _labelled(entries: list[dict], field: str, file: Evaluation) -> list[_Example]:
    labels = [_label_of(each, field) for each in entries] if field else [file.name] * len(entries)
    if field and not any(labels):
        raise CurationError(f"No example of {file.name} has a field {field!r}; name another as the label, or none.")
    return [(label or f"no {field}", -1, each) for label, each in zip(labels, entries, strict=True)]


def _label_of(entry: dict, field: str) -> str:
    value = lookup(orjson.loads(entry["raw"]), field)
    return "" if value is None else shorten(as_text(value), _LABEL)


def _picked(records: RecordTable, params: TargetParams) -> list[_Example]:
    if params.rows[-1] >= len(records) or texts_digest(_texts_of(records, params.rows)) != params.texts:
        raise CurationError(
            "The records that were picked as examples are not in this data as they were; pick them again."
        )
    entries = records.take(np.array(params.rows, np.int64), list(_COLUMNS)).to_pylist()
    said = [_label_of(each, params.label) if params.label else each["source"] for each in entries]
    return [(label or PICKED, row, each) for label, row, each in zip(said, params.rows, entries, strict=True)]


def _without_copies(found: list[_Example]) -> list[_Example]:
    """Return them with the first of those that have the same text."""
    held: dict[str, _Example] = {}
    for each in found:
        held.setdefault(each[2]["text"], each)
    return list(held.values())


def _drawn(found: list[_Example], n: int, seed: int) -> list[_Example]:
    """Return n of them, of each label its share: drawn, mixed, and every label's put at even distances."""
    rng, places = np.random.default_rng(seed), np.empty(len(found))
    labels = np.unique([label for label, _, _ in found], return_inverse=True)[1].reshape(-1)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        places[own] = (rng.permutation(len(own)) + 0.5) / len(own)
    return [found[i] for i in np.sort(np.argsort(places, kind="stable")[:n]).tolist()]


def _as_examples(found: list[_Example], unread: int, n_twice: int, n_in_files: int) -> Examples:
    names = tuple(dict.fromkeys(label for label, _, _ in found))
    prompts, responses, texts = (tuple(each[name] for _, _, each in found) for name in ("prompt", "response", "text"))
    return Examples(
        prompts,
        responses,
        texts,
        np.array([names.index(label) for label, _, _ in found], np.int32),
        names,
        np.array([row for _, row, _ in found], np.int64),
        unread,
        n_twice,
        n_in_files,
    )


def as_table(examples: Examples, nearest: np.ndarray) -> pa.Table:
    """Return them as they are kept. nearest: (m,) int64, the record that is nearest to each."""
    large = pa.large_string()
    return pa.table(
        {
            "label": pa.array(examples.labels, pa.int32()),
            "row": pa.array(examples.rows, pa.int64()),
            "nearest": pa.array(nearest, pa.int64()),
            "prompt": pa.array(examples.prompts, large),
            "response": pa.array(examples.responses, large),
            "text": pa.array(examples.texts, large),
        }
    )
