"""The data that records came from, as it is now: still there, unchanged, moved away or changed since the import."""

from pathlib import Path

from ..base.files import file_sha256
from ..data.dataset import Dataset


def source_fault(held: Dataset, whole: bool = False) -> str:
    """Return which file that the records came from is no longer as it was, "" for none.

    whole: compare its checksum; else only whether it is there and how long it is, which takes no time.
    """
    for sha256 in [file.sha256 for file in held.files] or [held.sha256]:
        known = [source for source in held.sources if source.sha256 == sha256]
        there = [source for source in known if Path(source.path).is_file()]
        if known and not there:
            return f"The data {known[-1].path} is no longer there; the records are kept here, `verify` asks where it is"
        same = [source for source in there if source.size in (-1, Path(source.path).stat().st_size)]
        if whole:
            same = [source for source in same if file_sha256(Path(source.path)) == sha256]
        if known and not same:
            return f"The data {there[-1].path} was changed since it was imported; the records here are as they were"
    return ""
