"""Several files as one pool: shards, sources, duplicates across them, and a manifest that names each."""

import json

import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.data.pool import as_given, as_text, data_name, open_pool
from core.data.records import RecordParams
from core.run.curation import open_data
from core.workspace.edits import edit_record, editable_fields
from core.workspace.workspace import Workspace, default_folder
from tests.command import run


def write(path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def asked(*texts):
    return [{"question": text, "answer": f"{text}!"} for text in texts]


def chats(*texts):
    return [{"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": f"{t}!"}]} for t in texts]


def labels(pool):
    return [(file.path.name, file.source) for file in pool.files]


@pytest.fixture
def mixed(tmp_path):
    """Two data sets of different layouts that share the record "b"."""
    return write(tmp_path / "sums.jsonl", *asked("a", "b", "b")), write(tmp_path / "talk.jsonl", *chats("b", "c"))


def test_shards_are_one_source_and_files_of_other_names_another(tmp_path):
    for name in ("train-00001-of-00002", "train-00000-of-00002", "test-00000-of-00001-a09b74b3ef9c3b56", ".hidden"):
        write(tmp_path / "hub" / "data" / f"{name}.jsonl", *asked(name))
    write(tmp_path / "hub" / "README.md")
    write(tmp_path / "hub" / "dataset_infos.json", {})
    pool = open_pool(tmp_path / "hub")
    assert labels(pool) == [
        ("test-00000-of-00001-a09b74b3ef9c3b56.jsonl", "test"),
        ("train-00000-of-00002.jsonl", "train"),
        ("train-00001-of-00002.jsonl", "train"),
    ]
    assert (pool.name, pool.n_other) == ("hub", 2)
    shards = open_pool(tmp_path / "hub" / "data" / "train-*.jsonl")
    assert [source for _, source in labels(shards)] == ["", ""] and shards.name == "data"
    chosen = open_pool(f"mine={tmp_path / 'hub'}")
    assert {source for _, source in labels(chosen)} == {"mine"} and chosen.name == "mine"


def test_several_are_a_source_each_by_name_or_by_a_chosen_one(tmp_path, mixed):
    sums, talk = mixed
    assert labels(open_pool([sums, f"chat={talk}"])) == [("sums.jsonl", "sums"), ("talk.jsonl", "chat")]
    assert labels(open_pool([f"x={sums}", f"x={talk}"])) == [("sums.jsonl", "x"), ("talk.jsonl", "x")]
    other = write(tmp_path / "other" / "sums.jsonl", *asked("z"))
    assert labels(open_pool([sums, other])) == [
        ("sums.jsonl", f"{tmp_path.name}/sums"),
        ("sums.jsonl", "other/sums"),
    ]
    assert data_name([sums, talk]) == "sums-and-1-more" and default_folder([sums]).name == "sums"
    shards = [write(tmp_path / "s" / f"part-{i}.jsonl", *asked("z")) for i in range(2)]
    assert labels(open_pool(shards)) == [("part-0.jsonl", ""), ("part-1.jsonl", "")]  # as a shell writes a glob out
    assert [source for _, source in labels(open_pool([*shards, sums]))] == ["part", "part", "sums"]
    odd = write(tmp_path / "a=b.jsonl", *asked("z"))
    assert labels(open_pool(odd)) == [("a=b.jsonl", "")]


def test_the_several_of_a_job_are_one_text(mixed):
    several = [f"x={mixed[0]}", str(mixed[1])]
    assert as_given(as_text(several)) == several and as_given(as_text(several[:1])) == several[:1]
    assert as_given("[a].jsonl") == ["[a].jsonl"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["{sums}", "{sums}"], "is named twice"),
        (["{sums}", "sums={talk}"], "would be called 'sums'"),
        (["{folder}/none"], "holds no data file"),
        (["{folder}/*.csv"], "holds no data file"),
        (["{folder}/missing.jsonl", "{sums}"], "missing.jsonl can't be read"),
    ],
)
def test_what_is_no_pool_is_refused_and_nothing_is_made(tmp_path, mixed, given, why):
    (tmp_path / "none").mkdir()
    names = [each.format(sums=mixed[0], talk=mixed[1], folder=tmp_path) for each in given]
    with pytest.raises(CurationError, match=why):
        open_pool(names)
    assert why in run("import", *names, home=tmp_path / "home", check=1).stderr
    assert not (tmp_path / "home").exists()


