"""Which folder data is opened in: the one that holds it already, else one that is free."""

import itertools
from collections.abc import Callable
from pathlib import Path

from ..base import access
from ..base.errors import CurationError
from ..data.dataset import Dataset
from .workspace import Workspace


def free_folder(base: Path, is_same: Callable[[Dataset], bool]) -> Path:
    """Return the first of `base`, `base`-2, `base`-3, … that is not there, holds no data, or data of which `is_same` is true."""
    access.require(access.IMPORT)
    for folder in itertools.chain([base], (base.with_name(f"{base.name}-{i}") for i in itertools.count(2))):
        if not folder.exists():
            return folder
        try:
            held = Workspace(folder, create=True).last_import()
        except CurationError:  # damaged, or of a later version: left alone, and said where it is opened
            continue
        if held is None or is_same(held):
            return folder
    raise AssertionError("unreachable: the numbers do not end")
