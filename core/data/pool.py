"""Pools: what somebody names, a file, a folder, a glob or several of them, becomes a list of data files, each of a source.

Input -> output: the folder of `train-00000-of-00002.parquet` and `train-00001-of-00002.parquet` gives two files of one source;
`math=gsm8k.jsonl code.json` two files of the sources "math" and "code".
"""

import collections
import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..base.confinement import check_reading
from ..base.errors import CurationError
from ..base.files import check_readable
from ..base.given_path import given_path
from ..base.plain_files import check_name
from .hub.fetched import Fetched, read_fetched
from .hub.names import HubName, is_hub_name
from .readers import COMPRESSIONS, FORMATS

Data = str | Path | Sequence[str | Path]
_OF_MANY = re.compile(r"[-_.]?\d+[-_.]?of[-_.]?\d+(?:[-_.][0-9a-f]{8,})?$")
_NUMBERED = re.compile(r"[-_.]?\d+(?:[-_.]?of[-_.]?\d+(?:[-_.][0-9a-f]{8,})?)?$")
_GLOB = re.compile(r"[*?\[]")
_NO_DATA = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")  # which tools leave beside it


@dataclasses.dataclass(frozen=True)
class DataFile:
    """A file of a pool. source: the label of its records, "" where they have their own or none."""

    path: Path
    source: str = ""


@dataclasses.dataclass(frozen=True)
class Pool:
    """Data files in order, those of a source together. given: what names them, to be named so again.

    n_other: files of a folder that are no data. hub: what was fetched of those that are named on a hub.
    """

    files: tuple[DataFile, ...]
    given: tuple[str, ...]
    n_other: int = 0
    hub: tuple[Fetched, ...] = ()

    @property
    def name(self) -> str:
        """Return what the data is called: "pool.jsonl.xz" -> "pool"; of several the first one's name, and how many more."""
        first = _given_name(self.given[0])
        return first if len(self.given) == 1 else f"{first}-and-{len(self.given) - 1}-more"

    @property
    def path(self) -> str:
        """Return where the data lies, in one line; of a hub's at whatever revision."""
        paths = (labelled(each)[1] for each in self.given)
        return " + ".join(HubName.parse(path).place if is_hub_name(path) else path for path in paths)

    @property
    def is_one_file(self) -> bool:
        """Whether it is one file whose records have no label from here."""
        return len(self.files) == 1 and not self.files[0].source


def as_given(data: Data) -> list[str]:
    """Return the several that `data` names; a text may hold several as a JSON array, as a job's step does."""
    if isinstance(data, str) and data[:1] == "[" and data[-1:] == "]":
        try:
            held = json.loads(data)
        except json.JSONDecodeError:
            held = None
        if isinstance(held, list) and all(isinstance(each, str) for each in held):
            return held
    return [str(data)] if isinstance(data, str | Path) else [str(each) for each in data]


def as_text(given: Sequence[str]) -> str:
    """Return several as one text, for a job's step."""
    return given[0] if len(given) == 1 else json.dumps(list(given), ensure_ascii=False)


def full_paths(data: Data) -> list[str]:
    """Return the several that `data` names, by their full paths; links stay, for what they lead to may have another name.

    Names on a hub stay as they are, "~" is put in full. Raises CurationError for what can be no path.
    """
    several = [labelled(each) for each in as_given(data)]
    paths = [(label, path if is_hub_name(path) else str(given_path(path).absolute())) for label, path in several]
    return [f"{label}={path}" if label else path for label, path in paths]


def on_hub(data: Data) -> list[str]:
    """Return those of the several that `data` names which lie on a hub."""
    return [each for each in as_given(data) if is_hub_name(labelled(each)[1])]


def dataset_name(data: Path | str) -> str:
    """Return the name of a dataset: "pool.jsonl.xz" -> "pool"."""
    name = Path(data).name
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    return Path(name).stem


def data_name(data: Data) -> str:
    """Return what `data` is called, whether or not it is there."""
    return Pool((), tuple(as_given(data))).name


