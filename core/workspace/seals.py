"""Seals: what an artifact's files were when they were written, by which damage to them is noticed before it is read.

A seal is kept in the artifact's .json. At the first opening in a process a file up to 8 MiB is hashed whole; of a larger one its
size and 64 blocks are looked at, or all of it where it was touched since it was written. `doctor` hashes everything whole.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ..base.files import file_sha256

SEAL = "sealed"
KINDS = (".npy", ".arrow", ".db", ".faiss", ".safetensors")
_WHOLE_UP_TO = 8 << 20  # bytes
_BLOCKS, _BLOCK = 64, 16 << 10


def seal_of(info: dict[str, Any], files: dict[str, Path]) -> dict[str, Any]:
    """Return the seal of an artifact. files: {suffix: path}, each as it is to stay."""
    return {"info": _info_sha256(info), "files": {suffix: _facts(path) for suffix, path in sorted(files.items())}}


def files_of(folder: Path, stem: str) -> dict[str, Path]:
    """Return {suffix: path} of what an artifact is made of, its .json left out."""
    found = {path.name.removeprefix(stem): path for path in folder.glob(f"{stem}.*") if path.suffix in KINDS}
    return {suffix: path for suffix, path in found.items() if path.is_file()}


def info_fault(info: dict[str, Any], seal: dict[str, Any]) -> str:
    """Return what is wrong with what the stage wrote down, "" for nothing."""
    return "" if _info_sha256(info) == seal.get("info") else "its checksum differs"


def file_fault(path: Path, facts: dict[str, Any], whole: bool = False) -> str:
    """Return what is wrong with a file of a seal, "" for nothing. whole: look at every byte."""
    if not path.is_file():
        return "is missing"
    state = path.stat()
    if state.st_size != facts["size"]:
        return f"has {state.st_size:,} bytes in place of {facts['size']:,}"
    if whole or state.st_size <= _WHOLE_UP_TO or state.st_mtime_ns != facts["changed"]:
        if file_sha256(path) != facts["sha256"]:
            return "was changed (its checksum differs)"
        if state.st_size > _WHOLE_UP_TO and state.st_mtime_ns != facts["changed"]:
            with contextlib.suppress(
                OSError
            ):  # a copy is whole: the next process need not hash it again; not ours to touch, it does
                os.utime(path, ns=(state.st_atime_ns, facts["changed"]))
        return ""
    return "" if _sampled(path) == facts["sample"] else "was changed (the checksum of a sample differs)"


def _facts(path: Path) -> dict[str, Any]:
    state = path.stat()
    large = state.st_size > _WHOLE_UP_TO
    facts = {"size": state.st_size, "sha256": file_sha256(path), "changed": state.st_mtime_ns}
    return facts | ({"sample": _sampled(path)} if large else {})


def _sampled(path: Path) -> str:
    """Return the sha256 of blocks over the whole of a file, the first and the last among them."""
    hasher, last = hashlib.sha256(), path.stat().st_size - _BLOCK
    with path.open("rb") as file:
        for i in range(_BLOCKS):
            file.seek(last * i // (_BLOCKS - 1))
            hasher.update(file.read(_BLOCK))
    return hasher.hexdigest()


def _info_sha256(info: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(info, ensure_ascii=False).encode()).hexdigest()
