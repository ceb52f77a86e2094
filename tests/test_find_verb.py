"""The verb `find`: it lists, writes and decides on what it finds, and says what is wrong in words."""

import orjson
import pytest

from core.models import encoder
from core.run.pipeline import Pipeline
from core.workspace.deciding import overrides_of
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder


@pytest.fixture
def workspace(make_pipeline):
    return make_pipeline("embed", "cluster", "score").workspace.folder


def test_it_lists_what_it_finds_the_best_first(workspace):
    for stage in ("words", "columns", "meaning"):
        run(stage, workspace, check=0)
    done = run(
        "find", workspace, "bread -7", "--where", "rating>=3", "--where", "source=bread", "--limit", "3", check=0
    )
    assert done.stdout.startswith("8 records: “bread -7”, rating at least 3, source bread\n")
    assert len(done.stdout.splitlines()) == 4
    assert "60 records" in run("find", workspace, "--where", "state=free", "--limit", "0", check=0).stdout


def test_all_that_was_found_is_written_and_decided_on(workspace, tmp_path):
    out = tmp_path / "rows.jsonl"
    more = ("find", workspace, "--more-like", "3", "--nearest", "5")
    assert "pin: 5 records (decision 1)" in run(*more, "--limit", "1", "--out", out, "--pin", check=0).stdout
    lines = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert len(lines) == 5 and all(line["record"]["instruction"] for line in lines)
    assert [line["cosine"] for line in lines] == sorted((line["cosine"] for line in lines), reverse=True)
    results = Pipeline(Workspace(workspace))
    assert overrides_of(results).pinned.tolist() == sorted(line["row"] for line in lines)
    assert results.workspace.ledger.decisions()[0].note == "found: like record 3"
    run("find", workspace, "garden", "--drop", "--note", "no gardens", check=0)
    assert Pipeline(Workspace(workspace)).workspace.ledger.decisions()[1].note == "no gardens"


def test_a_sentence_is_read_by_the_model_that_embedded(workspace, monkeypatch):
    class Tiny(TinyEncoder):
        def __init__(self, model, max_tokens, device):
            super().__init__()
            assert model == encoder.BUNDLED

    monkeypatch.setattr("core.models.named_encoders.SentenceEncoder", Tiny)
    done = run("find", workspace, "--like", "garden soil seeds question", "--nearest", "4", check=0)
    assert "4 records: like “garden soil seeds question”" in done.stdout and done.stdout.count("garden soil") >= 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Nothing is asked"),
        (("bread AND",), "AND lacks a word"),
        (("--where", "nope>1"), "no column 'nope'"),
        (("--where", "quality"), "is no filter"),
        (("--more-like", "60"), "the records are 0 to 59"),
        (("bread", "--nearest", "0"), "nearest is 0"),
        (("bread", "--limit", "-1"), "--limit is -1"),
        (("nothing here", "--pin"), "No record to pin"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(workspace, arguments, said):
    done = run("find", workspace, *arguments, check=1)
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_the_data_is_never_written_over(workspace, data_file):
    before = data_file.read_bytes()
    assert "the data that the records come from" in run("find", workspace, "bread", "--out", data_file, check=1).stderr
    assert data_file.read_bytes() == before
