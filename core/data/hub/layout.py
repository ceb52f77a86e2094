"""How a data set's files are laid out: which config and split each belongs to, by its card, else by the Hub's conventions.

Input -> output: the files `data/train-00000-of-00001.parquet` and `data/test-00000-of-00001.parquet` of a card without `configs`
give {"default": {"train": [the first], "test": [the second]}}.
"""

import collections
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...base.errors import CurationError
from ..pool import format_of

Splits = dict[str, list[str]]
Configs = dict[str, Splits]

DEFAULT = "default"
TRAIN = "train"
_WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SHARD = re.compile(r"(?:^|.*/)data/([^/]+?)-\d{5,}-of-\d{5,}(?:-[0-9a-f]+)?\.[^/]+$")
_CONVERTED = re.compile(r"([^/]+)/(?:partial-)?([^/]+)/\d{4,}\.parquet$")


def configs_of(paths: Sequence[str], card: Mapping[str, Any]) -> Configs:
    """Return {config: {split: its files}}, each file a path in the repository, of a format that Winnow reads.

    paths: of all files. card: the YAML part of the data set's card. Raises CurationError where that says what can't be followed.
    """
    paths = sorted(paths)
    told = card.get("configs")
    if isinstance(told, list) and told:
        found = {str(each.get("config_name") or DEFAULT): _told(paths, each) for each in told if isinstance(each, dict)}
    else:
        found = _by_converted(paths) or {DEFAULT: _by_names(paths)}
    read = {
        config: {split: [path for path in files if format_of(path)] for split, files in splits.items()}
        for config, splits in found.items()
    }
    there = {config: {split: files for split, files in splits.items() if files} for config, splits in read.items()}
    return {config: splits for config, splits in there.items() if splits}


def default_of(configs: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Return the config that the card means where none is said, "" where it does not say."""
    told = card.get("configs")
    marked = [str(each.get("config_name")) for each in told or [] if isinstance(each, dict) and each.get("default")]
    return next((name for name in (*marked, DEFAULT) if name in configs), "")


def _told(paths: Sequence[str], config: Mapping[str, Any]) -> Splits:
    """Return the splits of a config by its `data_files`; without these, by the names in its `data_dir`."""
    folder = str(config.get("data_dir") or "").strip("./")
    inside = [path for path in paths if not folder or path.startswith(f"{folder}/")]
    files = config.get("data_files")
    if files is None:
        return _by_names(inside)
    if isinstance(files, dict):
        files = [{"split": split, "path": patterns} for split, patterns in files.items()]
    elif isinstance(files, str):
        files = [files]
    if not isinstance(files, list):
        raise CurationError(
            f"The card's data_files are {files!r}; Winnow reads a pattern, or a list of them with splits."
        )
    if all(isinstance(each, str) for each in files):
        files = [{"split": TRAIN, "path": files}]
    splits: Splits = {}
    for each in files:
        patterns = each.get("path") if isinstance(each, dict) else each
        patterns = [patterns] if isinstance(patterns, str) else list(patterns or [])
        split = str(each.get("split", TRAIN)) if isinstance(each, dict) else TRAIN
        splits.setdefault(split, []).extend(_matching(inside, folder, [str(pattern) for pattern in patterns]))
    return {split: list(dict.fromkeys(found)) for split, found in splits.items()}


def _matching(paths: Sequence[str], folder: str, patterns: Sequence[str]) -> list[str]:
    found = []
    for pattern in patterns:
        if "://" in pattern:
            raise CurationError(f"The card names {pattern}, which lies elsewhere; download it, and import the file.")
        wanted = _as_regex("/".join(filter(None, (folder, pattern.removeprefix("./")))))
        found += [path for path in paths if wanted.fullmatch(path)]
    return found


def _as_regex(pattern: str) -> re.Pattern[str]:
    """Return a glob as a regular expression: `*` and `?` stay within a folder, `**` goes through any, `[…]` is one of these."""
    made, rest = "", pattern
    while rest:
        if kind := re.match(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]", rest):
            text = kind[0]
            set_of = (
                f"[{'^' if text[1:2] == '!' else ''}{re.escape(text[1:-1].lstrip('!')).replace(chr(92) + '-', '-')}]"
            )
            made += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(text, set_of)
        else:
            text = rest[0]
            made += re.escape(text)
        rest = rest[len(text) :]
    return re.compile(made)


def _by_converted(paths: Sequence[str]) -> Configs:
    """Return configs by the folders of the Hub's own conversions, `config/split/0000.parquet`, where all data lies so."""
    data = [path for path in paths if format_of(path)]
    found = [_CONVERTED.match(path) for path in data]
    if not data or not all(found):
        return {}
    configs: Configs = {}
    for path, match in zip(data, found, strict=True):
        configs.setdefault(match[1], {}).setdefault(match[2], []).append(path)
    return configs


def _by_names(paths: Sequence[str]) -> Splits:
    """Return splits by the names of folders and files, in the order in which the Hub looks; without any all is training data."""
    data = [path for path in paths if format_of(path)]
    ways: tuple[Callable[[str], str], ...] = (
        lambda path: match[1] if (match := _SHARD.match(path)) else "",
        lambda path: next((split for part in path.split("/")[:-1] if (split := _split_in(part))), ""),
        lambda path: _split_in(path.rsplit("/", 1)[-1]),
    )
    for way in ways:
        splits: Splits = {}
        for path in data:
            if split := way(path):
                splits.setdefault(split, []).append(path)
        if splits:
            order = list(_WORDS)
            named = sorted(splits, key=lambda split: order.index(split) if split in order else len(order))
            return {split: splits[split] for split in named}
    return {TRAIN: data} if data else {}


def _split_in(name: str) -> str:
    """Return the split that a name speaks of, as a word of its own: "my-train_2" of train, "trainer" of none."""
    parts = re.split(r"[-._ 0-9]+", name.lower())
    return next((split for split, words in _WORDS.items() if any(word in parts for word in words)), "")


def of_one_format(files: Sequence[str]) -> list[str]:
    """Return those of a split's files that have the format of most of them: the others hold the same records once more."""
    counts = collections.Counter(format_of(path) for path in files)
    most = max(counts, key=lambda kind: (counts[kind], kind))
    return [path for path in files if format_of(path) == most]
