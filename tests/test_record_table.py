import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.data.record_table import RecordTable
from core.data.records import SCHEMA


def make_table(folder, texts, sources=None, batch_sizes=None):
    """Write the records in batches of these sizes and open them."""
    sources = sources or [None] * len(texts)
    start = 0
    with pa.OSFile(str(folder / "records.arrow"), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for size in batch_sizes or [len(texts)]:
            part = slice(start, start + size)
            raws = [f'{{"text":"{text}"}}' for text in texts[part]]
            columns = [range(start, start + size), [""] * size, texts[part], texts[part], sources[part], raws]
            arrays = [pa.array(list(column), field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))
            start += size
    return RecordTable(folder / "records.arrow")


@pytest.fixture(params=[[10], [4, 3, 3], [1] * 10, [0, 5, 0, 0, 5, 0]], ids=str)
def ten(request, tmp_path):
    """Records "text 0" to "text 9", in various batches."""
    return make_table(tmp_path, [f"text {i}" for i in range(10)], batch_sizes=request.param)


def test_the_table_has_its_records_in_order(ten):
    assert len(ten) == 10
    assert [text for batch in ten.batches() for text in batch["text"].to_pylist()] == [f"text {i}" for i in range(10)]
    assert all(batch.schema == SCHEMA for batch in ten.batches())
    assert all(batch.schema.names == ["raw", "row_id"] for batch in ten.batches(["raw", "row_id"]))


@pytest.mark.parametrize(
    "rows", [[0], [9, 0], [3, 4, 5], [7, 1, 7, 7, 0, 1], list(range(9, -1, -1)), list(range(10)) * 2]
)
def test_rows_are_taken_in_the_order_given_as_often_as_given(ten, rows):
    taken = ten.take(np.array(rows), ["row_id", "text"])
    assert taken.column_names == ["row_id", "text"]
    assert taken["row_id"].to_pylist() == rows
    assert taken["text"].to_pylist() == [f"text {row}" for row in rows]


@given(data=st.data(), sizes=st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any))
def test_any_rows_are_taken_from_any_batches(tmp_path_factory, data, sizes):
    table = make_table(tmp_path_factory.getbasetemp(), [str(i) for i in range(sum(sizes))], batch_sizes=sizes)
    rows = data.draw(st.lists(st.integers(0, sum(sizes) - 1), max_size=20))
    assert table.take(np.array(rows, np.int64), ["row_id"])["row_id"].to_pylist() == rows


def test_taking_leaves_the_rows_as_they_were(ten):
    rows = np.array([5, 1, 5])
    ten.take(rows, ["text"])
    assert rows.tolist() == [5, 1, 5]


def test_no_rows_give_an_empty_table_of_the_columns(ten):
    taken = ten.take(np.array([], np.int64), ["text", "source"])
    assert (len(taken), taken.column_names) == (0, ["text", "source"])


@pytest.mark.parametrize(("rows", "named"), [([-1], -1), ([10], 10), ([3, 99, 4], 99), ([0, -5], -5)])
def test_a_row_that_is_not_there_is_refused_by_its_number(ten, rows, named):
    with pytest.raises(CurationError, match=f"record {named} is not one of 0 to 9"):
        ten.take(np.array(rows), ["text"])


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (3, 8), (9, 10), (4, 4)])
def test_texts_are_those_from_start_to_before_stop(ten, start, stop):
    assert ten.texts(start, stop) == [f"text {i}" for i in range(start, stop)]


# Sources


@pytest.mark.parametrize("batch_sizes", [[7], [2, 5], [1, 1, 0, 5]], ids=str)
def test_sources_are_named_most_frequent_first_with_a_code_a_record(tmp_path, batch_sizes):
    sources = ["a", None, "b", "b", "c", "b", "c"]
    names, codes = make_table(tmp_path, list("1234567"), sources, batch_sizes).sources()
    assert names == ["b", "c", "a"]
    assert codes.tolist() == [2, -1, 0, 0, 1, 0, 1]
    assert codes.dtype == np.int32


def test_sources_as_frequent_come_in_the_order_they_appear(tmp_path):
    names, codes = make_table(tmp_path, list("1234"), ["y", "x", "x", "y"], [1, 3]).sources()
    assert (names, codes.tolist()) == (["y", "x"], [0, 1, 1, 0])


def test_records_without_any_source_have_no_names(tmp_path):
    names, codes = make_table(tmp_path, list("123"), batch_sizes=[1, 2]).sources()
    assert (names, codes.tolist()) == ([], [-1, -1, -1])


@given(st.lists(st.sampled_from([None, "a", "b", "c", ""]), min_size=1, max_size=20), st.integers(1, 20))
def test_the_codes_say_every_record_s_source(tmp_path_factory, sources, first):
    first = min(first, len(sources))
    sizes = [first, len(sources) - first]
    names, codes = make_table(tmp_path_factory.getbasetemp(), ["x"] * len(sources), sources, sizes).sources()
    assert [None if code < 0 else names[code] for code in codes] == sources
    counts = [sources.count(name) for name in names]
    assert counts == sorted(counts, reverse=True)


# Nothing


@pytest.mark.parametrize("batch_sizes", [[], [0], [0, 0]], ids=str)
def test_a_table_without_records_answers_with_nothing(tmp_path, batch_sizes):
    with pa.OSFile(str(tmp_path / "records.arrow"), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for _ in batch_sizes:
            writer.write_batch(pa.RecordBatch.from_pylist([], SCHEMA))
    table = RecordTable(tmp_path / "records.arrow")
    assert len(table) == 0
    assert table.texts(0, 0) == []
    names, codes = table.sources()
    assert (names, codes.tolist()) == ([], [])
    with pytest.raises(CurationError):
        table.take(np.array([0]), ["text"])


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux says what of a mapped file is in memory")
def test_a_scan_leaves_little_of_the_file_in_memory(tmp_path):
    sizes = [500] * 8
    table = make_table(tmp_path, [f"{i:0>2000}" for i in range(sum(sizes))], batch_sizes=sizes)
    assert sum(batch["text"].nbytes for batch in table.batches()) == pytest.approx(8_000_000, rel=0.1)
    maps = Path("/proc/self/smaps").read_text()
    held = re.findall(rf"{re.escape(str(tmp_path))}/records\.arrow\nSize: .*(?:\n(?!Rss).*)*\nRss: +(\d+) kB", maps)
    assert held and sum(map(int, held)) < 4000  # of 33 MB
    assert table.take(np.array([3999, 0]), ["text"])["text"].to_pylist() == [f"{3999:0>2000}", f"{0:0>2000}"]