def test_a_mix_is_read_each_source_by_its_own_layout_and_duplicates_are_counted(tmp_path, mixed):
    workspace = Workspace(tmp_path / "w", create=True)
    dataset = workspace.import_data([*map(str, mixed)], RecordParams())
    table = workspace.records().take(range(5), ["row_id", "prompt", "response", "source"]).to_pydict()
    assert table["row_id"] == [0, 1, 2, 3, 4] and table["prompt"] == ["a", "b", "b", "b", "c"]
    assert table["source"] == ["sums", "sums", "sums", "talk", "talk"]
    assert dataset.fields == "sums: prompt=question,response=answer; talk: messages=messages"
    assert [(file.n_records, file.n_duplicates) for file in dataset.files] == [(3, 0), (2, 1)]
    assert workspace.last_import() == dataset and dataset.n_duplicates == 1
    assert [field.name for field in editable_fields(workspace, 3)] == ["messages[0]", "messages[1]"]
    assert [field.name for field in editable_fields(workspace, 2)] == ["question", "answer"]
    assert workspace.import_data(dataset.given, RecordParams()) == dataset


@pytest.mark.parametrize(("turned", "left"), [(False, [(3, 0), (1, 1)]), (True, [(2, 0), (1, 2)])])
def test_duplicates_are_left_out_of_the_later_source(tmp_path, mixed, turned, left):
    several = [*map(str, reversed(mixed) if turned else mixed)]
    workspace = Workspace(tmp_path / "w", create=True)
    dataset = workspace.import_data(several, RecordParams(leave_out_duplicates=True))
    assert [(file.n_records, file.n_duplicates) for file in dataset.files] == left
    table = workspace.records().take(range(dataset.n_records), ["row_id", "prompt"]).to_pydict()
    assert table["row_id"] == [*range(dataset.n_records)] and {*table["prompt"]} == {"a", "b", "c"}


def test_each_source_can_be_told_its_fields(tmp_path, mixed):
    fields = "sums: prompt=question; talk: messages=messages"
    dataset = Workspace(tmp_path / "w", create=True).import_data([*map(str, mixed)], RecordParams(fields=fields))
    assert dataset.fields == fields
    with pytest.raises(CurationError, match="names sums twice"):
        RecordParams(fields="sums: prompt=a; sums: prompt=b")


def test_bad_records_of_a_shard_are_listed_with_its_name_and_an_empty_shard_is_none(tmp_path):
    write(tmp_path / "s" / "part-0.jsonl", *asked("a"))
    write(tmp_path / "s" / "part-1.jsonl")
    (tmp_path / "s" / "part-2.jsonl").write_text('{"question": "b", "answer": "c"}\n{oops\n')
    workspace = Workspace(tmp_path / "w", create=True)
    dataset = workspace.import_data(tmp_path / "s", RecordParams(on_error="skip"))
    assert (dataset.n_records, dataset.name) == (2, "s")
    assert [(reject.file, reject.place) for reject in workspace.rejects()] == [("part-2.jsonl", 2)]
    with pytest.raises(CurationError, match=r"part-2\.jsonl, line 2"):
        workspace.import_data(tmp_path / "s", RecordParams())


def test_an_export_of_a_mix_is_rebuilt_from_its_files_wherever_they_lie(tmp_path, mixed):
    out, home = tmp_path / "out.jsonl", tmp_path / "home"
    run("import", *mixed, "--leave-out-duplicates", "--workspace", home / "mix", check=0)
    workspace = Workspace(home / "mix")
    edit_record(workspace, 3, "response", "better")
    for i in range(4):
        run("pin", home / "mix", "--rows", i, check=0)
    run("select", home / "mix", "--method", "random", "--budget", "4", check=0)
    run("export", home / "mix", "--out", out, check=0)
    held = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert [(f["file"], f["source"], f["n_records"], f["n_duplicates"]) for f in held["input"]["files"]] == [
        ("sums.jsonl", "sums", 3, 0),
        ("talk.jsonl", "talk", 1, 1),
    ]
    moved = tmp_path / "moved"
    moved.mkdir()
    for i, path in enumerate(mixed):
        path.rename(moved / f"{1 - i}.jsonl")
    manifest = tmp_path / "out.jsonl.manifest.json"
    assert verify(manifest, [moved / "0.jsonl", moved / "1.jsonl"]) == held
    assert "verified: 4 lines" in run("verify", manifest, "--data", moved, check=0).stdout
    (moved / "1.jsonl").unlink()
    with pytest.raises(CurationError, match=r"sums\.jsonl of the data the manifest names is not there"):
        verify(manifest, moved)


