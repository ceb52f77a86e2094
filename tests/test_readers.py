import datetime
import decimal
import gzip
import json
import lzma
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from core.base.errors import CurationError
from core.data.readers import COMPRESSIONS, FORMATS, file_format, read_entries

CHUNK = 1 << 22
COMPRESSORS = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def write(folder, name, data):
    path = folder / name
    data = data.encode() if isinstance(data, str) else data
    path.write_bytes(COMPRESSORS.get(path.suffix, bytes)(data))
    return path


def read(folder, name, data):
    return list(read_entries(write(folder, name, data)))


def raws(entries):
    return [raw for _, raw, _, _ in entries]


def values(entries):
    return [value for _, _, value, _ in entries]


def places(entries):
    return [place for place, _, _, _ in entries]


def as_parquet(table):
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()


TWO = [{"a": "1", "b": "x y"}, {"a": "2", "b": "é"}]
SAMPLES = {
    ".jsonl": '{"a":"1","b":"x y"}\n{"a":"2","b":"é"}\n'.encode(),
    ".ndjson": '{"a":"1","b":"x y"}\n{"a":"2","b":"é"}\n'.encode(),
    ".json": '[{"a": "1", "b": "x y"},\n {"a": "2", "b": "é"}]'.encode(),
    ".csv": "a,b\n1,x y\n2,é\n".encode(),
    ".tsv": "a\tb\n1\tx y\n2\té\n".encode(),
    ".parquet": as_parquet(pa.table({"a": ["1", "2"], "b": ["x y", "é"]})),
}


# Any format


@pytest.mark.parametrize("compression", ["", *COMPRESSIONS])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_reads_the_same_plain_and_compressed(tmp_path, kind, compression):
    entries = read(tmp_path, f"data{kind}{compression}", SAMPLES[kind])
    first = 2 if kind in (".csv", ".tsv") else 1
    assert values(entries) == TWO
    assert raws(entries) == [b'{"a":"1","b":"x y"}', '{"a":"2","b":"é"}'.encode()]
    assert places(entries) == [first, first + 1]
    assert [reason for *_, reason in entries] == ["", ""]


@pytest.mark.parametrize("keep", [0.5, 0.99])
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_compressed_file_is_an_error_that_names_it(tmp_path, kind, compression, keep):
    path = write(tmp_path, f"data{kind}{compression}", SAMPLES[kind])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(CurationError, match=f"data{kind}{compression}"):
        list(read_entries(path))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_file_cut_off_after_many_records_is_an_error_and_not_a_short_file(tmp_path, compression):
    source = random.Random(0)
    lines = b"".join(b'{"a":"%s"}\n' % source.randbytes(40).hex().encode() for _ in range(20_000))
    path = write(tmp_path, f"data.jsonl{compression}", lines)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CurationError, match="whole"):
        list(read_entries(path))


@pytest.mark.parametrize("name", ["data.jsonl.gz", "data.csv.xz", "data.json.zst", "data.parquet"])
def test_a_file_that_is_not_what_its_suffix_says_is_an_error(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b'{"a": 1}\n')
    with pytest.raises(CurationError, match=name):
        list(read_entries(path))


def test_a_gzip_file_with_damaged_bytes_is_an_error_wherever_the_damage_is(tmp_path):
    whole = gzip.compress(b"".join(b'{"a":"%d"}\n' % i for i in range(5000)))
    path = tmp_path / "data.jsonl.gz"
    for at in range(20, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with pytest.raises(CurationError, match="whole"):
            list(read_entries(path))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_file_compressed_in_several_parts_is_read_to_its_end(tmp_path, compression):
    parts = [COMPRESSORS[compression](b'{"a":%d}\n' % i) for i in range(3)]
    path = tmp_path / f"data.jsonl{compression}"
    path.write_bytes(b"".join(parts))
    assert values(list(read_entries(path))) == [{"a": 0}, {"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data.jsonl", (".jsonl", "")),
        ("a.b.json.XZ", (".json", ".xz")),
        ("DATA.TSV", (".tsv", "")),
        ("v1.5.parquet", (".parquet", "")),
    ],
)
def test_the_name_gives_format_and_compression(tmp_path, name, expected):
    assert file_format(tmp_path / name) == expected


