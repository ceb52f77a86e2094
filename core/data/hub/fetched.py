"""What was fetched of a data set on a hub: its files and where they came from, written beside them once all are there."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Self

from ...base.errors import CurationError
from ...base.files import write_json
from ...base.params import digest
from .names import HubName

_FACTS = "fetched.json"


@dataclasses.dataclass(frozen=True)
class HubFile:
    """A file of a data set. path: in the repository. size: bytes. sha256: "" where the hub does not say and it isn't there yet.

    blob: its id in git, "" where the sha256 is known.
    """

    path: str
    size: int
    sha256: str = ""
    blob: str = dataclasses.field(default="", repr=False, compare=False)

    def as_facts(self) -> dict[str, Any]:
        """Return what is written down of it."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256}


@dataclasses.dataclass(frozen=True)
class Fetched:
    """A split of a config of a data set at a commit, its files in the order of their records. licence: as its card says, or "".

    n_other: how many files it has in another format, which were left alone.
    """

    repo: str
    commit: str
    config: str
    split: str
    licence: str
    files: tuple[HubFile, ...]
    n_other: int = 0

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(file.size for file in self.files)

    @property
    def name(self) -> HubName:
        """Return what names it."""
        return HubName(self.repo, self.commit, self.config, self.split)

    @property
    def part(self) -> str:
        """Return what it is called where two of one data set are open."""
        return f"{self.config}-{self.split}"

    def paths_in(self, folder: Path) -> list[Path]:
        """Return where its files lie in the folder of all that was fetched."""
        return [folder_of(self.name, folder) / file.path for file in self.files]

    def is_whole(self, folder: Path) -> bool:
        """Whether its files are there, by their sizes."""
        paths = zip(self.paths_in(folder), self.files, strict=True)
        return all(path.is_file() and path.stat().st_size == file.size for path, file in paths)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values, as dataset.json and manifests have it."""
        facts = {name: getattr(self, name) for name in ("repo", "commit", "config", "split", "licence", "n_other")}
        return facts | {"files": [file.as_facts() for file in self.files]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return what `to_json` gave."""
        return cls(**values | {"files": tuple(HubFile(**file) for file in values["files"])})

    def write(self, folder: Path) -> None:
        """Write it down beside its files."""
        write_json(_facts_path(self.name, folder), self.to_json())


def folder_of(name: HubName, folder: Path) -> Path:
    """Return where the files of a data set at a commit lie."""
    return folder / name.repo.replace("/", "--") / name.revision[:12]


def _facts_path(name: HubName, folder: Path) -> Path:
    return folder_of(name, folder) / f".{digest(name.config, name.split)}.{_FACTS}"


def read_fetched(name: HubName, folder: Path | None) -> Fetched:
    """Return what was fetched. Raises CurationError where it was not, or not to its end."""
    found = find_fetched(name, folder) if folder is not None else None
    if found is None:
        raise CurationError(
            f"{name} is not fetched to its end; import it. Of a workspace, what was fetched is in its folder `hub`."
        )
    return found


def find_fetched(name: HubName, folder: Path) -> Fetched | None:
    """Return what was fetched, None where that is not there, or not whole."""
    path = _facts_path(name, folder)
    if not name.is_pinned or not path.exists():
        return None
    try:
        found = Fetched.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError):  # written by a later version, or damaged: it is fetched again
        return None
    return found if found.is_whole(folder) else None
