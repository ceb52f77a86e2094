"""Streams: a file's bytes, unpacked, in chunks and lines. Nothing here grows with the length of a line or of the file."""

import concurrent.futures
import gzip
import io
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from .bounds import Expansion

_CHUNK = 1 << 22


def open_stream(path: Path, compression: str) -> BinaryIO:
    """Open a file; what is compressed is unpacked while it is read, and counted."""
    if compression == ".gz":
        return Counted(gzip.open(path), Expansion(path))
    if compression == ".xz":
        return Counted(lzma.open(path), Expansion(path))
    if compression == ".zst":
        return Counted(pa.input_stream(path, compression="zstd"), Expansion(path))
    return path.open("rb")


class Counted(io.BufferedIOBase):
    """A stream whose bytes are counted. since: how many came since somebody set that to 0."""

    def __init__(self, file: BinaryIO, expansion: Expansion | None = None) -> None:
        self._file, self._expansion, self.since = file, expansion, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, `size` of them where there are so many."""
        return self._count(self._file.read(size))

    def read1(self, size: int = -1) -> bytes:
        """Return some of the next bytes."""
        return self._count(self._file.read1(size))

    def _count(self, chunk: bytes) -> bytes:
        self.since += len(chunk)
        if self._expansion:
            self._expansion.count(len(chunk))
        return chunk

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


def lines(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield lines without their newline; only b"\\n" ends a line, so the bytes of a record stay as they are.

    most: of a line that is longer the beginning, itself longer than `most`, stands for all of it.
    """
    begun: list[bytes] = []
    n = 0
    for chunk in ahead(file):
        found = chunk.split(b"\n")
        if len(found) > 1:
            if begun:
                found[0] = b"".join([*begun, found[0]])
            last = found.pop()
            yield from found
            begun, n = [last] if last else [], len(last)
        elif n <= most:
            begun.append(chunk)
            n += len(chunk)
    if begun:
        yield b"".join(begun)


def ahead(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file's chunks, the next one read (and unpacked) on a thread while this one is used."""
    with concurrent.futures.ThreadPoolExecutor(1) as reader:
        coming = reader.submit(file.read, _CHUNK)
        while chunk := coming.result():
            coming = reader.submit(file.read, _CHUNK)
            yield bytes(chunk)
