"""The current selection is pushed to the stand-in of a hub, and comes back the same; nothing is written over unasked."""

import itertools
import json
import re

import pytest
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt
from PIL import Image

from core.base.errors import CurationError
from core.evidence.ground import MeasureParams
from core.export.hub.as_parquet import write_parquet
from core.export.hub.params import PushParams
from core.export.hub.push import last_push, push
from core.run.pipeline import Pipeline
from core.vectors.projection import ProjectParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import small_records
from tests.hub_stand_in import READ_ONLY, TOKEN, card
from tests.pages import draw_map
from tests.test_hub_import import everything_written, lines, texts

RECORDS = small_records(60)


@pytest.fixture
def selected(make_pipeline) -> Pipeline:
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    pipeline.workspace.ledger.set_settings("measure", MeasureParams(n_random=2).as_dict())
    return pipeline


@pytest.fixture
def drawn(make_pipeline) -> Pipeline:
    """12 records drawn at random, without embeddings: nothing of them is measured."""
    folder = make_pipeline().workspace.folder
    run("select", folder, "--method", "random", "--budget", 12, check=0)
    return Pipeline(Workspace(folder))


@pytest.fixture
def may_write(hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def chosen(pipeline: Pipeline) -> list[dict]:
    rows = sorted(pipeline.table("select")["row_id"].to_pylist())
    return pipeline.workspace.records().take(rows, ["prompt", "response", "source"]).to_pylist()


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.usefixtures("may_write")
def test_what_was_pushed_is_imported_as_the_same_records(hub, selected, tmp_path, kind, data_file):
    made = push(selected, PushParams("ann/curated", format=kind), device="cpu")
    assert (
        made.commit == hub.repos["ann/curated"].refs["main"] and made.branch == "main" and made == last_push(selected)
    )
    run("import", "hf://ann/curated", "--workspace", tmp_path / "back", check=0)
    assert texts(tmp_path / "back") == chosen(selected)
    back = Workspace(tmp_path / "back").records().take(range(12), ["raw"])["raw"].to_pylist()
    rows = sorted(selected.table("select")["row_id"].to_pylist())
    assert [json.loads(raw) for raw in back] == [RECORDS[row] for row in rows]
    folder = tmp_path / "down"
    for path, content in hub.files("ann/curated").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    manifest = folder / "data" / "train.jsonl.manifest.json"
    assert "verified: 12 lines" in run("verify", manifest, "--data", data_file, check=0).stdout
    (folder / "data" / made.files[0]["file"]).write_bytes(b"{}\n")
    assert "was changed after it was exported" in run("verify", manifest, "--data", data_file, check=1).stderr


@pytest.mark.usefixtures("may_write")
def test_the_card_says_where_the_records_are_from_and_how_they_were_chosen(hub, selected, tmp_path):
    commit = hub.add("ann/small", {"README.md": card("# Small", license="mit"), "train.jsonl": lines(RECORDS)})
    run("import", "hf://ann/small", "--workspace", tmp_path / "workspace", check=0)  # the same records, from there
    pipeline = Pipeline(selected.workspace)
    draw_map(pipeline, ProjectParams())
    decide_records(pipeline.workspace, "pin", [3, 5], "ann")
    decide_records(pipeline.workspace, "drop", [7], "ben")
    run("select", tmp_path / "workspace", "--budget", "20%", check=0)
    push(Pipeline(pipeline.workspace), PushParams("ann/curated"), device="cpu")
    files = hub.files("ann/curated")
    made = DatasetCard(files["README.md"].decode())
    about = made.data.to_dict()
    assert (
        about["license"] == "mit" and about["source_datasets"] == ["ann/small"] and about["size_categories"] == ["n<1K"]
    )
    assert about["configs"][0]["data_files"] == [{"split": "train", "path": ["data/train.jsonl"]}]
    for said in (
        "Licence: mit",
        commit,
        "The budget was 20%. 12 records were chosen, 20.0% of all.",
        "| method | kmq |",
        "2 records pinned, of which 2 are here, and 1 dropped",
        "| Measure | Value | Random, least | Random, most |",
        "| NovelSum | ",
        json.loads(files["data/train.jsonl.manifest.json"])["output"]["sha256"],
    ):
        assert said in made.text, said
    assert "WORKSPACE" not in made.text and "data:image" not in made.text
    tokens = MarkdownIt("commonmark").enable("table").parse(made.text)
    assert not [token for token in tokens if token.type == "html_block"]
    titles = [
        inside.content for opens, inside in itertools.pairwise(tokens) if opens.tag == "h1" and opens.nesting == 1
    ]
    assert titles == ["small, curated"]
    (picture,) = re.findall(r"!\[[^]]*\]\(([^)]+)\)", made.text)
    (tmp_path / "map.png").write_bytes(files[picture])
    assert picture == "winnow/map.png" and Image.open(tmp_path / "map.png").size == (1280, 800)


@pytest.mark.usefixtures("may_write")
def test_what_is_there_is_written_over_only_where_that_is_said(hub, drawn):
    push(drawn, PushParams("ann/curated", format="parquet"), device="cpu")
    first, repo = hub.files("ann/curated"), hub.repos["ann/curated"]
    repo.commit(first | {"notes.txt": b"mine"})
    done = run("push", drawn.workspace.folder, "ann/curated", check=1)
    assert "ann/curated at main holds data or a card already: README.md, data/train" in done.stderr
    assert "--branch NAME" in done.stderr and hub.files("ann/curated") == first | {"notes.txt": b"mine"}
    # to a branch of its own, once
    done = run("push", drawn.workspace.folder, "ann/curated", "--branch", "v2", check=0)
    assert "pushed 12 records to ann/curated, to v2, as commit " + repo.refs["v2"] in done.stdout
    on_branch = hub.files("ann/curated", "v2")
    assert "data/train.jsonl" in on_branch and "data/train-00000-of-00001.parquet" not in on_branch
    assert "at v2 holds data" in run("push", drawn.workspace.folder, "ann/curated", "--branch", "v2", check=1).stderr
    # as a pull request
    done = run("push", drawn.workspace.folder, "ann/curated", "--pull-request", check=0)
    assert f"{hub.address}/datasets/ann/curated/discussions/1" in done.stdout
    assert "data/train.jsonl" in hub.files("ann/curated", "refs/pr/1") and "data/train.jsonl" not in hub.files(
        "ann/curated"
    )
    # in its place: what an earlier push left goes, what is somebody's own stays
    run("push", drawn.workspace.folder, "ann/curated", "--replace", check=0)
    assert sorted(hub.files("ann/curated")) == [
        ".gitattributes",
        "README.md",
        "data/train.jsonl",
        "data/train.jsonl.manifest.json",
        "notes.txt",
        "winnow/chart.svg",
    ]
    assert hub.messages == ["Add 12 records chosen with Winnow"] * 4


@pytest.mark.usefixtures("may_write")
def test_somebody_elses_push_meanwhile_is_not_written_over(hub, selected, monkeypatch):
    hub.add("ann/curated", {})
    before = hub.repos["ann/curated"].refs["main"]

    def meanwhile(*given, **named):
        hub.repos["ann/curated"].commit({"data.jsonl": b"{}"})

    monkeypatch.setattr("core.export.hub.push.measure", meanwhile)
    with pytest.raises(CurationError, match=r"was changed by somebody else meanwhile \(412\)"):
        push(selected, PushParams("ann/curated"))
    assert list(hub.files("ann/curated")) == ["data.jsonl"] and before != hub.repos["ann/curated"].refs["main"]


@pytest.mark.parametrize(
    "token, options, said",
    [
        ("", [], "set HF_TOKEN to one that may write"),
        (READ_ONLY, [], "does not let you write ann/new (403)"),
        ("hf_wrong", [], "does not take the token it was given (401)"),
        (TOKEN, ["--license", "made-up"], "does not take the card"),
        (TOKEN, ["--branch", "b", "--pull-request"], "can't both be asked for"),
    ],
)
def test_what_cannot_be_pushed_is_said_and_leaves_nothing(hub, drawn, monkeypatch, token, options, said):
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    done = run("push", drawn.workspace.folder, "ann/new", *options, check=1)
    assert said in done.stderr and "ann/new" not in hub.repos
    exports = drawn.workspace.folder / "exports"
    assert not exports.exists() or not list(exports.iterdir())


def test_a_name_without_an_owner_and_an_empty_selection_are_refused(hub, make_pipeline, may_write):
    pipeline = make_pipeline("embed")
    assert "has an owner and a name" in run("push", pipeline.workspace.folder, "curated", check=1).stderr
    assert "Nothing is selected yet" in run("push", pipeline.workspace.folder, "ann/curated", check=1).stderr


@pytest.mark.usefixtures("may_write")
def test_what_is_meant_to_be_private_is_not_put_where_anybody_reads(hub, drawn):
    hub.add("ann/open", {})
    done = run("push", drawn.workspace.folder, "ann/open", "--private", check=1)
    assert "is there already and anybody may read it" in done.stderr and list(hub.files("ann/open")) == [
        ".gitattributes"
    ]
    run("push", drawn.workspace.folder, "ann/closed", "--private", "--license", "mit", check=0)
    assert hub.repos["ann/closed"].private
    assert DatasetCard(hub.files("ann/closed")["README.md"].decode()).data.license == "mit"


@pytest.mark.usefixtures("may_write")
def test_the_token_that_writes_is_written_nowhere(hub, drawn):
    run("push", drawn.workspace.folder, "ann/curated", check=0)
    run("push", drawn.workspace.folder, "ann/curated", check=1)
    assert TOKEN.encode() not in everything_written(drawn.workspace.folder)
    assert not [path for path, content in hub.files("ann/curated").items() if TOKEN.encode() in content]


@pytest.mark.usefixtures("may_write")
def test_without_embeddings_a_push_is_not_measured_and_says_so(hub, drawn):
    push(drawn, PushParams("ann/curated"))
    text = hub.files("ann/curated")["README.md"].decode()
    assert "This selection was not measured" not in text and "Not measured." in text
    assert "The licence is not known" in text


# Parquet


def test_parquet_holds_each_record_as_it_was(tmp_path):
    records = [
        {"messages": [{"role": "user", "content": "a"}], "n": 1, "meta": {"a": [1.5]}, "none": None},
        {"messages": [{"role": "user", "content": "b", "tool": "t"}], "n": 2.5, "ok": True, "empty": []},
    ]
    (tmp_path / "train.jsonl").write_bytes(lines(records * 1500))
    (made,) = write_parquet(tmp_path / "train.jsonl", tmp_path)
    assert made["n_records"] == 3000 and made["file"] == "train-00000-of-00001.parquet"
    from core.data.readers import read_entries

    back = [value for _, _, value, _ in read_entries(tmp_path / made["file"])]
    assert len(back) == 3000
    assert [_without_nulls(value) for value in back[-2:]] == [_without_nulls(record) for record in records]


def test_large_data_is_several_parquet_files_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("core.export.hub.as_parquet._MOST_BYTES", 1)
    (tmp_path / "train.jsonl").write_bytes(lines({"n": i} for i in range(5000)))
    made = write_parquet(tmp_path / "train.jsonl", tmp_path)
    assert [each["n_records"] for each in made] == [2048, 2048, 904]
    from pyarrow import parquet

    found = [parquet.read_table(tmp_path / each["file"])["n"].to_pylist() for each in made]
    assert [n for each in found for n in each] == list(range(5000)) and made[2][
        "file"
    ] == "train-00002-of-00003.parquet"


def _without_nulls(value):
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "values",
    [
        [{"x": 1}, {"x": "one"}],
        [{"x": [1]}, {"x": {"a": 1}}],
        [{"x": 2**70}],
        [{"x": {}}],
        [{"x": 2**60 + 1}, {"x": 0.5}],
        [{"x": True}, {"x": 1}],
    ],
)
def test_what_parquet_cannot_hold_exactly_is_refused(tmp_path, values):
    (tmp_path / "train.jsonl").write_bytes(lines(values))
    with pytest.raises(CurationError, match=r"don't fit Parquet.*push them with --format jsonl"):
        write_parquet(tmp_path / "train.jsonl", tmp_path)
