"""The face for notebooks: what the README shows runs, and gives arrays and DataFrames."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import core
from core.base.errors import CurationError
from tests.conftest import TinyEncoder, small_records, write_jsonl

ROOT = Path(__file__).resolve().parent.parent
DOMAINS = [
    {"name": "baking", "description": "Bread, ovens and flour."},
    {"name": "python", "description": "Functions and lists in python."},
]


@pytest.fixture
def ws(tmp_path):
    data = write_jsonl(tmp_path / "small.jsonl", small_records())
    opened = core.open_data(data, tmp_path / "workspace", device="cpu", encoder=TinyEncoder())
    opened.embed()
    return opened


def test_the_notebook_of_the_readme_runs(sample_home, tmp_path, monkeypatch):
    code = next(
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
        if "winnow" in block
    )
    assert len([line for line in code.splitlines() if line.startswith("ws")]) <= 10
    monkeypatch.setitem(sys.modules, "winnow", core)
    monkeypatch.chdir(ROOT)
    names: dict = {}
    exec(code.replace('"curated.jsonl"', repr(str(tmp_path / "curated.jsonl"))), names)
    ws, lines = names["ws"], (tmp_path / "curated.jsonl").read_text().splitlines()
    assert len(lines) == len(ws.selection()) == 60
    assert ws.workspace.folder == sample_home / "sample"
    assert {3, 17} <= set(ws.selection()["row_id"]) and 5 not in set(ws.selection()["cluster"])


def test_embedded_anew_clusters_and_map_take_the_place_of_todays_with_it(ws):
    ws.cluster(4)
    ws.project()
    before = {stage: ws.results.current(stage) for stage in ("embed", "cluster", "project")}
    assert ws.re_embed(max_tokens=32).shape == (60, TinyEncoder.dimension)
    now = {stage: ws.results.current(stage) for stage in before}
    assert all(now.values()) and not set(now.values()) & set(before.values())
    assert len(ws.clusters()) == 4 and ws.results.params("embed").max_tokens == 32


def test_stages_give_arrays_and_frames(ws):
    assert ws.embed().shape == (60, TinyEncoder.dimension) and ws.project().shape == (60, 2)
    clusters = ws.cluster(4)
    assert list(clusters) == ["cluster", "name", "size", "selected"] and clusters["size"].sum() == 60
    assert ws.score("rating").tolist() == [float(i % 7) for i in range(60)]
    chosen = ws.select(12, "kmeans-random", seed=3)
    assert len(chosen) == 12 and set(chosen) == {"row_id", "cluster", "score", "reason", "prompt", "response"}
    record = chosen.iloc[0]
    assert record["prompt"] == ws.records([record["row_id"]])["prompt"][0]
    assert ws.clusters()["selected"].sum() == 12
    assert len(ws.records()) == 60


def test_own_vectors_are_taken(ws, tmp_path):
    np.save(tmp_path / "own.npy", np.eye(60, 8, dtype=np.float32) + 0.1)
    assert ws.embed(vectors=tmp_path / "own.npy").shape == (60, 8)


def test_decisions_are_obeyed_and_can_be_cleared(ws):
    ws.cluster(4)
    ws.drop(cluster=1)
    ws.pin([7, 9], note="good")
    ws.weight(2, 3.0)
    rows = set(ws.select("20%", "kmeans-random")["row_id"])
    assert {7, 9} <= rows
    ws.clear(cluster=1)
    ws.clear([7, 9])
    assert [d.action for d in ws.workspace.ledger.decisions()] == ["drop", "pin", "weight", "clear", "clear"]


def test_rounds_daar_and_measures_come_back_as_frames(ws, tmp_path, quick_probes):
    ws.cluster(4)
    ws.score()
    history = ws.refine(12, rounds=3)
    assert list(history) == ["Round 1", "Round 2", "Round 3", "name"] and len(ws.selection()) == 12
    assert history["Round 1"].tolist() == pytest.approx([1.0] * 4)
    rewards = ws.daar(DOMAINS, budget=10, steps=20, n_seeds=4, draws=2)
    assert set(rewards["domain"]) <= {"baking", "python"} and len(rewards) == 60
    kept = ws.selection()
    assert kept["score"].min() >= rewards["reward"].sort_values().iloc[-10] - 1e-6
    found = ws.measure(n_random=3)
    assert isinstance(found, pd.DataFrame) and {"value", "random_least", "random_most", "place"} == set(found)
    assert found.loc["words", "value"] > 0
    manifest = json.loads(ws.export(tmp_path / "out.jsonl").read_text())
    assert manifest["row_ids"] == sorted(kept["row_id"])
    assert ws.report(tmp_path / "report.html").exists()


def test_a_workspace_is_opened_again_and_what_is_missing_is_said(ws, tmp_path):
    again = core.open_workspace(ws.workspace.folder)
    assert again.results.current("embed") == ws.results.current("embed")
    with pytest.raises(CurationError, match="out of date already"):
        again.clusters()
    with pytest.raises(CurationError, match="is not a workspace"):
        core.open_workspace(tmp_path / "nothing")


def test_a_file_that_cannot_be_read_leaves_no_workspace(tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{nonsense\n")
    with pytest.raises(CurationError):
        core.open_data(bad, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_the_face_has_no_other_names():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        core.nothing  # noqa: B018


def test_records_are_found_by_words_meaning_and_filters(ws):
    found = ws.find("bread -7", where=["rating>=3", "source=bread"])
    assert len(found) == 8 and found["prompt"].str.contains("bread").all() and "cosine" not in found
    near = ws.find(like="garden soil seeds question", nearest=5)
    assert len(near) == 5 and near["cosine"].is_monotonic_decreasing and near["source"].eq("garden").all()
    assert 3 not in ws.find(more_like=[3], nearest=5)["row_id"].tolist()
    with pytest.raises(CurationError, match="Nothing is asked"):
        ws.find()
