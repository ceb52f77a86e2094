"""A record's field corrected: a decision beside the original, exported in the record's own layout."""

import json

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.data.editing import edited, fields_of, find_field
from core.data.fields import parse_fields
from core.data.manifest import verify
from core.data.records import RecordParams
from core.data.targets import manifest_path
from core.evidence.versions import export_version, find_version, save_version
from core.export.delivery import export_selection, manifest_facts
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.deciding import decide_records, revise
from core.workspace.decisions import decision_states, next_redo, next_undo
from core.workspace.edits import edit_record, editable_fields, edits_of
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import write_jsonl

PLAIN = parse_fields("prompt=q+input,response=a")
CHAT = parse_fields("messages=messages")


def again(workspace: Workspace) -> Pipeline:
    return Pipeline(Workspace(workspace.folder))


# The JSON of a record


@pytest.mark.parametrize(
    ("raw", "field", "text", "after"),
    [
        ('{"q":  "2+2?", "a":"5" , "n": 1.50}', "a", "4", '{"q":  "2+2?", "a":"4" , "n": 1.50}'),
        ('{"a": "x", "q": "y", "a": "z"}', "a", "w", '{"a": "x", "q": "y", "a": "w"}'),
        (
            '{"q": "a \\"quoted\\" [x] {y}", "a": "b"}\r',
            "a",
            'c"d\n',
            '{"q": "a \\"quoted\\" [x] {y}", "a": "c\\"d\\n"}\r',
        ),
        ('{"q": "caf\\u00e9", "a": "b"}', "a", "thé", '{"q": "caf\\u00e9", "a": "th\\u00e9"}'),
        ('{"q": "café", "a": "b"}', "a", "thé 😀", '{"q": "café", "a": "thé 😀"}'),
        ('{"q": "a", "input": null, "a": "b"}', "input", "c", '{"q": "a", "input": "c", "a": "b"}'),
        (
            '{"x": [{"a": "no"}, []], "q": "a", "a": "\\u0062"}',
            "response",
            "b",
            '{"x": [{"a": "no"}, []], "q": "a", "a": "\\u0062"}',
        ),
    ],
)
def test_only_the_field_is_written_anew(raw, field, text, after):
    assert edited(raw, {field: text}, PLAIN) == after


def test_a_field_inside_an_object_and_one_with_a_dot_in_its_name():
    fields = parse_fields("prompt=meta.q,response=a.b")
    raw = '{"meta": {"id": 3, "q": "old"}, "a.b": "x", "a": {"b": "not this"}}'
    after = edited(raw, {"meta.q": "new", "a.b": "y"}, fields)
    assert after == '{"meta": {"id": 3, "q": "new"}, "a.b": "y", "a": {"b": "not this"}}'


CONVERSATION = {
    "messages": [
        {"role": "system", "content": "be kind"},
        {"from": "human", "value": "hello"},
        {"role": "assistant", "content": [{"type": "image"}, {"type": "text", "text": "hi"}]},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": "well", "tool_calls": None},
    ]
}


def test_the_turns_of_a_conversation_are_fields_of_their_own():
    held = fields_of(CONVERSATION, CHAT)
    assert [(field.name, field.part, field.text) for field in held] == [
        ("messages[0]", "system", "be kind"),
        ("messages[1]", "user", "hello"),
        ("messages[2][1]", "assistant", "hi"),
        ("messages[3]", "user", "and?"),
        ("messages[4]", "assistant", "well"),
    ]
    assert find_field(held, "response").name == "messages[4]"
    with pytest.raises(
        CurationError, match=r"2 fields make it up; .* messages\[0\], messages\[1\], messages\[2\]\[1\]"
    ):
        find_field(held, "prompt")


@pytest.mark.parametrize("place", range(5))
def test_a_turn_is_replaced_and_no_other(place):
    raw = json.dumps(CONVERSATION)
    field = fields_of(CONVERSATION, CHAT)[place]
    after = [each.text for each in fields_of(json.loads(edited(raw, {field.name: "new"}, CHAT)), CHAT)]
    assert after == ["new" if i == place else each.text for i, each in enumerate(fields_of(CONVERSATION, CHAT))]
    assert len(edited(raw, {field.name: field.text + "!"}, CHAT)) == len(raw) + 1


