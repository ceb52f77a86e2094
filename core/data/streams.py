"""Streams: a file's bytes, unpacked, in chunks and lines. Nothing here grows with the length of a line or of the file."""

import concurrent.futures
import functools
import gzip
import io
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from .bounds import Expansion

_CHUNK = 1 << 22
_PACKED = 1 << 16
_MOST_WINDOW = (
    256 << 20
)  # bytes that unpacking .xz may take: four times what its strongest preset needs; .zst has a bound of its own


def open_stream(path: Path, compression: str) -> BinaryIO:
    """Open a file; what is compressed is unpacked while it is read, and counted."""
    if compression == ".gz":
        return Counted(gzip.open(path), Expansion(path))
    if compression == ".xz":
        return Counted(io.BufferedReader(Unxz(path)), Expansion(path))
    if compression == ".zst":
        return Counted(pa.input_stream(path, compression="zstd"), Expansion(path))
    return path.open("rb")


# The least that each asks for more memory than it gets with: an .xz of one letter, and the head of a .zst with a window of 2 GiB.
_ASKS = {
    ".xz": lambda: lzma.LZMADecompressor(memlimit=1).decompress(lzma.compress(b"x")),
    ".zst": lambda: pa.input_stream(io.BytesIO(bytes.fromhex("28b52ffd00a8010000")), compression="zstd").read(),
}


def asks_too_much(error: Exception, compression: str) -> bool:
    """Whether a file could not be unpacked because its header asks for more memory than it gets.

    Neither library has an error of its own for that: it is known by what each says of a file that surely does.
    """
    return str(error) == _said_of_too_much(compression)


@functools.cache
def _said_of_too_much(compression: str) -> str:
    try:
        _ASKS.get(compression, bytes)()
    except (lzma.LZMAError, OSError) as error:
        return str(error)
    return "no header of this kind asks for memory"


class Unxz(io.RawIOBase):
    """An .xz file unpacked, several streams one after the other, in bounded memory: `lzma.open` takes what the file asks for."""

    def __init__(self, path: Path) -> None:
        self._file, self._packed, self._unpacker = path.open("rb"), b"", None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, into: bytearray | memoryview) -> int:
        """Fill `into` with the next bytes, or some. Raises lzma.LZMAError, or EOFError where the file ends too early."""
        while True:
            if self._unpacker is None or self._unpacker.eof:
                rest = self._packed if self._unpacker is None else self._unpacker.unused_data
                while not (rest := rest.lstrip(b"\0")):  # between streams there may be zeros
                    if not (rest := self._file.read(_PACKED)):
                        if self._unpacker is None:
                            raise EOFError("it is empty")
                        return 0
                self._packed, self._unpacker = rest, lzma.LZMADecompressor(memlimit=_MOST_WINDOW)
            elif self._unpacker.needs_input and not (chunk := self._file.read(_PACKED)):
                raise EOFError("it ends before its end was marked")
            elif self._unpacker.needs_input:
                self._packed = chunk
            found = self._unpacker.decompress(self._packed, len(into))
            self._packed = b""
            if found:
                into[: len(found)] = found
                return len(found)

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


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
