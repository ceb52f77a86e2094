"""An export is of one moment of the ledger: others who decide meanwhile neither stop it nor get halfway into it."""

import json
import threading

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.export import delivery
from core.export.delivery import export_selection
from core.run.pipeline import Pipeline
from core.workspace.deciding import decide_records
from core.workspace.snapshot import snapshot
from core.workspace.workspace import Workspace
from tests.command import run


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score", "select")


def held(path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_decision_in_the_middle_of_an_export_waits_for_the_next(pipeline, tmp_path, monkeypatch, data_file):
    first = decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    whole = delivery.manifest_facts

    def meanwhile(results):
        decide_records(Workspace(pipeline.workspace.folder), "drop", np.array([3]), "ben")
        return whole(results)

    monkeypatch.setattr(delivery, "manifest_facts", meanwhile)
    facts = held(export_selection(pipeline.fresh(), tmp_path / "a.jsonl", update=True))
    assert facts["last_decision"] == first.id and [each["id"] for each in facts["decisions"]] == [first.id]
    assert 3 in facts["row_ids"]
    assert verify(tmp_path / "a.jsonl.manifest.json", data_file)


def test_without_update_one_out_of_date_is_still_refused(pipeline, tmp_path):
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    with pytest.raises(CurationError, match="out of date"):
        export_selection(pipeline.fresh(), tmp_path / "a.jsonl")
    assert run("export", pipeline.workspace.folder, "--out", tmp_path / "a.jsonl", check=1)
    run("export", pipeline.workspace.folder, "--out", tmp_path / "a.jsonl", "--update", check=0)
    assert 3 in held(tmp_path / "a.jsonl.manifest.json")["row_ids"]
    assert Pipeline(pipeline.workspace).state("select") == "done"


def test_three_of_three_exports_get_through_while_two_write(pipeline, tmp_path, data_file):
    stop = threading.Event()

    def write(who: str, seed: int) -> None:
        workspace, rng = Workspace(pipeline.workspace.folder), np.random.default_rng(seed)
        while not stop.is_set():
            decide_records(workspace, ("pin", "drop", "clear")[rng.integers(3)], rng.integers(0, 60, 1), who)
            stop.wait(0.005)

    writers = [threading.Thread(target=write, args=(who, seed)) for seed, who in enumerate(("ann", "ben"))]
    for writer in writers:
        writer.start()
    try:
        for number in range(3):
            out = tmp_path / f"{number}.jsonl"
            facts = held(export_selection(Pipeline(Workspace(pipeline.workspace.folder)), out, update=True))
            assert max((each["id"] for each in facts["decisions"]), default=0) == facts["last_decision"]
            pinned = {each["rows"][0] for each in facts["decisions"] if each["action"] == "pin"}
            last = {each["rows"][0]: each["action"] for each in facts["decisions"]}
            assert {row for row in pinned if last[row] == "pin"} <= set(facts["row_ids"])
            assert not {row for row, action in last.items() if action == "drop"} & set(facts["row_ids"])
            verify(tmp_path / f"{number}.jsonl.manifest.json", data_file)
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def test_a_snapshot_stands_still_and_is_one_only_once(pipeline):
    at = snapshot(pipeline)
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    assert at.state("select") == "done" and at.fresh().state("select") == "done"
    assert at.workspace.ledger.decisions() == [] and at.workspace.ledger.last_decision_id() == 0
    assert snapshot(at) is at and pipeline.fresh().state("select") == "stale"