def test_another_mix_gets_a_workspace_of_its_own_and_one_of_its_files_does_not_take_its_place(tmp_path, mixed):
    workspace = Workspace(tmp_path / "w", create=True)
    held = workspace.import_data([*map(str, mixed)], RecordParams())
    for other in ([str(mixed[0])], [str(mixed[1]), str(mixed[0])]):
        with pytest.raises(CurationError, match=r"holds .*sums\.jsonl \+ "):
            workspace.import_data(other, RecordParams())
    assert workspace.last_import() == held


def test_the_command_says_what_each_file_gave_and_what_was_not_read(tmp_path, mixed):
    write(tmp_path / "talk.jsonl", *[chat | {"lang": "en"} for chat in chats("b", "c")])
    said = run("import", f"maths={mixed[0]}", mixed[1], home=tmp_path / "home", check=0).stdout
    assert "  maths: sums.jsonl, 3 records\n  talk: talk.jsonl, 2 records\n" in said
    assert "1 record is in an earlier source too: kept; --leave-out-duplicates leaves them out" in said
    assert "not read of talk (kept in the record): lang" in said
    assert (tmp_path / "home" / "maths-and-1-more" / "dataset.json").exists()


def test_a_notebook_opens_several(tmp_path, mixed):
    found = open_data(mixed, workspace=tmp_path / "w").records()
    assert found["source"].tolist() == ["sums", "sums", "sums", "talk", "talk"]


# Arrays inside of a JSON object


@pytest.mark.parametrize("name", ["data", "examples", "train", "rows", "samples", "my_own"])
def test_an_array_that_an_object_wraps_is_read(tmp_path, name):
    about = {"version": 1.5, "columns": ["question", "answer"], name: asked("a", "b"), "info": {"by": "me"}}
    (tmp_path / "w.json").write_text(json.dumps(about, indent=1))
    workspace = Workspace(tmp_path / "w", create=True)
    assert workspace.import_data(tmp_path / "w.json", RecordParams()).n_records == 2
    assert json.loads(workspace.records().take([1], ["raw"])["raw"][0].as_py()) == asked("b")[0]


@pytest.mark.parametrize("names", [("train", "test"), ("one", "two"), ("data", "rows")])
def test_an_object_with_several_arrays_of_records_is_refused(tmp_path, names):
    (tmp_path / "w.json").write_text(json.dumps({name: asked("a") for name in names}))
    with pytest.raises(CurationError, match=rf"several arrays of records, {names[0]}, {names[1]}"):
        Workspace(tmp_path / "w", create=True).import_data(tmp_path / "w.json", RecordParams())


def test_a_json_file_of_lines_is_read_as_lines_and_one_conversation_is_no_array_of_records(tmp_path):
    write(tmp_path / "lines.json", *asked("a", "b"))
    assert Workspace(tmp_path / "l", create=True).import_data(tmp_path / "lines.json", RecordParams()).n_records == 2
    (tmp_path / "one.json").write_text(json.dumps(chats("a")[0]))
    with pytest.raises(CurationError, match="not with an array"):
        Workspace(tmp_path / "o", create=True).import_data(tmp_path / "one.json", RecordParams())


@pytest.mark.parametrize(
    "text", ['{"data": [{"a": 1}', '{"data": [{"a": 1}] "x": 1}', '{"data": [{"a" 1}]}', '{"data"}']
)
def test_a_broken_wrapper_is_an_error(tmp_path, text):
    (tmp_path / "w.json").write_text(text)
    with pytest.raises(CurationError, match=r"w\.json"):
        Workspace(tmp_path / "w", create=True).import_data(tmp_path / "w.json", RecordParams())
