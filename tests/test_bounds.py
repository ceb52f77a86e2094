"""What is too large, too deep or no file at all is refused at once, with what it is and what to do."""

import gzip
import json
import lzma
import os
import socket
from unittest.mock import Mock

import numpy as np
import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.base.errors import CurationError
from core.base.files import check_readable, file_sha256
from core.daar.domains import load_domains
from core.data.bounds import MOST_DEEP
from core.data.pool import open_pool
from core.data.readers import head_of, read_entries
from core.data.records import RecordParams, load_records
from core.data.streams import lines
from core.vectors.embedding import open_vectors
from tests import lying
from tests.command import run
from tests.fuzz import MOST_BYTES, in_child

GOOD = b'{"q":"a","a":"b"}'
FIELDS = "prompt=q,response=a"


@pytest.fixture
def small_bound(monkeypatch):
    """A record may have 0.01 MB, 10,485 bytes."""
    monkeypatch.setenv("WINNOW_MOST_RECORD_MB", "0.01")


def write(path, content):
    path.write_bytes(content)
    return path


def nested(levels):
    """Return an object of so many levels as JSON."""
    return b'{"q":"x","a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


# Nesting


@pytest.mark.parametrize("field", ["q", "a", "meta"])
def test_a_record_nested_too_deeply_costs_one_record_with_its_line(tmp_path, field):
    deep = nested(MOST_DEEP + 1).replace(b'"a"', f'"{field}"'.encode(), 1)
    path = write(tmp_path / "a.jsonl", GOOD + b"\n" + deep + b"\n" + GOOD + b"\n")
    with pytest.raises(CurationError, match=r"a.jsonl, line 2: it is nested 255 levels deep, and may be 254"):
        list(load_records(path, RecordParams(FIELDS))[1])
    rejects = []
    batches = list(load_records(path, RecordParams(FIELDS, "skip"), rejects.append)[1])
    assert sum(map(len, batches)) == 2
    assert [reject.place for reject in rejects] == [2]


def test_the_deepest_record_that_is_read_can_be_written(tmp_path):
    path = write(tmp_path / "a.jsonl", nested(MOST_DEEP) + b"\n")
    ((_, _, value, _),) = read_entries(path)
    assert orjson.loads(orjson.dumps(value)) == value
    assert sum(map(len, load_records(path, RecordParams(FIELDS))[1])) == 1


@pytest.mark.parametrize("levels", [MOST_DEEP + 1, 600])
def test_an_element_of_an_array_nested_too_deeply_costs_one_record(tmp_path, levels):
    path = write(tmp_path / "a.json", b"[" + GOOD + b"," + nested(levels) + b"]")
    assert ["nested" in reason for *_, reason in read_entries(path)] == [False, True]


def test_many_brackets_side_by_side_are_not_deep(tmp_path):
    path = write(tmp_path / "a.jsonl", json.dumps({"q": [[]] * 1000, "a": "b"}).encode())
    assert [reason for *_, reason in read_entries(path)] == [""]


def test_json_inside_a_text_that_is_nested_too_deeply_stays_a_text(tmp_path):
    inner = '[{"role":"user","content":' + "[" * 300 + "]" * 300 + "}]"
    path = write(tmp_path / "a.jsonl", json.dumps({"q": inner, "a": "b"}).encode())
    (batch,) = load_records(path, RecordParams(FIELDS))[1]
    assert batch["prompt"].to_pylist() == [inner]


def test_a_column_nested_too_deeply_is_refused(tmp_path):
    kind = pa.int8()
    for _ in range(101):
        kind = pa.struct([("x", kind)])
    parquet.write_table(pa.table({"deep": pa.nulls(1, kind)}), tmp_path / "a.parquet")
    with pytest.raises(CurationError, match="nested"):
        list(read_entries(tmp_path / "a.parquet"))


