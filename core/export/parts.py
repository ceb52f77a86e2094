"""The files of a split export: each line goes to the file of its part; all of them are written, or none is."""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import CurationError
from ..base.files import Replacing, replacing
from ..base.text import counted
from ..data.targets import Source, check_out
from .splitting import REST, Split, SplitParams


def part_files(out: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return {part: its file}: of curated.jsonl, curated.train.jsonl and so on."""
    stem = Path(out).name.removesuffix(".jsonl")
    return {name: Path(out).with_name(f"{stem}.{name}.jsonl") for name in names}


def check_parts(out: Path, params: SplitParams, sources: list[Source]) -> None:
    """Raise CurationError unless every part, and the manifest, may be written there."""
    for path in (Path(out), *(part_files(out, (REST, *params.parts)).values() if params.split else ())):
        check_out(path, sources)


def write_parts(
    lines: Iterable[bytes], split: Split, out: Path, replace: Replacing = replacing
) -> tuple[str, list[dict[str, Any]]]:
    """Write each line to its part's file; return the sha256 of all lines together, and what a manifest says of each part.

    replace: see `write_json`.
    """
    files, whole = part_files(out, split.names), hashlib.sha256()
    hashers = [hashlib.sha256() for _ in split.names]
    try:
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(replace(path)) for path in files.values()]
            with contextlib.ExitStack() as opened:
                targets = [opened.enter_context(path.open("wb")) for path in held]
                for line, part in zip(lines, split.of.tolist(), strict=True):
                    whole.update(line)
                    hashers[part].update(line)
                    targets[part].write(line)
    except OSError as error:
        raise CurationError(
            f"{out} can't be written ({error.strerror}); give a path in a folder you may write to."
        ) from error
    facts = [
        {
            "name": name,
            "file": files[name].name,
            "sha256": hashers[i].hexdigest(),
            "asked": int(split.asked[i]),
            "n_lines": int(split.sizes[i]),
            "lines": np.flatnonzero(split.of == i).tolist(),
        }
        for i, name in enumerate(split.names)
    ]
    return whole.hexdigest(), facts


def split_facts(params: SplitParams, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return {"splits": …} as a manifest has it: `lines` are places among its row_ids."""
    return {"splits": params.as_dict() | {"parts": parts}}


def parts_in_words(manifest: dict[str, Any]) -> list[str]:
    """Return a line a part of a split export: its file, its lines, by how much they miss what was asked; none without a split."""
    told = []
    for part in manifest.get("splits", {}).get("parts", []):
        off = part["n_lines"] - part["asked"]
        missed = f", {abs(off):,} {'more' if off > 0 else 'fewer'} than asked" if off and part["name"] != REST else ""
        of = part["n_lines"] / max(manifest["output"]["n_lines"], 1)
        told.append(f"{part['file']}: {counted(part['n_lines'], 'line')} ({of:.1%}){missed}")
    return told
