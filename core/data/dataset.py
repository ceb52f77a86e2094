"""The dataset: what was imported into a workspace, from where, how. Kept as `dataset.json`."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ..base.files import write_json
from ..base.text import CONTROLS
from .readers import COMPRESSIONS
from .record_table import damaged
from .targets import Source


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What a workspace holds. fingerprint: changes when the records may.

    records_sha256: of records.arrow as the import wrote it, "" where an earlier version did not write that down.
    sources: every file that the records have been imported from, the latest last.
    """

    name: str
    path: str
    sha256: str
    fields: str
    params: dict[str, Any]
    n_records: int
    n_rejects: int
    fingerprint: str
    records_sha256: str = ""
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        if not self.sources:
            object.__setattr__(self, "sources", (Source(self.path, self.sha256),))

    def as_input(self) -> dict[str, Any]:
        """Return what a manifest says of the data: the file's name, not where it lay."""
        names = ("sha256", "n_records", "n_rejects", "fields", "params")
        return {"file": Path(self.path).name} | {name: getattr(self, name) for name in names}

    def with_source(self, source: Source) -> "Dataset":
        """Return the same records, imported from `source` too."""
        others = tuple(known for known in self.sources if (known.path, known.sha256) != (source.path, source.sha256))
        return dataclasses.replace(self, path=source.path, sources=(*others, source))


def read_dataset(path: Path) -> Dataset | None:
    """Return what a dataset.json says, None where there is none. Raises CurationError where it is damaged."""
    if not path.exists():
        return None
    try:
        reported = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in dataclasses.fields(Dataset)}
        values = {name: value for name, value in reported.items() if name in known}
        sources = tuple(Source(**source) for source in values.pop("sources", []))
        dataset = Dataset(**values, sources=sources)
        _check_kinds(dataset)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise damaged(f"{path} is damaged ({error})", path.parent) from error
    return dataset


def _check_kinds(dataset: Dataset) -> None:
    for names, kind in (
        (("name", "path", "sha256", "fields", "fingerprint", "records_sha256"), str),
        (("n_records", "n_rejects"), int),
        (("params",), dict),
    ):
        for name in names:
            if not isinstance(getattr(dataset, name), kind):
                raise ValueError(f"{name} is {getattr(dataset, name)!r}")


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a dataset.json, whole or not at all."""
    write_json(path, dataclasses.asdict(dataset))


def dataset_name(data: Path) -> str:
    """Return the name of a dataset: "pool.jsonl.xz" -> "pool"."""
    name = Path(data).name
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    return Path(name).stem


def is_plain_name(name: str) -> bool:
    """Whether `name` can name a folder inside another one: not a way out of it, not hidden, nothing unprintable."""
    return bool(name) and name[0] != "." and not {"/", "\\", "\n", "\t"} & {*name} and not CONTROLS.search(name)