@pytest.mark.parametrize("name", ["data.txt", "data", "data.gz", "data.jsonl.bz2", ".jsonl"])
def test_an_unknown_suffix_is_refused_with_the_formats_that_are_known(tmp_path, name):
    with pytest.raises(CurationError, match=r"\.parquet.*\.zst"):
        read(tmp_path, name, b"{}")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "nowhere.jsonl", tmp_path):
        with pytest.raises(CurationError, match="is not a file"):
            list(read_entries(path))


# JSONL


def test_a_byte_order_mark_is_dropped_from_the_first_line_only(tmp_path):
    entries = read(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a":1}\n\xef\xbb\xbf{"a":2}\n')
    assert entries[0] == (1, b'{"a":1}', {"a": 1}, "")
    assert entries[1][2] is None


def test_a_line_keeps_its_bytes_with_its_carriage_return(tmp_path):
    entries = read(tmp_path, "a.jsonl", b'{"a" : 1.50}\r\n  {"b":"\\u00e9"}\t\n')
    assert raws(entries) == [b'{"a" : 1.50}\r', b'  {"b":"\\u00e9"}\t']
    assert values(entries) == [{"a": 1.5}, {"b": "é"}]


def test_blank_lines_hold_no_record_and_count_as_lines(tmp_path):
    entries = read(tmp_path, "a.jsonl", b'\n{"a":1}\n\n \r\n\t\n{"a":2}')
    assert places(entries) == [2, 6]


def test_the_last_line_needs_no_newline(tmp_path):
    assert read(tmp_path, "a.jsonl", b'{"a":1}\n{"a":2}') == read(tmp_path, "b.jsonl", b'{"a":1}\n{"a":2}\n')


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_a_file_without_lines_has_no_entries(tmp_path, data):
    assert read(tmp_path, "a.jsonl", data) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":', "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a":"\xff"}', "not JSON"),
        (b"[1]", "an array"),
        (b'"text"', "a string"),
        (b"12", "a number"),
        (b"true", "true or false"),
        (b"null", "null"),
    ],
)
def test_a_line_that_holds_no_object_has_a_reason_and_costs_one_record(tmp_path, line, reason):
    first, bad, last = read(tmp_path, "a.jsonl", b'{"a":1}\n' + line + b'\n{"a":3}\n')
    assert (first[2], last[2]) == ({"a": 1}, {"a": 3})
    assert bad[:3] == (2, line, None)
    assert reason in bad[3]


def test_a_line_nested_too_deeply_has_a_reason(tmp_path):
    entries = read(tmp_path, "a.jsonl", '{"a":' + "[" * 100_000 + "]" * 100_000 + '}\n{"a":1}')
    assert entries[0][2] is None
    assert entries[1][2] == {"a": 1}


@pytest.mark.parametrize("overhang", [-2, -1, 0, 1, 2])
def test_a_line_that_ends_near_the_end_of_a_read_is_kept_whole(tmp_path, overhang):
    first = b'{"a":"' + b"x" * (CHUNK + overhang - 9) + b'"}'  # with its newline CHUNK + overhang bytes
    lines = [first, '{"a":"é"}'.encode(), b'{"a":3}']
    entries = read(tmp_path, "a.jsonl", b"\n".join(lines))
    assert raws(entries) == lines
    assert places(entries) == [1, 2, 3]


@pytest.mark.parametrize("compression", ["", *COMPRESSIONS])
def test_lines_and_one_line_longer_than_a_read_come_back_whole(tmp_path, compression):
    lines = [json.dumps({"i": i, "a": "é" * (i % 700)}, ensure_ascii=False).encode() for i in range(6000)]
    lines[3000] = b'{"a":"' + b"y" * (2 * CHUNK + 5) + b'"}'
    entries = read(tmp_path, f"a.jsonl{compression}", b"\n".join(lines))
    assert raws(entries) == lines
    assert places(entries) == list(range(1, 6001))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(), JSON_VALUES, max_size=3), max_size=5)


@given(objects=OBJECTS, ending=st.sampled_from(["\n", "\r\n", "\n\n"]), ascii_only=st.booleans())
def test_any_objects_come_back_from_lines_as_they_were(tmp_path_factory, objects, ending, ascii_only):
    lines = [json.dumps(value, ensure_ascii=ascii_only) for value in objects]
    entries = read(tmp_path_factory.getbasetemp(), "any.jsonl", ending.join(lines))
    assert values(entries) == objects
    assert [raw.decode().removesuffix("\r") for raw in raws(entries)] == lines


