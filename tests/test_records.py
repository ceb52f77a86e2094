import copy
import hashlib
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from core.base.errors import CurationError
from core.data.fields import FieldMap, parse_fields
from core.data.layouts.detecting import detect_fields
from core.data.layouts.reading import texts_of, turns_of
from core.data.records import BATCH_ROWS, SCHEMA, RecordParams, content_hash, load_records


def write(folder, records, name="data.jsonl"):
    path = folder / name
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def load(path, fields="", on_error="fail"):
    """Return the field map, the rows as dicts and the rejects."""
    rejects = []
    found, batches = load_records(path, RecordParams(fields=fields, on_error=on_error), rejects.append)
    rows = pa.Table.from_batches(batches, SCHEMA).to_pylist()
    return found.fields, rows, rejects


def load_one(folder, record, fields=""):
    found, rows, _ = load(write(folder, [record]), fields)
    (row,) = rows
    return found, row


# Layouts


def chat(*turns, role="role", text="content"):
    return [{role: name, text: words} for name, words in turns]


LAYOUTS = {
    "alpaca": ({"instruction": "Add.", "input": "2+2", "output": "4"}, "Add.\n2+2", "4"),
    "alpaca, no input": ({"instruction": "Hi", "input": "", "output": "Hello"}, "Hi", "Hello"),
    "alpaca, null input": ({"instruction": "Hi", "input": None, "output": "Hello"}, "Hi", "Hello"),
    "prompt/completion": ({"prompt": "Hi", "completion": "Hello"}, "Hi", "Hello"),
    "prompt/response": ({"response": "Hello", "prompt": "Hi"}, "Hi", "Hello"),
    "question/answer": ({"question": "2+2?", "answer": "4"}, "2+2?", "4"),
    "query/response": ({"query": "2+2?", "response": "4"}, "2+2?", "4"),
    "problem/solution": ({"problem": "2+2?", "solution": "4"}, "2+2?", "4"),
    "input/target": ({"input": "2+2?", "target": "4"}, "2+2?", "4"),
    "a number as answer": ({"question": "2+2?", "answer": 4}, "2+2?", "4"),
    "an object as answer": ({"question": "2+2?", "answer": {"n": [4]}}, "2+2?", '{"n":[4]}'),
    "messages": ({"messages": chat(("user", "Hi"), ("assistant", "Hello"))}, "Hi", "Hello"),
    "sharegpt": (
        {"conversations": chat(("human", "Hi"), ("gpt", "Hello"), role="from", text="value")},
        "Hi",
        "Hello",
    ),
    "conversation": ({"conversation": chat(("user", "Hi"), ("assistant", "Hello"))}, "Hi", "Hello"),
    "content parts": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "image", "url": "x.png"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "cat"}]},
            ]
        },
        "What is",
        "A\ncat",
    ),
    "system": (
        {"messages": chat(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"))},
        "System: Be kind.\nUser: Hi",
        "Hello",
    ),
    "multi-turn": (
        {"messages": chat(("user", "Hi"), ("assistant", "Hello"), ("user", "Bye"), ("assistant", "Ciao"))},
        "User: Hi\nAssistant: Hello\nUser: Bye",
        "Ciao",
    ),
    "a tool's turn": (
        {"messages": chat(("user", "Time?"), ("assistant", None), ("tool", "12:00"), ("assistant", "Noon"))},
        "User: Time?\nTool: 12:00",
        "Noon",
    ),
    "unanswered": ({"messages": chat(("user", "Hi"))}, "Hi", ""),
    "answer alone": ({"messages": chat(("assistant", "Hello"))}, "", "Hello"),
    "text": ({"text": "Once upon a time."}, "", "Once upon a time."),
    "content": ({"id": 1, "content": "Once upon a time."}, "", "Once upon a time."),
    "chat before fields": (
        {"messages": chat(("user", "Hi"), ("assistant", "A")), "prompt": "x", "response": "y"},
        "Hi",
        "A",
    ),
    "fields before text": ({"text": "x", "question": "Hi", "answer": "A"}, "Hi", "A"),
}


@pytest.mark.parametrize(("record", "prompt", "response"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_known_layout_is_detected(tmp_path, record, prompt, response):
    _, row = load_one(tmp_path, record)
    assert (row["prompt"], row["response"]) == (prompt, response)
    assert row["text"] == "\n".join(part for part in (prompt, response) if part)


@pytest.mark.parametrize(("record", "prompt", "response"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_detected_field_map_written_out_finds_the_same_texts(tmp_path, record, prompt, response):
    found, row = load_one(tmp_path, record)
    again, same = load_one(tmp_path, record, fields=str(found))
    assert (again, same) == (found, row)
    assert (row["prompt"], row["response"]) == (prompt, response)


def test_the_layout_of_most_records_is_taken():
    records = [{"text": "a"}, {"question": "b", "answer": "c"}, {"question": "d", "answer": "e"}, {"other": 1}]
    assert detect_fields(records) == FieldMap(prompt=("question",), response=("answer",))


def test_an_unknown_layout_is_refused_with_the_fields_that_are_there(tmp_path):
    with pytest.raises(CurationError, match=r"alpha \(a number\), beta \(a list of texts\).*--fields"):
        load(write(tmp_path, [{"beta": ["x"], "alpha": 2}]))


@pytest.mark.parametrize("record", [{"prompt": "no response"}, {"text": 12}, {"messages": "not a list"}, {}])
def test_half_a_layout_is_no_layout(record):
    with pytest.raises(CurationError, match="No known field layout"):
        detect_fields([record])


def test_records_of_a_csv_and_of_a_parquet_file_have_layouts_too(tmp_path):
    (tmp_path / "data.csv").write_text("question,answer\n2+2?,4\n", encoding="utf-8")
    turns = [[{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]]
    parquet.write_table(pa.table({"messages": turns}), tmp_path / "data.parquet")
    for name in ("data.csv", "data.parquet"):
        _, (row,), _ = load(tmp_path / name)
        assert (row["prompt"], row["response"]) == ("2+2?", "4")


def test_turns_have_the_roles_of_one_vocabulary():
    record = {"c": chat(("human", "a"), ("gpt", "b"), ("user", "c"), ("model", "d"), ("critic", "e"))}
    assert turns_of(record, FieldMap(messages="c")) == [
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c"),
        ("assistant", "d"),
        ("critic", "e"),
    ]


# The source column


@pytest.mark.parametrize(
    ("extra", "source"),
    [({}, None), ({"source": "web"}, "web"), ({"category": "maths"}, "maths"), ({"category": "x", "source": "y"}, "y")],
)
def test_the_source_is_taken_from_a_field_of_such_a_name(tmp_path, extra, source):
    assert load_one(tmp_path, {"question": "2+2?", "answer": "4"} | extra)[1]["source"] == source


def test_a_record_without_the_source_field_has_no_source(tmp_path):
    records = [{"text": "a", "source": "web"}, {"text": "b"}, {"text": "c", "source": None}, {"text": "d", "source": 7}]
    _, rows, _ = load(write(tmp_path, records))
    assert [row["source"] for row in rows] == ["web", None, None, "7"]


def test_a_named_source_field_may_lie_in_an_object(tmp_path):
    record = {"topic": "maths", "meta": {"origin": "web"}, "text": "x"}
    assert load_one(tmp_path, record, "response=text,source=meta.origin")[1]["source"] == "web"
    assert load_one(tmp_path, record, "response=text")[1]["source"] is None


# Named fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prompt=question,response=answer", FieldMap(prompt=("question",), response=("answer",))),
        ("response=a , prompt=b+c,source=s", FieldMap(prompt=("b", "c"), response=("a",), source="s")),
        ("messages=chat.turns", FieldMap(messages="chat.turns")),
        ("response=text", FieldMap(response=("text",))),
        (
            "messages=a,response=b,system=s,tools=t,history=h,rejected=r",
            FieldMap((), ("b",), "a", system=("s",), tools="t", history="h", rejected="r"),
        ),
        ("prompt=a=b", FieldMap(prompt=("a=b",))),
        ("prompt = a + b", FieldMap(prompt=("a", "b"))),
    ],
)
def test_a_field_map_is_read_from_text(text, expected):
    assert parse_fields(text) == expected
    assert parse_fields(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("question", "question"),
        ("prompt", "prompt"),
        ("prompt=", "prompt="),
        ("=a", "=a"),
        ("promt=a", "promt=a"),
        ("prompt=a,prompt=b", "prompt=b"),
        ("prompt=a,", "''"),
        ("", "''"),
        ("source=a", "messages, or prompt"),
        ("messages=a,prompt=b", "messages, or prompt"),
        ("prompt=+", "messages, or prompt"),
    ],
)
def test_a_field_map_that_makes_no_sense_is_refused_with_what_is_wrong(text, named):
    with pytest.raises(CurationError, match=named):
        parse_fields(text)


@pytest.mark.parametrize("values", [{"fields": "promt=a"}, {"on_error": "ignore"}])
def test_params_check_their_values_at_once(values):
    with pytest.raises(CurationError, match=next(iter(values.values()))):
        RecordParams(**values)


def test_params_come_back_from_their_plain_form_and_an_unknown_one_is_refused():
    params = RecordParams(fields="prompt=a", on_error="skip")
    assert RecordParams.from_dict(params.as_dict()) == params
    with pytest.raises(CurationError, match=r"no parameter speed.*fields"):
        RecordParams.from_dict({"speed": 1})


@pytest.mark.parametrize(
    ("fields", "prompt", "response"),
    [
        ("prompt=meta.question,response=meta.answer.text", "Q", "A"),
        ("prompt=title+meta.question+hint,response=notes", "T\nQ", "n"),
        ("prompt=title,response=numbers", "T", "[1,[2]]"),
        ("prompt=a.b,response=title", "dotted", "T"),
        ("prompt=meta.nowhere,response=title", "", "T"),
        ("prompt=title.deeper,response=title", "", "T"),
        ("prompt=title", "T", ""),
    ],
)
def test_named_fields_step_into_objects_and_join_what_is_there(tmp_path, fields, prompt, response):
    record = {
        "title": "T",
        "hint": "",
        "a.b": "dotted",
        "a": {"b": "nested"},
        "notes": ["n"],
        "numbers": [1, [2]],
        "meta": {"question": "Q", "answer": {"text": "A"}},
    }
    _, row = load_one(tmp_path, record, fields)
    assert (row["prompt"], row["response"]) == (prompt, response)


def test_named_messages_step_into_objects(tmp_path):
    record = {"data": {"chat": chat(("user", "Hi"), ("assistant", "Hello"))}, "text": "x"}
    _, row = load_one(tmp_path, record, "messages=data.chat")
    assert (row["prompt"], row["response"]) == ("Hi", "Hello")


# Bad records

BAD = [
    ('{"question": "2+2?"', "not JSON"),
    ("[1, 2]", "an array"),
    ('{"question": "", "answer": " "}', "no usable text in question, answer"),
    ('{"other": 1}', "no usable text in question, answer"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_under_fail_the_first_bad_record_stops_with_its_line_and_reason(tmp_path, bad, reason):
    path = write(tmp_path, ['{"question": "a", "answer": "b"}', "", bad, "{broken too"])
    with pytest.raises(CurationError, match=rf"data\.jsonl, line 3: .*{reason}"):
        load(path)


def test_under_skip_bad_records_are_reported_and_the_rest_counts_on(tmp_path):
    good = '{"question": "a", "answer": "%d"}'
    _, rows, rejects = load(write(tmp_path, [good % 0, *(bad for bad, _ in BAD), "", good % 1]), on_error="skip")
    assert [(row["row_id"], row["response"]) for row in rows] == [(0, "0"), (1, "1")]
    assert [(reject.place, reject.raw) for reject in rejects] == list(enumerate((bad for bad, _ in BAD), start=2))
    assert all(reason in reject.reason for reject, (_, reason) in zip(rejects, BAD, strict=True))


@pytest.mark.parametrize("turns", ["hello", None, 3, [3], [], [{"role": "user", "content": " "}]])
def test_a_chat_that_is_none_is_skipped_with_a_reason(tmp_path, turns):
    good = {"messages": chat(("user", "Hi"), ("assistant", "Hello"))}
    _, rows, rejects = load(write(tmp_path, [good, {"messages": turns}]), on_error="skip")
    assert len(rows) == 1
    assert "messages" in rejects[0].reason


def test_a_record_that_is_not_utf8_is_skipped_and_its_text_shown_as_far_as_it_goes(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "\xff"}\n')
    _, rows, (reject,) = load(path, on_error="skip")
    assert [row["response"] for row in rows] == ["a"]
    assert (reject.place, reject.raw) == (2, '{"text": "\ufffd"}')


@pytest.mark.parametrize("on_error", ["fail", "skip"])
@pytest.mark.parametrize("lines", [[], ["", ""], ["12", "[1]"], ['{"text": " "}']])
def test_a_file_without_a_usable_record_is_refused(tmp_path, lines, on_error):
    with pytest.raises(CurationError, match=r"data\.jsonl"):
        load(write(tmp_path, lines), on_error=on_error)


def test_a_bad_record_late_in_the_file_is_found_too(tmp_path):
    path = write(tmp_path, [{"text": "a"}] * 5000 + ["{broken"])
    with pytest.raises(CurationError, match="line 5001: not JSON"):
        load(path)
    assert [reject.place for reject in load(path, on_error="skip")[2]] == [5001]


# The table


@pytest.mark.parametrize("n", [1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1, 2 * BATCH_ROWS])
def test_row_ids_count_through_the_batches(tmp_path, n):
    path = write(tmp_path, [{"text": str(i)} for i in range(n)])
    batches = list(load_records(path, RecordParams())[1])
    assert all(batch.schema == SCHEMA and 0 < len(batch) <= BATCH_ROWS for batch in batches)
    table = pa.Table.from_batches(batches)
    assert table["row_id"].to_pylist() == list(range(n))
    assert table["text"].to_pylist() == [str(i) for i in range(n)]


def test_row_ids_skip_no_number_where_records_are_skipped(tmp_path):
    n = BATCH_ROWS + 100
    _, rows, rejects = load(write(tmp_path, [{"text": str(i) if i % 3 else ""} for i in range(n)]), on_error="skip")
    assert [row["row_id"] for row in rows] == list(range(len(rows)))
    assert [row["text"] for row in rows] == [str(i) for i in range(n) if i % 3]
    assert [reject.place for reject in rejects] == list(range(1, n + 1, 3))


def test_raw_is_the_line_itself(tmp_path):
    lines = ['{"answer":"b" ,  "question":"a", "score": 1.50}', '{"question":"\\u00e9","answer":"é"}']
    _, rows, _ = load(write(tmp_path, lines))
    assert [row["raw"] for row in rows] == lines
    assert rows[1]["text"] == "é\né"


def test_reading_changes_neither_the_file_nor_the_records(tmp_path):
    records = [{"messages": chat(("human", "Hi"), ("gpt", "Hello")), "source": "x"}]
    path = write(tmp_path, records)
    before, content = copy.deepcopy(records), path.read_bytes()
    load(path)
    fields = detect_fields(records)
    texts_of(records[0], fields)
    assert (records, path.read_bytes()) == (before, content)


@given(st.text(), st.text(), st.text())
def test_texts_are_taken_as_they_are(prompt, response, source):
    record = {"q": "x" + prompt, "a": response, "s": source}
    assert texts_of(record, parse_fields("prompt=q,response=a,source=s")) == ("x" + prompt, response, source)


def test_a_content_hash_is_16_bytes_of_blake2b_over_the_text():
    assert content_hash("é") == hashlib.blake2b("é".encode(), digest_size=16).digest()
    assert len({content_hash(text) for text in ("", "a", "A", "a ", "a\r")}) == 5