def open_pool(data: Data, fetched: Path | None = None) -> Pool:
    """Return the files that `data` names, each with its source. fetched: the folder that what lies on a hub was fetched into.

    Files of one name but for their numbers are one source, as are all that one name is given for. Where there is but one
    source, its records keep labels of their own. Raises CurationError where a file is not there, or two sources have one name.
    """
    given, found, n_other, hub = full_paths(data), [], 0, []
    for each in given:
        label, text = labelled(each)
        if is_hub_name(text):
            hub.append(read_fetched(HubName.parse(text), fetched))
            group = _Group(label) if label else _Group("", Path(hub[-1].part), hub[-1].repo.split("/")[-1])
            found += [(group, path) for path in hub[-1].paths_in(fetched)]
            continue
        paths, others = _files(text)
        for path in paths:  # a folder may hold links that lead out of it
            check_reading(path)
        n_other += others
        base = _base_of(text)
        found += [
            (_Group(label) if label else _Group("", path.parent, _shard_name(path, base)), path) for path in paths
        ]
    twice = [path for path, n in collections.Counter(path.resolve() for _, path in found).items() if n > 1]
    if twice:
        raise CurationError(f"{twice[0]} is named twice; name each file once.")
    labels = _labels(found)
    order = list(dict.fromkeys(labels[group] for group, _ in found))
    files = sorted((DataFile(path, labels[group]) for group, path in found), key=lambda file: order.index(file.source))
    for file in files:
        check_readable(file.path)
    return Pool(tuple(files), tuple(given), n_other, tuple(hub))


class _Group(NamedTuple):
    """What makes files one source: a name chosen for them, or a folder and a name but for numbers."""

    chosen: str
    folder: Path = Path()
    name: str = ""


def labelled(given: str) -> tuple[str, str]:
    """Return (label, path) of what was given: "math=gsm8k.jsonl" -> ("math", "gsm8k.jsonl")."""
    label, equals, path = given.partition("=")
    if not equals or not label.strip() or "/" in label or _is_there(given):
        return "", given
    return label.strip(), path.strip()


def _is_there(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # no name for a file
        return False


def _given_name(given: str) -> str:
    label, path = labelled(given)
    if label:
        return label
    if is_hub_name(path):
        return HubName.parse(path).repo.split("/")[-1]
    if _GLOB.search(path) and not _is_there(path):
        return _base_of(path).resolve().name
    return Path(path).name if Path(path).is_dir() else dataset_name(path)


def _files(text: str) -> tuple[list[Path], int]:
    """Return the data files that a path or a glob names, in order, and how many other files were among them."""
    path = Path(text)
    check_name(path)
    check_reading(_base_of(text))
    if path.is_dir():
        found = [each for each in path.rglob("*") if not any(part[0] == "." for part in each.relative_to(path).parts)]
    elif _GLOB.search(text) and not path.exists():
        found = [each for each in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if each.name[0] != "."]
    else:
        return [path], 0
    files = sorted(each for each in found if each.is_file())
    data = [each for each in files if format_of(each)]
    for each in data:
        check_name(each)
    if not data:
        raise CurationError(
            f"{text} holds no data file; Winnow reads {', '.join(FORMATS)}, each also with {', '.join(COMPRESSIONS)}."
        )
    return data, len(files) - len(data)


def format_of(path: Path | str) -> str:
    """Return the format of a file of a folder, as in ".jsonl", "" where by its name it is no data."""
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    is_data = path.name not in _NO_DATA and not path.name.endswith(".manifest.json")
    return suffixes[-1] if suffixes and suffixes[-1] in FORMATS and is_data else ""


def _base_of(text: str) -> Path:
    """Return the folder that a path, or a glob's fixed beginning, lies in."""
    path = Path(text)
    if path.is_dir():
        return path
    fixed = []
    for part in path.parts[:-1]:
        if _GLOB.search(part):
            break
        fixed.append(part)
    return Path(*fixed) if fixed else Path()


def _shard_name(path: Path, base: Path) -> str:
    """Return the name that a file shares with the other shards of its data; its folder's where it has but a number."""
    name = _NUMBERED.sub("", dataset_name(path))
    return name or (path.parent.name if path.parent != base else base.resolve().name)


def _labels(found: Sequence[tuple[_Group, Path]]) -> dict[_Group, str]:
    """Return {group: its label}: the name chosen, else its own, with the folder's where two have the same; "" of but one."""
    groups = collections.Counter(group for group, _ in found)
    if len(groups) == 1 and not found[0][0].chosen:
        return {found[0][0]: ""}
    labels = {group: group.chosen for group in groups}
    for group, path in found:
        if not group.chosen:
            labels[group] = group.name if groups[group] > 1 else _OF_MANY.sub("", dataset_name(path))
    own = [group for group in groups if not group.chosen]
    counts = collections.Counter(labels[group] for group in own)
    labels |= {group: f"{group.folder.name}/{labels[group]}" for group in own if counts[labels[group]] > 1}
    counts = collections.Counter(labels[group] for group in groups)
    if same := [label for label, n in counts.items() if n > 1]:
        raise CurationError(
            f"Two sources would be called {same[0]!r}",
            command="name each, as in NAME=PATH.",
            page="name each, as in NAME=PATH",
        )
    return labels
