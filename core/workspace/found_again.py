"""Records that somebody decided on, found again in today's data: by row in the same import, by content hash in another."""

import functools
from pathlib import Path

import numpy as np

from .artifacts import Artifacts
from .matching import HashIndex, as_hashes
from .workspace import Workspace, hashes_in


def rows_today(
    workspace: Workspace, fingerprint: str, rows: np.ndarray, hashes: tuple[bytes, ...] = (), today: str = ""
) -> np.ndarray | None:
    """Return the rows, in today's data, of records that were `rows` of the import `fingerprint`; those gone are left out.

    hashes: the records' own, where they were written down beside the rows. today: the fingerprint of today's data, for one
    who asks often and has it at hand. None where nothing tells what the records were.
    """
    today = today or workspace.dataset().fingerprint
    if fingerprint == today:
        return rows
    folder = workspace.artifacts.resolve()
    if not hashes and hashes_in(workspace, fingerprint) is None:
        return None
    workspace.hashes()
    index = _index(folder, today)
    return index.rows_of(index.names_of(as_hashes(hashes)) if hashes else _names(folder, fingerprint, today)[rows])


# What the hashes of an import are never changes, so that their fingerprint is all that there is to remember them by.
@functools.lru_cache(maxsize=2)
def _index(folder: Path, fingerprint: str) -> HashIndex:
    return HashIndex(hashes_in(Artifacts(folder), fingerprint))


@functools.lru_cache(maxsize=4)
def _names(folder: Path, fingerprint: str, today: str) -> np.ndarray:
    """Return, for each record of an import, the number by which the index of today's records knows its hash."""
    return _index(folder, today).names_of(hashes_in(Artifacts(folder), fingerprint))
