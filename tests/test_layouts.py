"""Layouts: every public one is read right from one row, what was understood is kept, and what can't be read is refused."""

import dataclasses
import json

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.base.params import digest
from core.data.editing import edited, fields_of
from core.data.fields import FieldMap, parse_fields
from core.data.layouts.detecting import detect_fields
from core.data.layouts.holding import KINDS, kind_of
from core.data.layouts.pieces import pieces_of
from core.data.layouts.reading import _split, _turns, texts_of, turns_of
from core.data.layouts.structures import UnusableRecord
from core.data.layouts.understood import SHOWN, Understood, shown_parts, understand
from core.data.records import SCHEMA, RecordParams, load_records
from core.workspace.workspace import Workspace
from tests.public_layouts import ROWS, said


def load(folder, lines, name="data.jsonl", on_error="fail"):
    path = folder / name
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    rejects = []
    understood, batches = load_records(path, RecordParams(on_error=on_error), rejects.append)
    return understood, pa.Table.from_batches(batches, SCHEMA).to_pylist(), rejects


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_of_a_public_layout_is_read_right_without_an_option(tmp_path, row):
    understood, (read,), _ = load(tmp_path, [row.value])
    assert (read["prompt"], read["response"], read["source"]) == (row.prompt, row.response, row.source)
    assert read["raw"] == json.dumps(row.value)
    assert {*row.left_out} <= {*understood.left_out} and understood.fields.rejected == row.rejected
    assert parse_fields(str(understood.fields)) == understood.fields
    assert Understood.from_json(json.loads(json.dumps(understood.to_json()))) == understood


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_field_of_a_row_is_shown_in_some_part(row):
    fields = detect_fields([row.value])
    shown, why = shown_parts(row.value, fields)
    assert not why and {part.part for part in shown} <= {*SHOWN}
    answered = "\n".join(part.text for part in shown if part.part == "response")
    assert answered == row.response
    asked = [part.text for part in shown if part.part in ("system", "tools", "prompt")]
    assert all(text in row.prompt for text in asked) and bool(asked) == bool(row.prompt)
    assert {*understand([row.value]).left_out} == {part.name for part in shown if part.part == "left out"}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_can_be_edited_of_a_row_is_where_it_is_said_to_be(row):
    fields, raw = detect_fields([row.value]), json.dumps(row.value)
    for field in (
        field for field in fields_of(row.value, fields) if field.text[:1] != "["
    ):  # what is JSON must stay so
        again = orjson.loads(edited(raw, {field.name: field.text + " new"}, fields))
        assert [f.text for f in fields_of(again, fields) if f.name == field.name] == [field.text + " new"]


TURNS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "assistant", "critic"]), "content": st.text("ab \n")}
    ),
    min_size=1,
    max_size=5,
)


@given(TURNS, st.booleans(), st.none() | st.text("ab[ \n") | TURNS)
def test_the_short_way_through_a_conversation_gives_what_the_long_one_does(turns, sharegpt, response):
    keys = ("from", "value") if sharegpt else ("role", "content")
    value = {"c": [dict(zip(keys, turn.values(), strict=True)) for turn in turns], "r": response}
    fields = FieldMap(messages="c", response=() if response is None else ("r",))
    expected = _split(_turns(pieces_of(value, fields)))
    try:
        assert texts_of(value, fields)[:2] == expected
    except UnusableRecord:
        assert not "".join(expected).strip()


SHORT = st.sampled_from(["", " ", "\n", "a", "b c"])


@given(SHORT, st.none() | SHORT, st.text(min_size=1), st.none() | SHORT, st.booleans())
def test_the_short_way_through_plain_fields_gives_what_the_long_one_does(first, second, response, system, with_system):
    value, fields = {"a": first, "b": second, "c": "x" + response, "s": system}, parse_fields("prompt=a+b,response=c")
    if with_system:
        fields = dataclasses.replace(fields, system=("s",))
    assert texts_of(value, fields)[:2] == _split(_turns(pieces_of(value, fields)))


