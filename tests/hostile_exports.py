"""Whether an export of everything holds the source's own records, to the byte, found without Winnow's readers."""

import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa

from tests.hostile import Case

_UNPACK = {
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda data: pa.input_stream(pa.BufferReader(data), compression="zstd").read(),
}


def exported_wrong(case: Case, export: Path, workspace: Path) -> str:
    """Return what is wrong with an export of all records, "" where nothing is."""
    path, lines = Path(case.data), export.read_bytes().split(b"\n")[:-1]
    if not path.is_file():
        return ""
    suffixes = [suffix for suffix in path.suffixes[-2:] if suffix in (".jsonl", ".ndjson", *_UNPACK)]
    rejects = workspace / "rejects.jsonl"
    refused = {json.loads(line)["place"] for line in rejects.read_bytes().splitlines()} if rejects.exists() else set()
    if suffixes and suffixes[0] in (".jsonl", ".ndjson"):
        content = path.read_bytes()
        content = _UNPACK[path.suffix](content) if path.suffix in _UNPACK else content
        held = enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1)
        expected = [line for place, line in held if line.strip() and place not in refused]
        return "" if lines == expected else "the export is not the source's lines"
    if case.values is not None and not refused:
        found = [json.loads(line) for line in lines]
        if found != list(case.values):
            return f"the export holds other values than the source: {str(found)[:200]}"
    return ""