@pytest.mark.parametrize("name", ["d.yaml", "d.json"])
def test_domains_nested_too_deeply_are_refused(tmp_path, name):
    path = write(tmp_path / name, b"[" * 5000 + b"]" * 5000)
    with pytest.raises(CurationError, match=r"nested too deeply|neither YAML nor JSON"):
        load_domains(path)


# Size


@pytest.mark.parametrize("where", ["a.jsonl", "a.jsonl.gz"])
def test_a_line_that_is_too_long_costs_one_record_and_its_end_is_found(tmp_path, small_bound, where):
    content = GOOD + b'\n{"q":"' + b"x" * (9 << 20) + b'"}\n' + GOOD + b"\n"
    path = write(tmp_path / where, gzip.compress(content, 1) if where.endswith("gz") else content)
    first, bad, last = read_entries(path)
    assert (first[1], last[1]) == (GOOD, GOOD)
    assert bad[0] == 2 and len(bad[1]) <= 1000 and bad[2] is None
    assert "larger than the 0.01 MB" in bad[3] and "WINNOW_MOST_RECORD_MB" in bad[3]


def test_of_a_line_without_an_end_only_its_beginning_is_held():
    class Endless:
        n = 0

        def read(self, size):
            self.n += 1
            return b"x" * size if self.n < 20 else b""

    (line,) = lines(Endless(), 1000)
    assert len(line) <= 2 << 22


@pytest.mark.parametrize("content", [b"a,b\n" + b"x" * 40_000 + b",y\n", b"a,b\n" + b'"x\n",' * 10_000])
def test_a_row_of_csv_that_is_too_long_is_an_error(tmp_path, small_bound, content):
    with pytest.raises(CurationError, match=r"a.csv.*0.01 MB"):
        assert [reason for *_, reason in read_entries(write(tmp_path / "a.csv", content)) if not reason]
        raise CurationError(next(reason for *_, reason in read_entries(tmp_path / "a.csv") if reason))


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "nan"])
def test_a_bound_that_is_no_number_is_said(tmp_path, monkeypatch, value):
    monkeypatch.setenv("WINNOW_MOST_RECORD_MB", value)
    path = write(tmp_path / "a.jsonl", GOOD)
    if not value:
        assert len(list(read_entries(path))) == 1
        return
    with pytest.raises(CurationError, match=f"WINNOW_MOST_RECORD_MB is '{value}'"):
        list(read_entries(path))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_small_file_that_holds_too_much_is_refused(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("core.data.bounds._NEVER_TOO_MUCH", 1 << 20)
    ending = ".gz" if pack is gzip.compress else ".xz"
    path = write(tmp_path / f"a.jsonl{ending}", pack((GOOD + b"\n") * 400_000))
    with pytest.raises(CurationError, match="over 200 times as much; if that is right, set WINNOW_MOST_EXPANSION"):
        list(read_entries(path))
    monkeypatch.setenv("WINNOW_MOST_EXPANSION", "100000")
    assert sum(1 for _ in read_entries(path)) == 400_000


def test_a_long_text_that_a_parquet_file_names_over_and_over_is_not_written_out_at_once(tmp_path, monkeypatch):
    text = "x" * 1_000_000
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, np.int32)), pa.array([text]))
    parquet.write_table(pa.table({"q": column}), tmp_path / "a.parquet")
    before = pa.total_allocated_bytes()
    most = 0
    with pytest.raises(CurationError, match="WINNOW_MOST_EXPANSION"):
        for _ in read_entries(tmp_path / "a.parquet"):
            most = max(most, pa.total_allocated_bytes() - before)
    assert most < 100_000_000


def test_a_row_of_parquet_that_is_too_large_costs_one_record(tmp_path, small_bound):
    table = pa.table({"q": ["a", "x" * 20_000, "b"], "m": [[{"role": "y"}]] * 3})
    parquet.write_table(table, tmp_path / "a.parquet")
    entries = list(read_entries(tmp_path / "a.parquet"))
    assert [entry[0] for entry in entries] == [1, 2, 3]
    assert [bool(entry[3]) for entry in entries] == [False, True, False]
    assert entries[2][2] == {"q": "b", "m": [{"role": "y"}]}


