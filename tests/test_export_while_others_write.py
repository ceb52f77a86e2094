"""An export is of one moment of the ledger: others who decide meanwhile neither stop it nor get halfway into it."""

import json
import sqlite3
import threading

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.evidence.current import current_selection
from core.export import delivery
from core.export.delivery import export_selection
from core.export.for_trainers import TrainerParams, export_for
from core.export.hub import push as push_module
from core.export.hub.params import PushParams
from core.run.pipeline import Pipeline
from core.selection import stage as selection_stage
from core.selection.params import SelectionParams
from core.workspace import decision_log
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


def test_a_snapshot_is_of_one_moment_and_holds_runs_and_versions_too(pipeline, monkeypatch):
    ledger, read = pipeline.workspace.ledger, decision_log.read_all

    def meanwhile(db, path):
        made = read(db, path)
        if not ledger.versions():  # after the decisions were read, everything changes
            ledger.add_version("ben", "late", "", "key", {}, 1, 0)
            ledger.add_run("ben", {}, {}, {}, 0, 0)
            decide_records(Workspace(pipeline.workspace.folder), "pin", np.array([3]), "ben")
            ledger.add_selection("late", {}, 1)
        return made

    monkeypatch.setattr(decision_log, "read_all", meanwhile)
    at = snapshot(pipeline).workspace.ledger
    assert ledger.last_decision_id() == 1 and len(ledger.versions()) == len(ledger.runs()) == 1
    ledger.set_settings("late", {})
    assert at.decisions() == at.versions() == at.runs() == [] and at.last_decision_id() == 0
    assert "late" not in [each["key"] for each in at.selections()] and "late" not in at.settings()
    at.set_settings("push", {"repo": "a/b"})
    assert at.settings()["push"] == ledger.settings()["push"]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):  # what is not to be lost is not written in the copy
        at.add_version("ben", "no", "", "key", {}, 1, 0)


def test_an_export_that_selects_anew_puts_no_earlier_selection_back(pipeline, tmp_path, monkeypatch, data_file):
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    measured, others = selection_stage.measure_selection, []

    def meanwhile(*arguments):
        if not others:
            others.append(True)
            Pipeline(Workspace(pipeline.workspace.folder)).run("select", SelectionParams("7", "random"))
        return measured(*arguments)

    monkeypatch.setattr(selection_stage, "measure_selection", meanwhile)
    facts = held(export_selection(pipeline.fresh(), tmp_path / "a.jsonl", update=True))
    assert facts["output"]["n_lines"] == 12 and 3 in facts["row_ids"]
    now = Pipeline(Workspace(pipeline.workspace.folder))
    assert now.params("select").budget == "7" and current_selection(now).n == 7
    assert now.workspace.ledger.selections()[-1]["params"]["budget"] == "7"


def test_a_place_that_can_not_be_written_is_said_before_anything_is_selected_anew(pipeline, tmp_path, monkeypatch):
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    n, out = len(pipeline.workspace.ledger.selections()), tmp_path / "none" / "a.jsonl"
    for trainer in ([], ["--for", "trl"]):
        told = run("export", pipeline.workspace.folder, "--out", out, "--update", *trainer, check=1)
        assert "there is no folder" in told.stderr
    with pytest.raises(CurationError, match="there is no folder"):
        export_for(pipeline.fresh(), out, TrainerParams("trl"), update=True)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(delivery, "as_it_stands", lambda *_: pytest.fail("it looked at the selection first"))
    with pytest.raises(CurationError, match="HF_TOKEN"):
        push_module.push(pipeline.fresh(), PushParams("owner/name"))
    assert len(pipeline.workspace.ledger.selections()) == n