@pytest.mark.parametrize(
    "value",
    [
        {"role": "user", "content": "one message, of which conversation?"},
        {"from": "human", "value": "Hi"},
        {"question": "2+2?", "answer": ["4", "four"]},
        {"prompt": said(("user", "Hi")), "score": 3},
        {"prompt": "Hi", "response_0": "a", "response_1": "b", "better_response_id": 1},
        {"tags": ["a", "b"], "n": 1},
        {"context": said(("user", "Hi")), "response1": "a", "response2": "b", "overall_preference": -1},
        {"question": "2+2?", "answers": [{"text": "4"}, {"text": "four"}]},
    ],
)
def test_what_fits_no_layout_is_refused_with_what_each_field_holds(value):
    with pytest.raises(CurationError, match="No known field layout; the records have ") as raised:
        detect_fields([value])
    assert all(f"{name} ({KINDS[kind_of(held)]})" in str(raised.value) for name, held in value.items())
    assert ("each record is one message" in str(raised.value)) == bool({*value} & {"role", "from"})


@pytest.mark.parametrize("fields", ["prompt=p,response=r", "messages=p,response=r", "prompt=p+r", "response=p"])
@pytest.mark.parametrize("write", [lambda turns: turns, json.dumps, lambda turns: json.dumps(turns, indent=1)])
def test_a_list_of_messages_never_becomes_json_text(fields, write):
    value = {"p": write(said(("user", "Hi"))), "r": write(said(("assistant", "Hello")))}
    assert all("{" not in text for text in texts_of(value, parse_fields(fields))[:2])


@pytest.mark.parametrize(
    "held", [[*said(("user", "Hi")), "x"], [said(("user", "Hi"))], {"messages": said(("user", "Hi"))}]
)
def test_messages_among_other_things_are_refused(held):
    with pytest.raises(UnusableRecord, match="p holds messages among other things"):
        texts_of({"p": held, "r": "x"}, parse_fields("prompt=p,response=r"))


def test_a_record_whose_conversation_is_none_is_refused_on_its_own(tmp_path):
    lines = [*[{"text": "### Human: Hi### Assistant: Hello"}] * 3, {"text": "A page of a book."}]
    with pytest.raises(CurationError, match="line 4: text is text without turns in it"):
        load(tmp_path, lines)
    _, rows, rejects = load(tmp_path, lines, on_error="skip")
    assert len(rows) == 3 and [reject.place for reject in rejects] == [4]


def test_what_only_some_records_have_is_read_too(tmp_path):
    lines = [{"instruction": "a", "output": "b"}] * 5 + [
        {"instruction": "c", "input": "d", "output": "e", "system": "f", "history": [["g", "h"]]}
    ]
    understood, rows, _ = load(tmp_path, lines)
    assert str(understood.fields) == "prompt=instruction+input,response=output,system=system,history=history"
    assert (rows[0]["prompt"], rows[5]["prompt"]) == ("a", "System: f\nUser: g\nAssistant: h\nUser: c\nd")