# JSON


@pytest.mark.parametrize(
    "element",
    [
        '{"a":1e400}',
        '{"a":0.10000000000000000555}',
        '{"a":123456789012345678901234567890}',
        '{"a":-0.0,"b":1E+2,"c":1.50}',
        '{"a":"\\u00e9\\/\\" \\\\","b":"\\ud83d\\ude00"}',
        '{"z":1,"a":2,"z":3}',
        '{"a":"two  spaces,\\tand: [ {"}',
        '{"a":"\u2028\u00a0 é","b":[[],{},null,true]}',
    ],
)
def test_an_element_is_one_line_with_its_tokens_as_written(tmp_path, element):
    spaced = json_spread_out(element)
    assert raws(read(tmp_path, "a.json", f"[\n{spaced} ,\r\n{element}\n]\n")) == [element.encode()] * 2


def json_spread_out(element):
    """Put white space around every token outside strings."""
    out, inside, escaped = [], False, False
    for char in element:
        if char == '"' and not escaped:
            inside = not inside
        escaped = inside and char == "\\" and not escaped
        out.append(f" \r\n\t{char} \n" if not inside and char in "{}[]:," else char)
    return "".join(out)


@given(objects=OBJECTS, indent=st.sampled_from([None, 0, 2, "\t"]), ascii_only=st.booleans())
def test_any_objects_come_back_from_an_array_as_they_were(tmp_path_factory, objects, indent, ascii_only):
    text = json.dumps(objects, indent=indent, ensure_ascii=ascii_only)
    entries = read(tmp_path_factory.getbasetemp(), "any.json", text)
    compact = [json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")) for value in objects]
    assert values(entries) == objects
    assert [raw.decode() for raw in raws(entries)] == compact
    assert places(entries) == list(range(1, len(objects) + 1))


def test_an_array_element_that_is_no_object_costs_one_record(tmp_path):
    entries = read(tmp_path, "a.json", '[{"a":1}, 12, "x", [1], null, {"a":2}]')
    assert values(entries) == [{"a": 1}, None, None, None, None, {"a": 2}]
    assert "a number" in entries[1][3]


@pytest.mark.parametrize("text", ["[]", " [ ] \n", "\ufeff[]"])
def test_an_empty_array_has_no_entries(tmp_path, text):
    assert read(tmp_path, "a.json", text) == []


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('[{"a":1}, {"a":}]', 2),
        ('[{"a":1}, {"a":2}', 2),
        ('[{"a":1}, {"a":', 2),
        ('[{"a":1}, {"a":2} {"a":3}]', 2),
        ('[{"a":1}, {"a":"x\ny"}]', 2),
        ('[{"a":1},, {"a":2}]', 2),
        ("[,]", 1),
        ("[", 1),
        ('[{"a":1},', 2),
        ('[{"a":1},]', 2),
        ("[{'a':1}]", 1),
        ('[{"a":' + "1" * 5000 + "x}]", 1),
        ('[{"a":' + "[" * 100_000 + "]" * 100_000 + "}]", 1),
    ],
)
def test_a_broken_array_is_an_error_that_names_the_record(tmp_path, text, record):
    with pytest.raises(CurationError, match=f"a.json, record {record}:"):
        read(tmp_path, "a.json", text)


def test_an_integer_of_thousands_of_digits_does_not_stop_the_array(tmp_path):
    element = '{"a":' + "1" * 5000 + "}"
    entries = read(tmp_path, "a.json", f'[{element}, {{"b":2}}]')
    assert raws(entries) == [element.encode(), b'{"b":2}']


@pytest.mark.parametrize("text", ["", "  ", '{"a":1}', '"x"', "12"])
def test_a_json_file_that_is_no_array_is_refused(tmp_path, text):
    with pytest.raises(CurationError, match="not with an array"):
        read(tmp_path, "a.json", text)


