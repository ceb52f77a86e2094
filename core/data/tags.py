"""Tags: which of several labels each record carries, as a field of the data says it.

Input -> output: `{"tags": ["math", "proof"]}`, `{"tags": "math, proof"}` and `{"tags": [{"tag": "math"}, {"tag": "proof"}]}` (as
InsTag's tagger writes them) all give the tags math and proof.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..base.errors import CurationError
from .fields import lookup
from .record_table import RecordTable

SOURCE = "source"
_KEPT_FOR = 2  # data sets


@dataclasses.dataclass(frozen=True)
class Tags:
    """starts: (n + 1,) int64, codes: (t,) int32: record i carries codes[starts[i]:starts[i + 1]], ascending, each once.

    n_tags: how many there are, codes are 0..n_tags - 1.
    """

    starts: np.ndarray
    codes: np.ndarray
    n_tags: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def counts(self) -> np.ndarray:
        """Return (n,) int64: how many tags each record carries."""
        return np.diff(self.starts)

    @property
    def owners(self) -> np.ndarray:
        """Return (t,) int64: the record of each code."""
        return np.repeat(np.arange(len(self)), self.counts)


def one_each(labels: np.ndarray, n_tags: int) -> Tags:
    """Return one tag a record: its label, none where that is negative. labels: (n,) int."""
    held = labels >= 0
    return Tags(np.concatenate([[0], np.cumsum(held)]), labels[held].astype(np.int32), n_tags)


def read_tags(path: Path, field: str) -> Tags:
    """Return the tags of a workspace's records, whose table is at `path`, from a field of the data; "source" is their source.

    Raises CurationError where no record has a tag there.
    """
    stat = path.stat()
    return _read(str(path), stat.st_size, stat.st_mtime_ns, field)


@functools.lru_cache(maxsize=_KEPT_FOR)
def _read(path: str, size: int, changed: int, field: str) -> Tags:
    records = RecordTable(Path(path))
    if field == SOURCE:
        names, codes = records.sources()
        tags = one_each(codes, len(names))
    else:
        known: dict[str, int] = {}
        counts, codes = [], []
        for batch in records.batches(["raw"]):
            for raw in batch["raw"].to_pylist():
                mine = {known.setdefault(name, len(known)) for name in _names(lookup(orjson.loads(raw), field))}
                counts.append(len(mine))
                codes.extend(sorted(mine))
        starts = np.concatenate([[0], np.cumsum(np.array(counts, np.int64))])
        tags = Tags(starts, np.array(codes, np.int32), len(known))
    if not len(tags.codes):
        raise CurationError(
            f"No record has a tag in the field {field!r}; name one that holds a list of tags, or a text with commas between them."
        )
    return tags


def _names(value: Any) -> list[str]:
    """Return the tags that a value holds, in lower case as InsTag compares them (arXiv 2308.07074, 2.2)."""
    if isinstance(value, str):
        parts = value.split(",")
    elif isinstance(value, list):
        parts = [each.get("tag") if isinstance(each, dict) else each for each in value]
    else:
        parts = [value]
    names = (str(part).strip().lower() for part in parts if part is not None and not isinstance(part, dict | list))
    return [name for name in names if name]