def test_large_records_come_in_small_batches_and_a_short_head(tmp_path):
    path = write(tmp_path / "a.jsonl", b"".join(b'{"q":"%d","a":"%s"}\n' % (i, b"x" * 200_000) for i in range(200)))
    assert len(head_of(read_entries(path), 1000)) < 100
    batches = list(load_records(path, RecordParams(FIELDS))[1])
    assert max(batch.nbytes for batch in batches) < 80_000_000
    assert [row for batch in batches for row in batch["row_id"].to_pylist()] == list(range(200))


def test_a_yaml_file_of_aliases_does_not_grow(tmp_path):
    layers = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 12))
    bomb = f"l0: &l0 lol\n{layers}"
    for domains in ("[{name: a, description: *l11}]", "[{name: a, description: b, seeds: *l11}]", "[*l11]"):
        with pytest.raises(CurationError) as caught:
            load_domains(write(tmp_path / "d.yaml", f"{bomb}domains: {domains}\n".encode()))
        assert len(str(caught.value)) < 500


def test_mappings_merged_over_and_over_have_an_end(tmp_path):
    lines = ["a0: &a0 {x: y}"]
    lines += [f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]\n  x{i}: y" for i in range(1, 12)]
    with pytest.raises(CurationError, match="more than 100,000 fields"):
        load_domains(write(tmp_path / "d.yaml", "\n".join(lines).encode()))


def test_a_list_of_seeds_named_over_and_over_has_an_end(tmp_path):
    seeds = ", ".join(["x" * 1000] * 100)
    entries = "\n".join(f"- {{name: d{i}, description: d, seeds: *s}}" for i in range(100))
    with pytest.raises(CurationError, match="4,000,000 letters"):
        load_domains(write(tmp_path / "d.yaml", f"s: &s [{seeds}]\ndomains:\n{entries}\n".encode()))


@pytest.mark.parametrize("lie", lying.LIES)
def test_a_parquet_footer_that_lies_about_its_rows_is_refused(tmp_path, lie):
    path = write(tmp_path / "a.parquet", lying.footer_that_lies(lie))
    with pytest.raises(CurationError, match=r"a.parquet says that it holds \S+ rows, and holds 12,345"):
        list(read_entries(path))


@pytest.mark.parametrize("size", lying.PAGES.values(), ids=lying.PAGES)
@pytest.mark.parametrize("dictionary", [True, False], ids=["dictionary", "plain"])
def test_a_parquet_page_that_lies_about_its_size_is_refused(tmp_path, size, dictionary):
    path = write(tmp_path / "a.parquet", lying.page_that_lies(size, dictionary))
    with pytest.raises(CurationError, match=r"a\.parquet can't be read to its end"):
        list(read_entries(path))


@pytest.mark.parametrize(("ending", "pack"), [(".xz", lying.wide_xz), (".zst", lying.wide_zst)])
def test_a_file_that_asks_for_gigabytes_to_be_unpacked_is_refused_in_little_memory(tmp_path, ending, pack):
    path = write(tmp_path / f"a.jsonl{ending}", pack(GOOD + b"\n"))

    def read():
        with pytest.raises(CurationError, match="asks for more memory to be unpacked than it gets"):
            list(read_entries(path))
        return 0

    ended = in_child(read, tmp_path)
    assert ended.status == 0, ended.err
    assert ended.n_bytes < MOST_BYTES


def test_another_error_that_speaks_of_memory_is_not_taken_for_it(tmp_path, monkeypatch):
    path = write(tmp_path / "a.jsonl.zst", lying.wide_zst(GOOD))
    monkeypatch.setattr("core.data.readers.open_stream", Mock(side_effect=OSError("memory stick removed")))
    with pytest.raises(CurationError, match=r"can't be read to its end \(memory stick removed\)"):
        list(read_entries(path))