def test_text_after_the_array_is_refused(tmp_path):
    with pytest.raises(CurationError, match="follows the end"):
        read(tmp_path, "a.json", '[{"a":1}] [{"a":2}]')


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_json_file_in_another_encoding_is_refused(tmp_path, encoding):
    with pytest.raises(CurationError, match="UTF-8"):
        read(tmp_path, "a.json", '[{"a":"é"}]'.encode(encoding))


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_larger_than_a_read_comes_back_whole(tmp_path, indent):
    objects = [{"i": i, "a": 'é"\\ ' * (i % 400)} for i in range(3000)]
    objects[2000] = {"a": "y" * (CHUNK * 3 // 2)}
    entries = read(tmp_path, "a.json", json.dumps(objects, ensure_ascii=False, indent=indent))
    assert values(entries) == objects
    assert raws(entries)[17] == json.dumps(objects[17], ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("overhang", range(-8, 3))
def test_an_element_across_the_end_of_a_read_is_kept_whole(tmp_path, overhang):
    elements = ['{"a":"' + "x" * 100 + '"}', '{"é":1.5e3}', '{"c":3}']
    gap = " " * (CHUNK + overhang - len(elements[0]) - len(elements[1]))
    entries = read(tmp_path, "a.json", f"[{elements[0]},{gap}{elements[1]},{elements[2]}]")
    assert raws(entries) == [element.encode() for element in elements]


def test_a_bare_number_across_the_end_of_a_read_costs_one_record(tmp_path):
    entries = read(tmp_path, "a.json", "[" + " " * (CHUNK - 3) + '1e5, {"a":1}]')
    assert raws(entries) == [b"1e5", b'{"a":1}']


# CSV and TSV


def test_a_csv_record_is_placed_at_the_line_it_starts_on(tmp_path):
    entries = read(tmp_path, "a.csv", '\ufeffa,b\r\n1,"x\r\ny"\r\n\r\n2,"say ""hi"", ok"\r\n3,\r\n')
    assert places(entries) == [2, 5, 6]
    assert values(entries) == [{"a": "1", "b": "x\r\ny"}, {"a": "2", "b": 'say "hi", ok'}, {"a": "3", "b": ""}]
    assert raws(entries)[0] == b'{"a":"1","b":"x\\r\\ny"}'


def test_a_header_over_several_lines_is_counted(tmp_path):
    assert places(read(tmp_path, "a.csv", '"a\nb",c\n1,2\n3,4\n')) == [3, 4]


def test_a_csv_row_with_other_than_the_header_s_fields_costs_one_record(tmp_path):
    entries = read(tmp_path, "a.csv", 'a,b\n1\n"x\ny",2,3\n4,5\n')
    assert places(entries) == [2, 3, 5]
    assert values(entries) == [None, None, {"a": "4", "b": "5"}]
    assert [reason for *_, reason in entries[:2]] == [
        "1 field where the header names 2",
        "3 fields where the header names 2",
    ]
    assert json.loads(raws(entries)[1]) == ["x\ny", "2", "3"]


def test_csv_values_stay_text(tmp_path):
    assert values(read(tmp_path, "a.csv", "a,b\n007,1e400\n")) == [{"a": "007", "b": "1e400"}]


def test_tabs_part_the_fields_of_a_tsv_and_commas_do_not(tmp_path):
    assert values(read(tmp_path, "a.tsv", 'a\tb\n1,5\t"x\ty"\n')) == [{"a": "1,5", "b": "x\ty"}]


@pytest.mark.parametrize(
    ("name", "separator"), [("A.TSV", "\t"), ("a.TSV.gz", "\t"), ("a.tsv.csv", ","), ("A.CSV", ",")]
)
def test_the_last_suffix_in_any_case_says_what_parts_the_fields(tmp_path, name, separator):
    path = tmp_path / name
    path.write_bytes(COMPRESSORS.get(path.suffix, bytes)(f"a{separator}b\n1{separator}2\n".encode()))
    assert values(list(read_entries(path))) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("text", ["", "\n", "a,a\n1,2\n"])
def test_a_csv_without_a_header_of_distinct_names_is_refused(tmp_path, text):
    with pytest.raises(CurationError, match="name the columns"):
        read(tmp_path, "a.csv", text)


@pytest.mark.parametrize(("text", "line"), [('a,b\n1,2\n"x"y,2\n', 3), ('a,b\n1,2\n"x,2\n', 3)])
def test_broken_quotes_are_an_error_that_names_the_line(tmp_path, text, line):
    with pytest.raises(CurationError, match=f"a.csv, line {line}:"):
        read(tmp_path, "a.csv", text)


def test_a_csv_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(CurationError, match="UTF-8"):
        read(tmp_path, "a.csv", "a,b\n1,é\n".encode("latin-1"))


@given(rows=st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.text("a,\"'\n\r\t ")), max_size=4))
def test_any_fields_come_back_from_csv(tmp_path_factory, rows):
    lines = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in [("a", "b"), *rows]]
    entries = read(tmp_path_factory.getbasetemp(), "any.csv", "\n".join(lines))
    assert values(entries) == [{"a": a, "b": b} for a, b in rows]