KEYS = st.sampled_from(["q", "a", "x", "a.b", "ä", '"'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.text(max_size=9), st.booleans(), st.sampled_from([None, 1]))
def test_whatever_else_a_record_holds_stays_to_the_byte(value, text, ascii_only, indent):
    value = value | {"q": "prompt", "a": "\x00marked\x00"}
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    before, marked, after = raw.partition(json.dumps("\x00marked\x00"))
    new = edited(raw, {"a": text}, PLAIN)
    assert marked and new.startswith(before) and new.endswith(after)
    assert orjson.loads(new) == value | {"a": text}


def test_what_can_not_be_an_edit_is_refused_with_what_can():
    raw = '{"q": "a", "a": "b", "n": 3}'
    with pytest.raises(CurationError, match=r"'n', and the record has no such field of text; .* edited: q, a\."):
        edited(raw, {"n": "4"}, PLAIN)
    with pytest.raises(CurationError, match="UTF-8"):
        edited(raw, {"a": "\ud800"}, PLAIN)
    with pytest.raises(CurationError, match="must leave some text"):
        edited(raw, {"a": " ", "q": ""}, PLAIN)


# In a workspace


def test_an_edit_is_a_decision_whose_last_word_counts_and_which_is_undone_and_redone(make_pipeline):
    workspace = make_pipeline().workspace
    assert [field.name for field in editable_fields(workspace, 5)] == ["instruction", "output"]
    first = edit_record(workspace, 5, "response", "better", "ann", "it was wrong")
    assert (first.action, first.target, first.rows.tolist(), first.field) == ("edit", "records", [5], "output")
    edit_record(workspace, 5, "output", "best", "ben")
    edit_record(workspace, 5, "prompt", "what?")
    assert edits_of(again(workspace)) == {5: {"output": "best", "instruction": "what?"}}
    revise(workspace, "undo", next_undo)
    revise(workspace, "undo", next_undo)
    assert edits_of(again(workspace)) == {5: {"output": "better"}}
    revise(workspace, "undo", lambda decisions: first.id)
    assert edits_of(again(workspace)) == {}
    revise(workspace, "redo", next_redo)
    assert edits_of(again(workspace)) == {5: {"output": "better"}}
    with pytest.raises(CurationError, match="output of record 5 reads so already"):
        edit_record(workspace, 5, "response", "better")
    with pytest.raises(CurationError, match="record 60 is not one of"):
        edit_record(workspace, 60, "response", "x")


def test_an_edit_makes_nothing_out_of_date_and_pins_nothing(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    key = pipeline.current("select")
    made = edit_record(pipeline.workspace, 5, "response", "better")
    decide_records(pipeline.workspace, "clear", np.array([5]))
    now = again(pipeline.workspace)
    assert now.current("select") == key and edits_of(now) == {5: {"output": "better"}}
    from core.workspace.deciding import overrides_of

    assert decision_states(now.workspace.ledger.decisions(), overrides_of(now))[made.id] == "in force"


def test_an_edit_finds_its_record_in_other_data(make_pipeline, data_file):
    workspace = make_pipeline().workspace
    edit_record(workspace, 5, "response", "better")
    edit_record(workspace, 0, "response", "gone")
    lines = data_file.read_bytes().splitlines(keepends=True)
    data_file.write_bytes(b"".join(reversed(lines[1:])))
    workspace.import_data(data_file, RecordParams())
    assert edits_of(again(workspace)) == {54: {"output": "better"}}
    workspace.import_data(data_file, RecordParams("prompt=output,response=source"))  # other fields of the same records
    edit_record(workspace, 54, "response", "elsewhere")
    assert edits_of(again(workspace)) == {54: {"output": "better", "source": "elsewhere"}}


def exported(pipeline: Pipeline, out) -> tuple[list[str], dict]:
    manifest = export_selection(pipeline, out)
    return out.read_text("utf-8").split("\n")[:-1], json.loads(manifest.read_text("utf-8"))


def test_an_export_has_the_new_text_and_every_other_byte_as_it_was(make_pipeline, data_file, tmp_path):
    pipeline = make_pipeline("embed", "cluster", "score")
    decide_records(pipeline.workspace, "pin", np.array([5, 9]))
    pipeline = again(pipeline.workspace)
    pipeline.run("select", SelectionParams("12"))
    before, told = exported(pipeline, tmp_path / "before.jsonl")
    assert "edits" not in told and "n_edited_records" not in told["output"]
    originals = data_file.read_text("utf-8").split("\n")
    made = edit_record(pipeline.workspace, 5, "response", "better “text”\n", "ann", "why")
    edit_record(pipeline.workspace, 5, "prompt", "what?", "ben")
    outside = next(row for row in range(60) if row not in told["row_ids"])
    edit_record(pipeline.workspace, outside, "response", "not selected")
    after, told = exported(again(pipeline.workspace), tmp_path / "after.jsonl")
    place = told["row_ids"].index(5)
    assert after[place] != before[place] == originals[5]
    assert json.loads(after[place]) == json.loads(originals[5]) | {"output": "better “text”\n", "instruction": "what?"}
    assert [*after[:place], *after[place + 1 :]] == [*before[:place], *before[place + 1 :]]
    assert told["output"]["n_edited_records"] == 1 and [edit["who"] for edit in told["edits"]] == ["ann", "ben"]
    about = {"row": 5, "field": "output", "text": "better “text”\n", "decision": made.id, "at": made.at, "note": "why"}
    assert told["edits"][0] == about | {"who": "ann"}
    verify(manifest_path(tmp_path / "after.jsonl"), data_file)
    for _ in range(3):
        revise(pipeline.workspace, "undo", next_undo)
    exported(again(pipeline.workspace), tmp_path / "undone.jsonl")
    assert (tmp_path / "undone.jsonl").read_bytes() == (tmp_path / "before.jsonl").read_bytes()


def test_a_manifest_whose_edits_were_changed_is_not_verified(make_pipeline, data_file, tmp_path):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    row = int(pipeline.table("select")["row_id"][0].as_py())
    edit_record(pipeline.workspace, row, "response", "better")
    export_selection(again(pipeline.workspace), tmp_path / "e.jsonl")
    manifest = manifest_path(tmp_path / "e.jsonl")
    manifest.write_text(manifest.read_text("utf-8").replace('"text": "better"', '"text": "worse"'), "utf-8")
    with pytest.raises(CurationError, match="is not what the records"):
        verify(manifest, data_file)


def test_a_version_and_a_report_have_the_edits_too(make_pipeline, data_file, tmp_path):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    row = int(pipeline.table("select")["row_id"][0].as_py())
    save_version(pipeline, "first", manifest_facts(pipeline))
    edit_record(pipeline.workspace, row, "response", "a much better answer")
    version = find_version(pipeline.workspace, "first")
    manifest = export_version(pipeline.workspace, version, tmp_path / "v.jsonl")
    assert (tmp_path / "v.jsonl").read_text("utf-8").count("a much better answer") == 1
    verify(manifest, data_file)
    from core.export.report.writing import write_report

    sha256 = json.loads(export_selection(again(pipeline.workspace), tmp_path / "e.jsonl").read_text())["output"][
        "sha256"
    ]
    text = write_report(again(pipeline.workspace), tmp_path / "r.html")[1].read_text("utf-8")
    assert sha256 in text and f"record {row}, output" in text


# On the command line


def test_the_verb_lists_a_records_fields_and_corrects_one(workspace, tmp_path):
    assert "instruction" in run("edit", workspace, 5, check=0).stdout
    done = run("edit", workspace, 5, "--field", "response", "--text", "better", check=0)
    assert done.stdout == "edit: output of record 5 (decision 1)\n"
    (tmp_path / "new.txt").write_bytes("zwei\nZeilen ü\r\n".encode())
    run("edit", workspace, 5, "--field", "prompt", "--file", tmp_path / "new.txt", check=0)
    assert edits_of(Pipeline(Workspace(workspace))) == {5: {"output": "better", "instruction": "zwei\nZeilen ü"}}
    assert "better" in run("edit", workspace, 5, check=0).stdout and "(edited)" in run("edit", workspace, 5).stdout
    for wrong, why in (
        (("--field", "output"), "one of --text and --file"),
        (("--text", "x"), "Name it with --field"),
        (("--field", "output", "--text", "x", "--file", "y"), "one of --text and --file"),
        (("--field", "output", "--file", tmp_path), "can't be read as UTF-8"),
        (("--field", "rating", "--text", "x"), "no such field of text"),
    ):
        assert why in run("edit", workspace, 5, *wrong, check=1).stderr
    run("undo", workspace, check=0)
    assert edits_of(Pipeline(Workspace(workspace))) == {5: {"output": "better"}}


def test_a_record_without_a_response_can_get_none(tmp_path):
    data = write_jsonl(tmp_path / "t.jsonl", [{"text": "only this"}])
    workspace = Workspace(tmp_path / "w", create=True)
    workspace.import_data(data, RecordParams())
    assert [(field.name, field.part) for field in editable_fields(workspace, 0)] == [("text", "response")]
    with pytest.raises(CurationError, match="must leave some text"):
        edit_record(workspace, 0, "text", " ")
