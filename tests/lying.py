"""Files that lie about what they hold: the footer or a page of a Parquet file, the window that .xz and .zst ask for."""

import lzma
import struct
import zlib

import pyarrow as pa
from pyarrow import parquet

_ROWS, _TEXT = 12_345, b"x" * 3_000_017  # numbers that stand nowhere else in the file
LIES = {"many rows": 1 << 40, "negative rows": -1, "few rows": 3}
PAGES = {"huge page": (1 << 27) - 1, "negative page": -5}


def _varint(n: int) -> bytes:
    """Return a number as Thrift's compact protocol has it: zigzag, seven bits a byte."""
    n = (n << 1) ^ (n >> 63)
    n &= (1 << 64) - 1
    made = bytearray()
    while n > 127:
        made.append(n & 127 | 128)
        n >>= 7
    return bytes([*made, n])


def _in_footer(content: bytes, was: int, now: int) -> bytes:
    """Return a Parquet file whose footer says another number of rows. The columns' own stay."""
    (n,) = struct.unpack("<I", content[-8:-4])
    body, footer = content[: -8 - n], content[-8 - n : -8]
    # The file's own is the first, before its row groups, and the row group's the last, after its columns.
    first, *between, last = footer.split(_varint(was))
    footer = _varint(now).join([first, _varint(was).join(between), last])
    return body + footer + struct.pack("<I", len(footer)) + b"PAR1"


def footer_that_lies(lie: str) -> bytes:
    """Return a Parquet file of 12,345 rows whose footer tells another number of them, one of LIES."""
    sink = pa.BufferOutputStream()
    columns = {"question": [f"q{i}" for i in range(_ROWS)], "answer": ["a"] * _ROWS}
    parquet.write_table(pa.table(columns), sink)
    return _in_footer(sink.getvalue().to_pybytes(), _ROWS, LIES[lie])


def page_that_lies(size: int, dictionary: bool = True) -> bytes:
    """Return a Parquet file whose first page says that it unpacks to `size` bytes. dictionary: whether that is a dictionary's."""
    sink = pa.BufferOutputStream()
    text = pa.array([_TEXT.decode()])
    parquet.write_table(
        pa.table({"question": text}), sink, compression="zstd", use_dictionary=dictionary, write_statistics=False
    )
    content = sink.getvalue().to_pybytes()
    unpacked = next(n for n in range(len(_TEXT), len(_TEXT) + 40) if _varint(n) in content[:60])
    at = content.index(_varint(unpacked))
    return content[:at] + _padded(size) + content[at + len(_varint(unpacked)) :]


def _padded(n: int) -> bytes:
    """Return a number in the four bytes that the honest one takes."""
    made = _varint(n)
    while len(made) < 4:
        made = made[:-1] + bytes([made[-1] | 128, 0])
    return made[:4]


def wide_xz(content: bytes) -> bytes:
    """Return content as .xz whose header asks for a dictionary of 4 GiB."""
    packed = bytearray(lzma.compress(content, lzma.FORMAT_XZ, preset=0))
    n = (packed[12] + 1) * 4
    header = packed[12 : 12 + n - 4]
    at = header.index(b"\x21\x01") + 2  # LZMA2, one byte of properties
    header[at] = 40
    packed[12 : 12 + n] = header + struct.pack("<I", zlib.crc32(header))
    return bytes(packed)


def wide_zst(content: bytes) -> bytes:
    """Return content as .zst, in one raw block, whose header asks for a window of 2 GiB."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + (len(content) << 3 | 1).to_bytes(3, "little") + content
