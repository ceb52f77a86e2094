"""What a node of a Ray cluster does for a run: it says whether it can take part, opens the work, and makes shards of it.

Knows nothing of Ray: an object of `Node` is what becomes an actor.
"""

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.errors import CurationError
from ..base.progress import no_progress
from .exchange import Exchange
from .work import Group, Opened, Work

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKAGES = ("numpy", "pyarrow", "sentence-transformers", "tokenizers", "torch", "transformers")  # what bytes hang on
_MACHINE, AT_ONCE = "machine", "at once"
OF_NODES = (_MACHINE, AT_ONCE)  # what nodes settle beside the work


@functools.cache
def software() -> dict[str, str]:
    """Return the versions of what shards are made by; Winnow's is a hash of its files."""
    code = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        code.update(f"{path.relative_to(_PACKAGE)} {path.stat().st_size}\n".encode() + path.read_bytes())
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"Winnow": code.hexdigest()[:12], "Python": platform.python_version()} | versions


def machine(device: str) -> str:
    """Return what two machines must have in common to give the same bytes: the processor's instructions, or the GPU."""
    import torch

    if device == "cuda":
        return torch.cuda.get_device_name()
    bf16 = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}" + (" with bfloat16" if bf16 else "")


class Node:
    """One place of a node. Every method returns a CurationError where the data, the params or the node are at fault.

    exchange: by which what the work reads reaches the node, and its shards the workspace. threads: of torch.
    """

    def __init__(self, work: Work, exchange: Exchange, threads: int) -> None:
        self._work, self._exchange, self._threads = work, exchange, threads
        self._opened: Opened | None = None

    def begin(self, settled: dict[str, Any], wanted: dict[str, str]) -> dict[str, Any] | CurationError:
        """Open the work; return what is settled now. settled: by another node, or empty. wanted: the beginner's `software`."""
        return _told(lambda: self._begin(settled, wanted))

    def _begin(self, settled: dict[str, Any], wanted: dict[str, str]) -> dict[str, Any]:
        import torch

        where = platform.node()
        if other := [name for name, version in software().items() if wanted.get(name) != version]:
            raise CurationError(
                f"The node {where} has another {other[0]} ({software()[other[0]]}) than this machine ({wanted.get(other[0])}), "
                "so its results could differ; install the same everywhere."
            )
        torch.set_num_threads(self._threads)
        here = machine(settled.get("device") or getattr(self._work, "device", "cpu"))
        if settled.get(_MACHINE, here) != here:
            raise CurationError(
                f"The node {where} computes otherwise ({here}) than the first ({settled[_MACHINE]}), so its results would "
                "differ; use nodes of one kind."
            )
        of_work = {name: value for name, value in settled.items() if name not in OF_NODES}
        self._opened = self._exchange.received(self._work).open(of_work)
        return self._opened.settled | {_MACHINE: here, AT_ONCE: self._opened.at_once}

    def make(self, group: Group) -> CurationError | None:
        """Make the shards of a group and write them."""
        return _told(lambda: self._make(group))

    def _make(self, group: Group) -> None:
        self._exchange.give(group, self._opened.make(group[0].start, group[-1].stop, no_progress))


def _told(do: Callable[[], Any]) -> Any:
    """Return what `do` does, or the error that is to be said where the run was begun."""
    try:
        return do()
    except CurationError as error:
        return error
