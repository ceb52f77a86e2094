"""Tokenizers by name: the bundled encoder's, a folder's or file's, or one that transformers knows; no code of theirs is run."""

import dataclasses
import functools
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import CurationError
from ..base.text import first_line
from .encoder import model_path

if TYPE_CHECKING:
    import tokenizers


@dataclasses.dataclass(frozen=True)
class NamedTokenizer:
    """A tokenizer that can be told from others. name: as it was asked for. sha256: of all that it goes by."""

    name: str
    sha256: str
    held: "tokenizers.Tokenizer"

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, nothing cut and no special tokens added."""
        return [len(each.ids) for each in self.held.encode_batch_fast(list(texts), add_special_tokens=False)]


def open_tokenizer(name: str) -> NamedTokenizer:
    """Return a tokenizer: the bundled encoder's by its name, a tokenizer.json or a folder that holds one, or by a hub name.

    Raises CurationError where there is none that can be loaded without running its own code.
    """
    path = _path_of(name)
    stamp = path.stat() if path.is_file() else None
    return _opened(name, str(path), (stamp.st_mtime_ns, stamp.st_size) if stamp else None)


def tokenizer_key(name: str) -> str:
    """Return what counts by a tokenizer are kept by: the hash of its file where it has one, else its name. Loads none by name."""
    return open_tokenizer(name).sha256 if _path_of(name).is_file() else name


def _path_of(name: str) -> Path:
    path = Path(model_path(name)).expanduser()
    return path / "tokenizer.json" if path.is_dir() and (path / "tokenizer.json").is_file() else path


@functools.lru_cache(maxsize=4)
def _opened(name: str, path: str, stamp: tuple[int, int] | None) -> NamedTokenizer:
    try:
        held = _from_file(path) if stamp else _by_transformers(path)
    except Exception as error:  # both libraries raise whatever their parsers do
        raise CurationError(
            f"tokenizer {name!r} can't be loaded ({first_line(error)}); give the folder of a model or its tokenizer.json, or the "
            "name of one that is on this computer."
        ) from error
    held.no_truncation()
    held.no_padding()
    return NamedTokenizer(name, hashlib.sha256(held.to_str().encode()).hexdigest(), held)


def _from_file(path: str) -> "tokenizers.Tokenizer":
    import tokenizers

    return tokenizers.Tokenizer.from_file(path)


def _by_transformers(path: str) -> "tokenizers.Tokenizer":
    import tokenizers
    import transformers

    made = transformers.AutoTokenizer.from_pretrained(os.fspath(path), trust_remote_code=False)
    if getattr(made, "backend_tokenizer", None) is None:
        raise ValueError("it has no fast form")
    return tokenizers.Tokenizer.from_str(made.backend_tokenizer.to_str())  # a copy: its settings are ours