# Parquet


def parquet_values(folder, array):
    return [value["c"] for value in values(read(folder, "a.parquet", as_parquet(pa.table({"c": array}))))]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([2**63 - 1, -(2**63), None], pa.int64()), [2**63 - 1, -(2**63), None]),
        (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
        (pa.array([0.1, 1e300, 5e-324, -0.0]), [0.1, 1e300, 5e-324, -0.0]),
        (pa.array([float("nan"), float("inf"), float("-inf")]), ["NaN", "Infinity", "-Infinity"]),
        (
            pa.array([decimal.Decimal("1.10"), decimal.Decimal("12345678901234567890.12")]),
            ["1.10", "12345678901234567890.12"],
        ),
        (pa.array([datetime.datetime(2024, 5, 6, 7, 8, 9, 10)]), ["2024-05-06T07:08:09.000010"]),
        (pa.array([1], pa.timestamp("ns")), ["1970-01-01T00:00:00.000000001"]),
        (pa.array([0], pa.timestamp("us", "Europe/Berlin")), ["1970-01-01T01:00:00+01:00"]),
        (pa.array([1], pa.time64("ns")), ["00:00:00.000000001"]),
        (pa.array([datetime.date(2024, 5, 6)]), ["2024-05-06"]),
        (pa.array([b"\x00\xff"]), ["AP8="]),
        (pa.array([[{"role": "user", "n": [1, None]}]]), [[{"role": "user", "n": [1, None]}]]),
        (pa.array([{"x": float("nan"), "d": decimal.Decimal("2.50")}]), [{"x": "NaN", "d": "2.50"}]),
        (pa.array([[("a", 1), ("b", 2)]], pa.map_(pa.string(), pa.int64())), [[["a", 1], ["b", 2]]]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([True, None]), [True, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_parquet_value_is_kept_with_nothing_rounded(tmp_path, array, expected):
    found = parquet_values(tmp_path, array)
    assert found == expected
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_every_float_of_a_parquet_file_comes_back_from_its_text(tmp_path, kind):
    numbers = np.array([0.1, 1 / 3, 2**-10, 65000, -1.5, 0.0007], kind)
    entries = read(tmp_path, "a.parquet", as_parquet(pa.table({"c": numbers})))
    back = np.array([json.loads(raw)["c"] for raw in raws(entries)], kind)
    np.testing.assert_array_equal(back, numbers)


def test_a_parquet_record_s_text_is_one_line_of_its_value(tmp_path):
    table = pa.table({"a": ["é\nx"], "b": [1.5]})
    ((place, raw, value, reason),) = read(tmp_path, "a.parquet", as_parquet(table))
    assert (place, reason) == (1, "")
    assert raw == '{"a":"é\\nx","b":1.5}'.encode()
    assert json.loads(raw) == value


def test_parquet_records_are_numbered_through_the_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"i": range(10_000)}), path, row_group_size=3000)
    entries = list(read_entries(path))
    assert places(entries) == list(range(1, 10_001))
    assert [value["i"] for value in values(entries)] == list(range(10_000))


NOT_UTF8 = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.py_buffer(np.array([0, 1], np.int32).tobytes()), pa.py_buffer(b"\xff")]
)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"c": pa.array([2**62], pa.timestamp("us"))}),
        pa.table({"c": NOT_UTF8}),
        pa.table([pa.array([1]), pa.array([2])], names=["c", "c"]),
    ],
    ids=["a year past 9999", "text not in UTF-8", "two columns of one name"],
)
def test_a_parquet_file_that_cannot_be_kept_as_it_is_is_refused(tmp_path, table):
    with pytest.raises(CurationError, match=r"a\.parquet"):
        read(tmp_path, "a.parquet", as_parquet(table))


@pytest.mark.parametrize("keep", [0, 0.5, 0.99])
def test_a_truncated_parquet_file_is_refused(tmp_path, keep):
    whole = as_parquet(pa.table({"c": [str(i) for i in range(1000)]}))
    with pytest.raises(CurationError, match=r"a\.parquet"):
        read(tmp_path, "a.parquet", whole[: int(len(whole) * keep)])