def test_xz_of_several_streams_with_zeros_between_is_read_and_one_that_is_cut_is_not(tmp_path):
    line, one = GOOD + b"\n", lzma.compress(GOOD + b"\n", preset=9)
    path = write(tmp_path / "a.jsonl.xz", one + b"\0" * 8 + one + lzma.compress(b"") + lzma.compress(line * 70_000))
    assert sum(1 for _ in read_entries(path)) == 70_002
    for content in (one[:-7], b"", one + b"no stream"):
        with pytest.raises(CurationError, match="can't be read to its end"):
            list(read_entries(write(path, content)))


# What is no file


@pytest.fixture(
    params=["pipe", "device", "socket", "folder", "missing", "circle", "long", "null", "undecodable", "below"]
)
def no_file(request, tmp_path):
    """The path of what can't be read."""
    path = tmp_path / "odd.jsonl"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    elif request.param == "socket":
        short = os.path.relpath(path)
        with socket.socket(socket.AF_UNIX) as opened:
            if len(short) > 100:
                pytest.skip("no room for the name of a socket")
            opened.bind(short)
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "circle":
        path.symlink_to(path)
    elif request.param == "long":
        path = tmp_path / ("x" * 300 + ".jsonl")
    elif request.param == "null":
        path = tmp_path / "a\0.jsonl"
    elif request.param == "undecodable":
        path = tmp_path / os.fsdecode(b"\xff.jsonl")
        path.write_bytes(GOOD)
    elif request.param == "below":
        write(path, GOOD)
        path = path / "more.jsonl"
    return path


def test_what_is_no_file_is_a_clear_error_and_not_waited_for(no_file):
    for reading in (
        lambda path: list(read_entries(path)),
        file_sha256,
        check_readable,
        load_domains,
        lambda path: open_vectors(path, 1),
        lambda path: open_pool(str(path)),
    ):
        with pytest.raises(CurationError):
            reading(no_file)


def test_a_folder_with_a_name_that_is_not_utf8_is_a_clear_error(tmp_path):
    write(tmp_path / os.fsdecode(b"\xff.jsonl"), GOOD)
    with pytest.raises(CurationError, match="not UTF-8; give the file another name"):
        open_pool(str(tmp_path))


def test_a_broken_parquet_footer_is_one_line(tmp_path):
    parquet.write_table(pa.table({"q": ["a"]}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    write(tmp_path / "a.parquet", content[:-40] + b"\xff" * 30 + content[-10:])
    with pytest.raises(CurationError) as caught:
        list(read_entries(tmp_path / "a.parquet"))
    assert "\n" not in str(caught.value)


# What a terminal shows


def test_escape_codes_of_names_and_values_do_not_reach_the_terminal(tmp_path):
    name = "ev\x1b]0;pwned\x07il\x1b[31m\u202e\nnext.jsonl"
    record = {"question": "a", "answer": "b", "le\x1b[2Jft\nout": 1}
    path = write(tmp_path / name, json.dumps(record).encode() + b"\n")
    done = run("import", path, "--workspace", tmp_path / "w", home=tmp_path)
    bad = run("import", tmp_path / ("gone" + name), "--workspace", tmp_path / "w2", home=tmp_path)
    assert (done.returncode, bad.returncode) == (0, 1)
    assert "le\\x1b[2Jft\\nout" in done.stdout and "\\x1b[31m" in bad.stderr
    for text in (done.stdout, done.stderr, bad.stderr):
        assert not {"\x1b", "\x07", "\u202e"} & {*text}
    assert bad.stderr.count("\n") == 1


def test_an_argument_that_is_not_utf8_is_one_clear_line(tmp_path):
    done = run("import", os.fsdecode(b"/tmp/\xff.jsonl"), home=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is not UTF-8" in done.stderr
