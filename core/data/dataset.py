"""The dataset: what was imported into a workspace, from where, how. Kept as `dataset.json`."""

import bisect
import dataclasses
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..base.errors import CurationError
from ..base.files import Replacing, replacing, write_json
from ..base.text import CONTROLS
from .fields import FieldMap, parse_fields
from .hub.fetched import Fetched
from .hub.names import SCHEME, is_hub_name
from .layouts.understood import Understood
from .mixing import Part
from .record_table import damaged
from .targets import Source


@dataclasses.dataclass(frozen=True)
class File:
    """A file that the records came from. source: the label it gave them, "" where they have their own.

    n_duplicates: how many of its records an earlier source has; they are among n_records unless they were left out.
    """

    file: str
    sha256: str
    source: str
    n_records: int
    n_duplicates: int
    understood: Understood

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)} | {
            "understood": self.understood.to_json()
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "File":
        """Return what `to_json` gave."""
        return cls(**values | {"understood": Understood.from_json(values["understood"])})


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What a workspace holds. fingerprint: changes when the records may.

    records_sha256, rejects_sha256: of records.arrow and rejects.jsonl as the import wrote them, "" where an earlier version did
    not write that down.
    sources: every file that the records have been imported from, the latest last. given: what named the data, for another
    import. files: in the order of their records; () where an earlier version did not write them down. hub: what of it was
    fetched from a hub, and at which commit.
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
    rejects_sha256: str = ""
    sources: tuple[Source, ...] = ()
    given: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    hub: tuple[Fetched, ...] = ()

    def __post_init__(self) -> None:
        if not self.sources:
            object.__setattr__(self, "sources", (Source(self.path, self.sha256),))
        if not self.given:
            object.__setattr__(self, "given", (self.path,))

    @property
    def file(self) -> str:
        """Return the name of the data's file, of several each one's."""
        paths = self.path.split(" + ")
        return " + ".join(path.removeprefix(SCHEME) if is_hub_name(path) else Path(path).name for path in paths)

    @property
    def n_duplicates(self) -> int:
        """Return how many records an earlier source has too, kept or left out."""
        return sum(file.n_duplicates for file in self.files)

    def fields_of(self, row: int) -> FieldMap:
        """Return how a record is read: as its file is."""
        if not self.files:
            return parse_fields(self.fields)
        place = bisect.bisect_right([*itertools.accumulate(file.n_records for file in self.files)], row)
        return self.files[min(place, len(self.files) - 1)].understood.fields

    @property
    def text_fields(self) -> tuple[str, ...]:
        """Return the fields of the records that are their texts and their source."""
        return tuple(dict.fromkeys(name for each in self.understood_by_source().values() for name in each.fields.names))

    def understood_by_source(self) -> dict[str, Understood]:
        """Return how the records of each source are read."""
        if not self.files:
            return {"": Understood(parse_fields(self.fields))} if self.fields else {}
        return {file.source: file.understood for file in self.files}

    def as_input(self) -> dict[str, Any]:
        """Return what a manifest says of the data: the files' names, not where they lay; of several, each with its hash."""
        names = ("sha256", "n_records", "n_rejects", "fields", "params")
        about = {"file": self.file} | {name: getattr(self, name) for name in names}
        if len(self.files) > 1 or any(file.source or file.understood.threads for file in self.files):
            about["files"] = [_as_input(file) for file in self.files]
        if self.hub:
            about["hub"] = [fetched.to_json() for fetched in self.hub]
        return about

    def imported_from(self, path: str, given: tuple[str, ...], sources: Sequence[Source]) -> "Dataset":
        """Return the same records, imported from these sources too."""
        again = {(source.path, source.sha256) for source in sources}
        others = tuple(known for known in self.sources if (known.path, known.sha256) not in again)
        return dataclasses.replace(self, path=path, given=given, sources=(*others, *sources))


def _as_input(file: File) -> dict[str, Any]:
    about = {name: getattr(file, name) for name in ("file", "sha256", "source", "n_records", "n_duplicates")}
    return about | {"fields": str(file.understood.fields), "threads": file.understood.threads}


def files_of(parts: Sequence[Part], sources: Sequence[Source]) -> tuple[File, ...]:
    """Return what is kept of each file that was read. sources: what it is known by, in the same order."""
    return tuple(
        File(part.file.path.name, source.sha256, part.file.source, part.n_records, part.n_duplicates, part.understood)
        for part, source in zip(parts, sources, strict=True)
    )


def fields_in_words(files: Sequence[File]) -> str:
    """Return the fields as `RecordParams` takes them: of all sources in one where they are the same."""
    by_source = {file.source: str(file.understood.fields) for file in files}
    if len({*by_source.values()}) == 1:
        return next(iter(by_source.values()))
    return "; ".join(f"{source}: {fields}" for source, fields in by_source.items())


def read_dataset(path: Path) -> Dataset | None:
    """Return what a dataset.json says, None where there is none. Raises CurationError where it is damaged."""
    if not path.exists():
        return None
    try:
        reported = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in dataclasses.fields(Dataset)}
        values = {name: value for name, value in reported.items() if name in known}
        sources = tuple(Source(**source) for source in values.pop("sources", []))
        files = tuple(File.from_json(file) for file in values.pop("files", []))
        hub = tuple(Fetched.from_json(fetched) for fetched in values.pop("hub", []))
        dataset = Dataset(**values | {"given": tuple(values.get("given", ()))}, sources=sources, files=files, hub=hub)
        _check_kinds(dataset)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, CurationError) as error:
        raise damaged(f"{path} is damaged ({error})", path.parent) from error
    return dataset


def _check_kinds(dataset: Dataset) -> None:
    for names, kind in (
        (("name", "path", "sha256", "fields", "fingerprint", "records_sha256", "rejects_sha256"), str),
        (("n_records", "n_rejects"), int),
        (("params",), dict),
    ):
        for name in names:
            if not isinstance(getattr(dataset, name), kind):
                raise ValueError(f"{name} is {getattr(dataset, name)!r}")


def write_dataset(path: Path, dataset: Dataset, replace: Replacing = replacing) -> None:
    """Write a dataset.json, whole or not at all. replace: see `write_json`."""
    held = {field.name: getattr(dataset, field.name) for field in dataclasses.fields(dataset)}
    held["sources"] = [dataclasses.asdict(source) for source in dataset.sources]
    held["hub"] = [fetched.to_json() for fetched in dataset.hub]
    write_json(path, held | {"files": [file.to_json() for file in dataset.files]}, replace)


def is_plain_name(name: str) -> bool:
    """Whether `name` can name a folder inside another one: not a way out of it, not hidden, nothing unprintable."""
    return bool(name) and name[0] != "." and not {"/", "\\", "\n", "\t"} & {*name} and not CONTROLS.search(name)