def test_a_system_prompt_that_is_told_twice_is_said_once():
    value = {"system": "Be kind.", "messages": said(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"))}
    assert turns_of(value, detect_fields([value])) == [("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello")]


def test_tool_calls_are_turns_of_their_own_and_a_last_one_is_the_response():
    call = {"function": {"name": "now", "arguments": {"zone": "UTC"}}}
    value = {
        "messages": [*said(("user", "Time?")), {"role": "assistant", "content": "Let me see.", "tool_calls": [call]}]
    }
    fields = detect_fields([value])
    assert turns_of(value, fields) == [
        ("user", "Time?"),
        ("assistant", "Let me see."),
        ("tool call", 'now({"zone":"UTC"})'),
    ]
    assert texts_of(value, fields)[:2] == ("Time?", 'Let me see.\nnow({"zone":"UTC"})')


# OASST's tables of messages


def message(name, parent, text, rank=None, **more):
    role = "prompter" if len(name) % 2 else "assistant"
    about = {
        "message_id": name,
        "parent_id": parent,
        "text": text,
        "role": role,
        "rank": rank,
        "message_tree_id": name[0],
    }
    return json.dumps(about | more)


MESSAGES = [
    message("a", None, "Why?", lang="en"),
    message("aa", "a", "Dunno.", 1),
    message("b", None, "Who?"),
    message("aaa", "aa", "Try again."),
    message("ab", "a", "Because.", 0),
    message("ac", "a", "Spam.", 2, deleted=True),
    message("aba", "ab", "Oh?"),
    message("abaa", "aba", "Yes."),
]


def test_messages_with_parents_become_threads_the_best_ranked_reply_first(tmp_path):
    understood, rows, _ = load(tmp_path, MESSAGES)
    assert understood.threads and str(understood.fields) == "messages=prompt"
    assert [(row["prompt"], row["response"]) for row in rows] == [
        ("User: Why?\nAssistant: Because.\nUser: Oh?", "Yes."),
        ("Who?", ""),
    ]
    tree = json.loads(rows[0]["raw"])
    assert [reply["message_id"] for reply in tree["prompt"]["replies"]] == ["ab", "aa", "ac"]
    assert all(line[:-1] in rows[0]["raw"] for line in MESSAGES if '"message_tree_id": "a"' in line)


def test_a_tree_that_was_written_reads_as_it_was(tmp_path):
    _, rows, _ = load(tmp_path, MESSAGES)
    _, again, _ = load(tmp_path, [row["raw"] for row in rows], "again.jsonl")
    assert again == rows


def test_a_message_whose_thread_has_no_beginning_is_not_taken(tmp_path):
    lines = [*MESSAGES, message("zz", "lost", "Hm?"), message("ab", "a", "Again."), "{broken"]
    _, rows, rejects = load(tmp_path, lines, on_error="skip")
    assert len(rows) == 2
    assert [(reject.place, reject.reason.split(",")[0].split(":")[0]) for reject in rejects] == [
        (10, "its message_id ab comes twice"),
        (11, "not JSON (unexpected character"),
        (9, "the message that it replies to"),
    ]


def test_a_very_deep_thread_costs_its_end_and_nothing_else(tmp_path):
    lines = [message("a", None, "Why?")] + [message("a" * (i + 1), "a" * i, f"turn {i}", 0) for i in range(1, 400)]
    _, (row,), rejects = load(tmp_path, lines, on_error="skip")
    assert json.loads(row["raw"]) and len(rejects) == 149


# Workspaces of before


def test_a_workspace_of_before_stays_as_it_was_read(tmp_path):
    data = tmp_path / "dolly.jsonl"
    data.write_text(json.dumps(ROWS["Dolly"].value) + "\n")
    workspace = Workspace(tmp_path / "w", create=True)
    read = workspace.import_data(data, RecordParams(fields="prompt=instruction,response=response"))
    before = dataclasses.replace(read, params=RecordParams().as_dict(), fields="prompt=instruction,response=response")
    before = dataclasses.replace(before, fingerprint=digest(1, read.sha256, [".jsonl"], RecordParams().as_dict()))
    held = json.loads((tmp_path / "w" / "dataset.json").read_text()) | {
        "params": before.params,
        "fields": before.fields,
    }
    held |= {"fingerprint": before.fingerprint}
    (tmp_path / "w" / "dataset.json").write_text(
        json.dumps({k: v for k, v in held.items() if k not in ("files", "given")})
    )
    again = Workspace(tmp_path / "w").import_data(data, RecordParams())
    assert (again.fingerprint, again.fields, again.files) == (before.fingerprint, before.fields, ())
    (tmp_path / "w" / "records.arrow").write_bytes(b"damaged")
    healed = Workspace(tmp_path / "w").import_data(data, RecordParams())
    assert (healed.fingerprint, healed.fields) == (before.fingerprint, before.fields)
    assert Workspace(tmp_path / "w").records().take([0], ["prompt"])["prompt"][0].as_py() == "Who?"
