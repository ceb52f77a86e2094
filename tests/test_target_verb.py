"""A target on the command line: from a file of examples to an export whose manifest, report and card name it."""

import json

import pytest

import core
from core.base.files import file_sha256
from core.data.targets import manifest_path
from core.run.pipeline import Pipeline
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder, write_jsonl
from tests.hub_stand_in import card


@pytest.fixture
def folder(make_pipeline):
    return make_pipeline("embed", "cluster", "score").workspace.folder


class Loaded(TinyEncoder):
    """The tiny encoder as a command loads one."""

    device, format = "cpu", "float32"

    def __init__(self, *_):
        super().__init__()

    def calibrate(self, sample):
        """Stay as it is."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    for module in ("encoding", "embed_work"):
        monkeypatch.setattr(f"core.vectors.{module}.SentenceEncoder", Loaded)


@pytest.fixture
def examples(tmp_path):
    said = [
        {"question": f"what of item {i}", "answer": f"bread oven flour {i}", "kind": "ab"[i % 2]} for i in range(12)
    ]
    return write_jsonl(tmp_path / "mine.jsonl", said)


def test_from_a_file_of_examples_to_an_export_that_names_it(folder, examples, tmp_path):
    done = run("target", folder, f"baking={examples}", "--records", "3,7", check=0)
    assert done.stdout.splitlines()[:3] == ["14 examples", "       12  baking", "        2  travel"]
    assert "overlap with the examples; target leaves them out" in done.stdout
    said = run("select", folder, "--method", "target", "--budget", "10", "--balance", "labels", check=0).stdout
    sha256 = file_sha256(examples)
    assert f"baking: mine.jsonl, SHA-256 {sha256}" in said and "taken: 5 for baking, 5 for travel" in said
    out = tmp_path / "out.jsonl"
    run("export", folder, "--out", out, check=0)
    held = json.loads(manifest_path(out).read_text())
    assert held["target"]["files"] == [{"name": "baking", "file": "mine.jsonl", "sha256": sha256}]
    assert (held["target"]["n_examples"], held["target"]["n_picked"], held["target"]["by"]) == (14, 2, "embeddings")
    assert held["stages"]["targets"]["params"]["rows"] == [3, 7] and str(examples.parent) not in json.dumps(
        held["stages"]
    )
    assert not set(held["row_ids"]) & {3, 7}
    run("verify", manifest_path(out), "--data", tmp_path / "small.jsonl", check=0)
    run("report", folder, "--out", tmp_path / "report.html", check=0)
    report = (tmp_path / "report.md").read_text()
    assert sha256 in report and "12 examples, 5 taken" in report and "The target, by embeddings" in report


def test_the_examples_may_be_what_is_found_or_pinned(folder):
    run("pin", folder, "--rows", "0-11", check=0)
    assert run("target", folder, "--pinned", check=0).stdout.startswith("12 examples\n        3  bread\n")
    assert run("target", folder, "--found", "garden soil", check=0).stdout.startswith(
        "15 examples\n       15  garden\n"
    )
    assert "No record holds 'zebra'" in run("target", folder, "--found", "zebra", check=1).stderr
    run("clear", folder, "--rows", "0-11", check=0)
    assert "No record is pinned" in run("target", folder, "--pinned", check=1).stderr
    assert "name a file of them, or --records" in run("target", folder, check=1).stderr
    few = run("target", folder, "--records", "1", check=0).stderr
    assert "warning: 1 example is few: what is near to it may be near by chance. Give 10 at least." in few


def test_without_examples_select_says_how_to_give_them(folder):
    assert "run: python -m core target" in run("select", folder, "--method", "target", check=1).stderr


def test_why_says_which_example_took_a_record(folder, examples):
    run("target", folder, examples, "--label", "kind", "--draw", "10", check=0)
    run("select", folder, "--method", "target", "--budget", "5", check=0)
    row = Pipeline(Workspace(folder)).table("select")["row_id"][0].as_py()
    assert "Selected by target: pick 1 of 5, taken by example 1 of 10 (" in run("why", folder, row, check=0).stdout


def test_curate_goes_from_a_file_and_examples_to_jsonl(data_file, examples, tmp_path):
    out, where = tmp_path / "out.jsonl", ("--workspace", tmp_path / "curated")
    asked = ("--method", "target", "--budget", "6")
    assert (
        "name a file of them with --target FILE"
        in run("curate", data_file, *asked, *where, "--out", out, check=1).stderr
    )
    common = ("curate", data_file, *asked, *where, "--target", examples, "--label", "kind")
    assert "mine.jsonl" in run(*common, "--out", examples, check=1).stderr  # never over the examples
    run(*common, "--out", out, check=0)
    assert len(out.read_text().splitlines()) == 6
    assert json.loads(manifest_path(out).read_text())["target"]["labels"] == {"a": 6, "b": 6}


def test_a_notebook_gives_a_target_and_gets_its_examples_back(folder, examples):
    opened = core.open_workspace(folder, encoder=TinyEncoder())
    made = opened.target([f"baking={examples}"], rows=[3])
    assert made["label"].value_counts().to_dict() == {"baking": 12, "travel": 1}
    assert list(made.columns) == ["label", "prompt", "response"] and len(opened.select(6, "target")) == 6


def test_an_evaluations_training_split_is_fetched_from_a_hub(folder, hub, examples):
    hub.add("ann/baking", {"README.md": card("# Baking"), "train.jsonl": examples.read_bytes(), "test.jsonl": b"{}\n"})
    done = run("target", folder, "bread=hf://ann/baking", "--split", "train", check=0)
    assert done.stdout.splitlines()[:2] == ["12 examples", "       12  bread"]
    assert "There are several splits" in run("target", folder, "hf://ann/baking", check=1).stderr
