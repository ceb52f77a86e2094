"""How the beginner of a run and the nodes of a cluster hand files to each other: by a path that all share, or by a store.

Node-side and beginner-side of either are one class, which is sent to the nodes as plain values.
"""

import contextlib
import dataclasses
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import filelock
import numpy as np
import pyarrow as pa

from ..base.errors import CurationError
from ..base.files import file_sha256
from .store import Store
from .work import Group, Work, paths_of, write_group

NODE_CACHE = "WINNOW_NODE_CACHE"
_SEEN_WITHIN = 60.0  # seconds until a shared file system shows what another node wrote
_INPUTS = "inputs"


class Exchange(Protocol):
    """What makes a run's files reach who needs them."""

    def sent(self, work: Work) -> Work:
        """Return work as a node gets it."""

    def received(self, work: Work) -> Work:
        """Return work that was sent as it can be opened on this node. Raises CurationError where the node lacks something."""

    def give(self, group: Group, rows: np.ndarray | pa.Table) -> None:
        """Hand over, on a node, the rows of a group of shards."""

    def take(self, group: Group) -> None:
        """Let the shards that a node gave be in the workspace. Raises CurationError where they are not to be had."""


@contextlib.contextmanager
def exchange_by(store: str, folder: Path) -> Iterator[Exchange]:
    """Yield how files are handed over: by the store at that address; by `folder`, where the shards go, where none is named."""
    name = f"run-{uuid.uuid4().hex}"
    if store:
        try:
            yield ByStore(store, name)
        except BaseException:
            with contextlib.suppress(CurationError):  # what went wrong first is what is to be said
                Store(store).remove(name)
            raise
        Store(store).remove(name)
        return
    token = folder.resolve() / name
    token.touch()
    try:
        yield ByPath(token)
    finally:
        token.unlink(missing_ok=True)


@dataclasses.dataclass(frozen=True)
class ByPath:
    """A path that all nodes share. token: a file that the run's beginner wrote where the shards go."""

    token: Path

    def sent(self, work: Work) -> Work:
        """Return it with its paths in full."""
        return work.sent()

    def received(self, work: Work) -> Work:
        """Return it as it is, where this node sees the folder."""
        if not self.token.exists():
            raise CurationError(
                f"The node {platform.node()} does not see {self.token.parent}; put the workspace on a path that all nodes share, "
                "and give that path",
                command="or name a store that all of them reach (--store s3://name/folder).",
                page="or name a store that all of them reach, by WINNOW_STORE",
            )
        return work

    def give(self, group: Group, rows: np.ndarray | pa.Table) -> None:
        """Write them where they belong."""
        write_group(group, rows)

    def take(self, group: Group) -> None:
        """Wait until they are seen here."""
        until = time.monotonic() + _SEEN_WITHIN
        for shard in group:
            while not shard.is_whole():
                if time.monotonic() > until:
                    raise CurationError(
                        f"A node wrote {shard.path}, and it is not here; put the workspace on a path that all nodes share."
                    )
                time.sleep(0.2)


@dataclasses.dataclass(frozen=True)
class ByStore:
    """A store, at the address `uri`. run: the name below which shards lie there until they are taken.

    What work reads lies there by its checksum and stays, for the runs that come.
    """

    uri: str
    run: str

    def sent(self, work: Work) -> Work:
        """Put what the work reads into the store, where it is not there; return the work with its names there for paths."""
        store, work = Store(self.uri), work.sent()
        names = {}
        for field, path in paths_of(work).items():
            names[field] = Path(_INPUTS, f"{file_sha256(path)}{path.suffix}")
            if store.size(str(names[field])) != path.stat().st_size:
                store.put(path, str(names[field]))
        return dataclasses.replace(work, **names)

    def received(self, work: Work) -> Work:
        """Fetch what it reads to this node, where it is not here from a run before."""
        store, here = Store(self.uri), {}
        for field, name in paths_of(work).items():
            here[field] = _cache() / name.name
            with filelock.FileLock(f"{here[field]}.lock"):  # a node has several processes
                if not here[field].exists() or here[field].stat().st_size != store.size(str(name)):
                    store.get(str(name), here[field])
        return dataclasses.replace(work, **here)

    def give(self, group: Group, rows: np.ndarray | pa.Table) -> None:
        """Write them to the store."""
        store = Store(self.uri)
        with tempfile.TemporaryDirectory() as folder:
            there = tuple(dataclasses.replace(shard, path=Path(folder, shard.path.name)) for shard in group)
            write_group(there, rows)
            for shard in there:
                store.put(shard.path, f"{self.run}/{shard.path.name}")

    def take(self, group: Group) -> None:
        """Fetch them, and remove them from the store."""
        store = Store(self.uri)
        for shard in group:
            store.get(f"{self.run}/{shard.path.name}", shard.path)
            store.remove(f"{self.run}/{shard.path.name}")
            if not shard.is_whole():
                raise CurationError(
                    f"The store gave {shard.path.name} cut; run the same again, which goes on from there."
                )


def _cache() -> Path:
    """Return where a node keeps what work reads: $WINNOW_NODE_CACHE, else a folder of this user's in the temporary one."""
    named = os.environ.get(NODE_CACHE)
    folder = Path(named) if named else Path(tempfile.gettempdir(), f"winnow-node-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not named and folder.stat().st_uid != os.getuid():
        raise CurationError(f"{folder} belongs to another user; name a folder of your own by {NODE_CACHE}.")
    return folder
