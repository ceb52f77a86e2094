"""Splits of an export: exact at random, as near as whole clusters allow, the same for the same seed; files, manifest, verify."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core
from core.base.errors import CurationError
from core.data.manifest import verify
from core.data.trainer_formats import TRAINERS
from core.data.trainer_splits import config_of_parts
from core.export.delivery import export_selection
from core.export.for_trainers import TrainerParams, export_for
from core.export.splitting import SplitParams, nearest_sum, split_lines
from core.selection.params import SelectionParams
from tests.command import run
from tests.pages import check, open_page, press, words


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 40))
def test_the_nearest_sum_is_found(sizes, wanted):
    taken = nearest_sum(np.array(sizes), wanted)
    assert len(set(taken.tolist())) == len(taken)
    sums = {sum(some) for n in range(len(sizes) + 1) for some in itertools.combinations(sizes, n)}
    assert abs(sum(sizes[i] for i in taken) - wanted) == min(abs(each - wanted) for each in sums)


def test_the_nearest_sum_of_very_many():
    sizes = np.random.default_rng(0).integers(1, 4, 50_000)
    assert sizes[nearest_sum(sizes, 31_417)].sum() == 31_417


@given(st.integers(0, 500), st.sampled_from(["random", "cluster"]), st.booleans(), st.integers(30, 200))
def test_every_line_is_in_one_part_and_units_stay_whole(seed, by, stratify, m):
    rng = np.random.default_rng(seed)
    units = np.arange(m) if by == "random" else rng.integers(12, size=m)
    sources = rng.choice(3, m, p=[0.6, 0.3, 0.1]) if stratify else None
    params = SplitParams("validation=20%,test=5", by, stratify, seed)
    split = split_lines(units, sources, params)
    assert split.names == ("train", "validation", "test") and split.sizes.sum() == m == len(split.of)
    assert split.of.tolist() == split_lines(units, sources, params).of.tolist()
    if by == "random":
        assert split.sizes.tolist() == split.asked.tolist()
        if stratify:
            held = np.bincount(sources, minlength=3)
            taken = np.bincount(sources[split.of == 1], minlength=3)
            assert np.abs(taken - held * split.asked[1] / m).max() < 1
    else:
        assert all(len(np.unique(split.of[units == unit])) <= 1 for unit in range(12))
        assert abs(split.sizes[1] - split.asked[1]) <= np.bincount(units).max()


def test_copies_of_a_record_stay_together():
    rows = np.repeat(np.arange(40), 2)
    split = split_lines(rows, None, SplitParams("test=10", "random"))
    assert split.sizes.tolist() == [70, 10] and (split.of[::2] == split.of[1::2]).all()


def test_another_seed_gives_another_part_of_the_same_size():
    a, b = (split_lines(np.arange(100), None, SplitParams("test=20", "random", seed=seed)) for seed in (0, 1))
    assert a.of.tolist() != b.of.tolist() and a.sizes.tolist() == b.sizes.tolist()


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("validation", "'validation' is no part of a split"),
        ("test=0", "'test=0' is no part"),
        ("test=1.5", "'test=1.5' is no part"),
        ("../x=5%", "is no part of a split"),
        ("train=5%", "train is what the others leave"),
        ("test=1,test=2", "it is there twice"),
    ],
)
def test_what_is_no_split_is_said(split, said):
    with pytest.raises(CurationError, match=said):
        SplitParams(split)


def test_parts_that_cannot_be_had_are_said():
    with pytest.raises(CurationError, match="The parts ask for 10 of 10 lines; leave some for train"):
        split_lines(np.arange(10), None, SplitParams("a=50%,b=5", "random"))
    with pytest.raises(CurationError, match=r"The part train would be empty.*--split-by random"):
        split_lines(np.zeros(10, int), None, SplitParams("test=2"))


# Files


@pytest.fixture
def selected(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    pipeline.run("select", SelectionParams("40"))
    return pipeline


@pytest.mark.parametrize("by", ["cluster", "random"])
def test_an_export_in_parts_is_written_and_verified(selected, tmp_path, data_file, by):
    out = tmp_path / "out.jsonl"
    manifest = export_selection(selected, out, split=SplitParams("validation=25%,test=4", by, by == "random", 5))
    held, lines = json.loads(manifest.read_text()), {}
    assert not out.exists()
    for part in held["splits"]["parts"]:
        lines[part["name"]] = (tmp_path / part["file"]).read_bytes().splitlines(keepends=True)
        assert part["file"] == f"out.{part['name']}.jsonl" and len(lines[part["name"]]) == part["n_lines"]
    source = data_file.read_bytes().splitlines(keepends=True)
    for part in held["splits"]["parts"]:
        assert [source[held["row_ids"][i]] for i in part["lines"]] == lines[part["name"]]
    assert {name: held["splits"][name] for name in ("split_by", "seed")} == {"split_by": by, "seed": 5}
    assert verify(manifest, data_file)["row_ids"] == held["row_ids"]
    labels = selected.array("cluster")
    if by == "cluster":
        of = {name: {int(labels[held["row_ids"][i]]) for i in part["lines"]} for name, part in _parts(held).items()}
        assert not of["train"] & of["validation"] and not of["train"] & of["test"]
    else:
        assert [part["n_lines"] for part in held["splits"]["parts"]] == [26, 10, 4]
    test = tmp_path / "out.test.jsonl"
    test.write_bytes(test.read_bytes() + b"\n")
    with pytest.raises(CurationError, match=r"out\.test\.jsonl was changed"):
        verify(manifest, data_file)


def _parts(held):
    return {part["name"]: part for part in held["splits"]["parts"]}


def test_a_line_moved_to_another_part_is_found(selected, tmp_path, data_file):
    manifest = export_selection(selected, tmp_path / "o.jsonl", split=SplitParams("test=4", "random"))
    held = json.loads(manifest.read_text())
    train, test = held["splits"]["parts"]
    train["lines"][0], test["lines"][0] = test["lines"][0], train["lines"][0]
    manifest.write_text(json.dumps(held))
    with pytest.raises(CurationError, match="is not what the records"):
        verify(manifest, data_file)


def test_parts_for_a_trainer_leave_out_what_it_would_refuse(selected, tmp_path, data_file):
    params = TrainerParams("axolotl", "chat", "leave-out")
    manifest, written = export_for(
        selected, tmp_path / "t.jsonl", params, split=SplitParams("validation=10%", "random")
    )
    held = json.loads(manifest.read_text())
    assert [part["n_lines"] for part in held["splits"]["parts"]] == [36, 4] and len(written.rows) == 40
    config = (tmp_path / "t.jsonl.axolotl.yaml").read_text()
    assert 'path: "t.train.jsonl"' in config and 'test_datasets:\n  - path: "t.validation.jsonl"' in config
    assert all("messages" in json.loads(line) for line in (tmp_path / "t.validation.jsonl").read_text().splitlines())
    verify(manifest, data_file)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_trainers_configuration_names_the_training_file(trainer):
    made = config_of_parts(TRAINERS[trainer], {"train": "a.train.jsonl", "validation": "a.validation.jsonl"}, "chat")
    text = "".join(made.values())
    assert "a.train.jsonl" in text and ("a.validation.jsonl" in text) == (trainer != "torchtune")


def test_the_source_is_never_a_part(selected, tmp_path, data_file):
    data_file.rename(tmp_path / "x.test.jsonl")
    with pytest.raises(CurationError, match=r"x\.test\.jsonl is the data that the records come from"):
        export_selection(selected, tmp_path / "x.jsonl", split=SplitParams("test=4", "random"))


def test_the_command_line_splits(workspace, tmp_path, data_file):
    run("select", workspace, "--budget", "30", check=0)
    out = tmp_path / "c.jsonl"
    said = run(
        "export",
        workspace,
        "--out",
        out,
        "--split",
        "validation=20%,test=3",
        "--split-by",
        "random",
        "--seed",
        2,
        check=0,
    )
    assert "c.validation.jsonl: 6 lines (20.0%)" in said.stdout and "c.test.jsonl: 3 lines" in said.stdout
    run("verify", f"{out}.manifest.json", "--data", data_file, check=0)


def test_the_export_page_shows_the_parts_before_it_saves_them(selected_home, tmp_path):
    app = open_page(selected_home, "export")
    app.session_state["in_parts"] = True
    check(app.run())
    app.text_input(key="split_parts").set_value("validation=10%,test=half")
    check(app.run(), error="'test=half' is no part of a split")
    app.text_input(key="split_parts").set_value("validation=10%,test=7")
    app.selectbox(key="split_by").set_value("random")
    check(app.run())
    assert "**train** 47 · **validation** 6 · **test** 7" in words(app)
    app.selectbox(key="split_trainer").set_value("trl")
    app.selectbox(key="split_problems").set_value("leave-out")
    app.text_input(key="split_path").set_value(str(tmp_path / "page.jsonl"))
    press(app, "Save the parts")
    assert "page.test.jsonl: 7 lines" in words(app).replace("\\", "")
    assert 'data_files="page.validation.jsonl"' in (tmp_path / "page.jsonl.trl.py").read_text()


def test_a_notebook_exports_in_parts(selected, tmp_path):
    opened = core.open_workspace(selected.workspace.folder)
    opened.select("15", at_least=["source=bread:6"])
    opened.export(tmp_path / "n.jsonl", split="test=3", split_by="random")
    assert len((tmp_path / "n.test.jsonl").read_text().splitlines()) == 3
