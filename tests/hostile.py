"""Hostile files, made by structure: of a format, packed, damaged, oddly named, or no file at all."""

import csv
import dataclasses
import gzip
import io
import json
import lzma
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tests import lying

PACKERS = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, 1),
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
KINDS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
NAMES = (
    "data",
    "d\x1b[31mred",
    "a\nb",
    "spaced name",
    "é" * 100,
    "x" * 200,
    "ev\u202eil",
    "=1+1",
    "math=a",
    "%s{}",
    "-x",
    "a*b[c]",
)
WORDS = (
    "bread",
    "é",
    "\x1b[2J",
    "\u202e",
    "\x00",
    "0",
    "line\nbreak",
    "\ud7ff",
    "😀",
    "</script>",
    '"',
    "\\",
    "\t",
    "  ",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """data: a path. what: how it was made. vectors: of embeddings. values: the records, where the file is whole; None where not."""

    data: str
    what: str
    on_error: str = "fail"
    vectors: str = ""
    values: Sequence[dict[str, Any]] | None = None


def make_case(rng: random.Random, folder: Path) -> Case:
    """Write the files of a case into a folder."""
    on_error = rng.choice(("fail", "skip"))
    pick = rng.random()
    if pick < 0.1:
        return dataclasses.replace(_no_file(rng, folder), on_error=on_error)
    if pick < 0.18:
        return _vectors(rng, folder)
    if pick < 0.26:
        return dataclasses.replace(_folder(rng, folder), on_error=on_error)
    if pick > 0.96:
        return _lying(rng, folder, on_error)
    kind, packed = rng.choice(KINDS), rng.choice(("", "", *PACKERS))
    makers = [_plain, _plain, _plain, _nested, _mixed, _long, _bomb]
    how = rng.choice(makers)
    content, values = how(rng, kind)
    what = f"{how.__name__} {kind}{packed}"
    content = PACKERS[packed](content)
    if rng.random() < 0.35:
        content, values, damage = *_damaged(rng, content), "damaged"
        what += f", {damage}"
    name = rng.choice(NAMES) if rng.random() < 0.4 else "data"
    path = folder / f"{name}{kind}{packed}"
    path.write_bytes(content)
    return Case(str(path), what, on_error, values=values)


def _text(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 8)))


def _records(rng: random.Random, n: int) -> list[dict[str, Any]]:
    shape = rng.choice(("qa", "chat", "odd"))
    if shape == "chat":
        return [
            {"messages": [{"role": "user", "content": f"{i} {_text(rng)}"}, {"role": "assistant", "content": "ok"}]}
            for i in range(n)
        ]
    more = _text(rng) if shape == "odd" else "topic"
    return [{"question": f"{i} {_text(rng)}", "answer": f"a{i}", more: _text(rng)} for i in range(n)]


def as_bytes(rng: random.Random, kind: str, values: Sequence[dict[str, Any]]) -> bytes:
    """Return records in a format."""
    ascii_only = rng.random() < 0.5
    if kind in (".jsonl", ".ndjson"):
        end = rng.choice(("\n", "\r\n", "\n\n"))
        return "".join(json.dumps(value, ensure_ascii=ascii_only) + end for value in values).encode()
    if kind == ".json":
        return json.dumps(values, ensure_ascii=ascii_only, indent=rng.choice((None, 1))).encode()
    if kind == ".parquet":
        sink = pa.BufferOutputStream()
        parquet.write_table(
            pa.Table.from_pylist(list(values)), sink, compression=rng.choice(("zstd", "snappy", "none"))
        )
        return sink.getvalue().to_pybytes()
    text = io.StringIO()
    rows = csv.DictWriter(text, list(values[0]), delimiter="\t" if kind == ".tsv" else ",", quoting=csv.QUOTE_ALL)
    rows.writeheader()
    rows.writerows(values)
    return text.getvalue().encode()


def _flat(kind: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if kind not in (".csv", ".tsv"):
        return values
    return [{k: v if isinstance(v, str) else json.dumps(v) for k, v in value.items()} for value in values]


def _plain(rng: random.Random, kind: str) -> tuple[bytes, Any]:
    values = _flat(kind, _records(rng, rng.choice((1, 5, 300))))
    return as_bytes(rng, kind, values), values


def _nested(rng: random.Random, kind: str) -> tuple[bytes, Any]:
    deep = rng.choice((50, 253, 254, 255, 300, 900, 1100, 100_000))
    inner = "[" * deep + "]" * deep if rng.random() < 0.5 else '{"a":' * deep + "1" + "}" * deep
    bad = json.dumps({"question": "x", "answer": "HERE"}).replace('"HERE"', inner)
    if kind == ".parquet":
        array = pa.array(["x"])
        for _ in range(min(deep, 255)):
            array = pa.StructArray.from_arrays([array], ["s"]) if rng.random() < 0.9 else array
        return as_bytes_of(pa.table({"question": pa.array(["q"]), "answer": array})), None
    if kind == ".json":
        return f'[{{"question":"a","answer":"b"}},{bad}]'.encode(), None
    if kind in (".csv", ".tsv"):
        values = [{"question": inner, "answer": "b"}]
        return (as_bytes(rng, kind, values), values) if len(inner) < 100_000 else (inner.encode(), None)
    return f'{{"question":"a","answer":"b"}}\n{bad}\n'.encode(), None


def as_bytes_of(table: pa.Table) -> bytes:
    """Return a table as Parquet."""
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _mixed(rng: random.Random, kind: str) -> tuple[bytes, Any]:
    bad = [
        b"",
        b"null",
        b"[1]",
        b'{"a":1',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'"x"',
        b"1e999",
        b'{"question":null}',
        b"{}",
        b"\x00" * 9,
    ]
    bad += [b'{"question":{"role":1},"answer":[[],{}]}', b'{"question":"\\ud800","answer":"b"}', b"NaN", b'{"a":NaN}']
    good = [json.dumps(value).encode() for value in _records(rng, 5)]
    parts = [rng.choice(bad if rng.random() < 0.4 else good) for _ in range(20)]
    return rng.choice((b"\n", b",", b"\r", b"\x00", b"\t")).join(parts), None


def _long(rng: random.Random, kind: str) -> tuple[bytes, Any]:
    n = rng.choice((1 << 20, 5 << 20, 17 << 20, 40 << 20))
    filling = rng.choice(("x", "é", "[],", '{"a":0},', "1,", " ", '"",', "😀"))
    long = filling * (n // len(filling.encode()))
    if filling.endswith(","):
        long = f"[{long[:-1]}]"
        if kind in (".json", ".jsonl", ".ndjson"):
            record = f'{{"question":"q","answer":{long}}}'
            return (f"[{record}]" if kind == ".json" else f"{record}\n").encode(), None
    if kind == ".parquet":
        return as_bytes_of(pa.table({"question": ["q", long], "answer": ["a", "b"]})), None
    return as_bytes(rng, kind, [{"question": "q", "answer": long}]), None


def _bomb(rng: random.Random, kind: str) -> tuple[bytes, Any]:
    if kind == ".parquet":
        text, n = "x" * rng.choice((1000, 1_000_000)), rng.choice((1000, 300_000))
        return as_bytes_of(
            pa.table({"question": pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([text]))})
        ), None
    if kind in (".csv", ".tsv"):
        return b"question\t" + b"x" * 1_000_000 + b"\n" + b"a\tb\n" * 300 + b"a,b\n" * 100_000, None
    return rng.choice((b"\n", b" ", b"{", b"[", b"\x00", b'{"question":"a"}\n', b"{}\n")) * rng.choice(
        (1000, 3 << 20)
    ), None


def _damaged(rng: random.Random, content: bytes) -> tuple[bytes, None]:
    content = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        at, how = rng.randrange(len(content) + 1), rng.choice(("cut", "flip", "put", "drop", "tail"))
        if how == "cut":
            del content[at:]
        elif how == "flip" and content:
            content[at % len(content)] ^= 1 << rng.randrange(8)
        elif how == "put":
            content[at:at] = rng.randbytes(rng.choice((1, 9, 5000)))
        elif how == "drop":
            del content[at : at + rng.choice((1, 100))]
        elif content:
            content[-1 - rng.randrange(min(40, len(content)))] ^= 255
    return bytes(content), None


def _no_file(rng: random.Random, folder: Path) -> Case:
    kind = rng.choice(KINDS)
    path = folder / f"odd{kind}"
    what = rng.choice(
        ("pipe", "device", "folder", "missing", "circle", "long", "undecodable", "empty", "below", "unknown")
    )
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to(rng.choice(("/dev/zero", "/dev/null", "/dev/random")))
    elif what == "folder":
        path.mkdir()
    elif what == "circle":
        path.symlink_to(path)
    elif what == "long":
        path = folder / ("x" * 300 + kind)
    elif what == "undecodable":
        path = folder / os.fsdecode(b"\xff\xfe" + kind.encode())
        path.write_bytes(b'{"question":"a"}\n')
    elif what == "below":
        path.write_bytes(b"")
        path = path / "x.jsonl"
    elif what == "unknown":
        path = folder / "data.jsonl.bz2"
        path.write_bytes(b"x")
    elif what == "empty":
        path.write_bytes(b"")
    return Case(str(path), f"{what} {kind}")


def _lying(rng: random.Random, folder: Path, on_error: str) -> Case:
    """A file that lies about what it holds, or asks for gigabytes to be unpacked."""
    what = rng.choice((*lying.LIES, *lying.PAGES, "wide.xz", "wide.zst"))
    content = as_bytes(rng, ".jsonl", _records(rng, 4))
    if what.startswith("wide"):
        path = folder / f"data.jsonl{what[4:]}"
        path.write_bytes(lying.wide_xz(content) if what.endswith("xz") else lying.wide_zst(content))
    else:
        path = folder / "data.parquet"
        page = lying.PAGES.get(what)
        path.write_bytes(
            lying.footer_that_lies(what) if page is None else lying.page_that_lies(page, rng.random() < 0.5)
        )
    return Case(str(path), f"lying, {what}", on_error)


def _folder(rng: random.Random, folder: Path) -> Case:
    """A folder of several files, some of them odd."""
    data = folder / "pool"
    data.mkdir()
    for i in range(rng.randint(1, 4)):
        kind = rng.choice(KINDS)
        (data / f"{rng.choice(NAMES)}{i}{kind}").write_bytes(as_bytes(rng, kind, _flat(kind, _records(rng, 4))))
    odd = rng.choice(("", "pipe", "circle", "undecodable", "empty"))
    if odd == "pipe":
        os.mkfifo(data / "p.jsonl")
    elif odd == "circle":
        (data / "c").symlink_to(data)
        (data / "d.jsonl").symlink_to(data / "d.jsonl")
    elif odd == "undecodable":
        (data / os.fsdecode(b"\xff.jsonl")).write_bytes(b"{}\n")
    elif odd == "empty":
        (data / "e.jsonl").write_bytes(b"")
    return Case(str(data if rng.random() < 0.7 else data / "*"), f"folder {odd}")


def _vectors(rng: random.Random, folder: Path) -> Case:
    path, data = folder / "v.npy", folder / "data.jsonl"
    data.write_bytes(as_bytes(rng, ".jsonl", [{"question": f"q{i}", "answer": "a"} for i in range(3)]))
    what = rng.choice(
        ("pipe", "device", "nan", "zeros", "text", "object", "short", "cut", "header", "good", "folder", "flat")
    )
    arrays = {
        "nan": np.full((3, 4), np.nan, np.float32),
        "zeros": np.zeros((3, 4), np.float32),
        "short": np.ones((2, 4)),
    }
    arrays |= {"text": np.array([["a"] * 4] * 3), "flat": np.ones(12), "good": np.eye(3, 4, dtype=np.float32)}
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    elif what in arrays:
        np.save(path, arrays[what])
    else:
        np.save(path, np.eye(3, 4, dtype=np.float32))
        content = path.read_bytes()
        changed = {
            "cut": content[:-7],
            "header": content.replace(b"(3, 4)", b"(3,-4)"),
            "object": content.replace(b"<f4", b"|O8"),
        }
        path.write_bytes(changed[what])
    return Case(str(data), f"vectors {what}", vectors=str(path))
