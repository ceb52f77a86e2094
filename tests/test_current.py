"""The current selection: what it is called, following decisions, made current again; what is exported is what is named."""

import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.evidence.candidates import choices, describe, find_choice, is_finished
from core.evidence.current import current_selection, follow_decisions, is_current, make_current
from core.evidence.versions import save_version
from core.export.delivery import export_selection, manifest_facts
from core.export.report.writing import write_report
from core.models.lora import LmParams
from core.refine import advance as advancing
from core.refine.advance import Advance, advance, is_outdated
from core.refine.feedback import Feedback
from core.refine.params import RefineParams
from core.refine.publishing import take_back
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline, open_results
from core.selection.params import EarlierParams, RoundsParams, SelectionParams
from core.selection.stage import last_selection_key
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_records
from core.workspace.decisions import Decision
from tests.conftest import TinyEncoder

PREPARED = ("embed", "cluster", "score")


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline(*PREPARED)


def fresh(pipeline):
    return Pipeline(pipeline.workspace)


def go(pipeline, run=1, **how):
    advance(Rounds(fresh(pipeline)), Advance(run, **how), device="cpu", encoder=TinyEncoder())
    return fresh(pipeline)


def rows_now(pipeline):
    return fresh(pipeline).table("select")["row_id"].to_pylist()


def title(pipeline):
    return current_selection(fresh(pipeline)).title


@pytest.fixture
def forked(pipeline):
    """Run 1 of three rounds is complete; a fork of it has one more round than it shares, and is current."""
    Rounds(pipeline).start(RefineParams("12", 3))
    go(pipeline)
    Rounds(fresh(pipeline)).fork(1, 1, RefineParams("12", 3, temperature=0.01))
    return go(pipeline, run=2, until=2)


# What it is called


@pytest.mark.parametrize(
    ("params", "told", "finished"),
    [
        (SelectionParams("10%").as_dict(), "kmq, 10 %, seed 0", True),
        (SelectionParams(" 2.5 %", "random", seed=3).as_dict(), "random, 2.5 %, seed 3", True),
        (SelectionParams("5000", "deita").as_dict(), "deita, 5,000 records", True),
        (RoundsParams(2, 3, "c").as_dict(), "run 2, round 3 of 4, unfinished", False),
        (RoundsParams(2, 4, "c").as_dict(), "run 2, all 4 rounds", True),
        (RoundsParams(3, 1, "c").as_dict(), "run 3, its one round", True),
        (RoundsParams(2, 0, "").as_dict(), "run 2, no round left", False),
        ({"method": "version", "name": "first"}, "version first", True),
        (EarlierParams(3, "k", 5, SelectionParams().as_dict()).as_dict(), "#3: kmq, 10 %, seed 0", True),
        (
            EarlierParams(3, "k", 5, RoundsParams(2, 1, "c").as_dict()).as_dict(),
            "#3: run 2, round 1 of 4, unfinished",
            0,
        ),
    ],
)
def test_a_selection_is_told_in_a_few_words(params, told, finished):
    lengths = {2: 4, 3: 1}
    assert describe(params, lengths) == told and is_finished(params, lengths) == bool(finished)


def test_nothing_selected_is_no_current_selection(pipeline):
    assert current_selection(pipeline) is None and not follow_decisions(pipeline)


# What is exported is what is named


def test_a_fork_is_current_and_unfinished_and_the_whole_run_is_made_current_again(forked, tmp_path, data_file):
    current = current_selection(forked)
    assert (current.id, current.title) == ("round:2.2", "run 2, round 2 of 3, unfinished") and not current.is_finished
    assert (current.n, current.wanted, current.size) == (8, 12, "8 of 12 records")
    with pytest.raises(CurationError, match=r"run 2, round 2 of 3, unfinished: 8 of 12 records.*--unfinished"):
        export_selection(forked, tmp_path / "no.jsonl")
    assert not (tmp_path / "no.jsonl").exists()
    whole = sorted(np.concatenate([Rounds(forked).rows(made) for made in Rounds(forked).rounds(1)]).tolist())
    assert make_current(fresh(forked), "run:1").title == "run 1, all 3 rounds"
    manifest = export_selection(fresh(forked), tmp_path / "yes.jsonl")
    held = verify(manifest, data_file)
    assert held["row_ids"] == whole and held["rounds"]["run"] == 1
    assert held["selection"] == {"id": "round:1.3", "title": "run 1, all 3 rounds", "finished": True}


def test_an_unfinished_run_is_exported_when_asked_and_says_so(forked, tmp_path, data_file):
    held = verify(export_selection(forked, tmp_path / "part.jsonl", unfinished=True), data_file)
    assert held["selection"] == {"id": "round:2.2", "title": "run 2, round 2 of 3, unfinished", "finished": False}
    page, text = write_report(forked, tmp_path / "r.html")
    assert "run 2, round 2 of 3, unfinished" in page.read_text() and "run 2, round 2 of 3" in text.read_text()


def test_an_older_manifest_without_a_named_selection_is_verified(forked, tmp_path, data_file):
    manifest = export_selection(forked, tmp_path / "part.jsonl", unfinished=True)
    held = json.loads(manifest.read_text())
    del held["selection"]
    manifest.write_text(json.dumps(held))
    assert verify(manifest, data_file)["row_ids"] == held["row_ids"]


def test_a_manifest_and_a_report_tell_only_of_the_rounds_that_are_in(forked, tmp_path):
    make_current(fresh(forked), "round:1.2")
    facts = manifest_facts(fresh(forked))
    assert [made["number"] for made in facts["rounds"]["rounds"]] == [1, 2] and not facts["selection"]["finished"]
    text = write_report(fresh(forked), tmp_path / "r.html")[1].read_text()
    assert "| Round 2 |" in text and "| Round 3 |" not in text


def test_looking_at_the_choices_and_courses_changes_nothing(forked):
    before = forked.workspace.ledger.settings()["select"]
    for choice in choices(forked):
        find_choice(fresh(forked), choice.id)
    current_selection(forked)
    assert forked.workspace.ledger.settings()["select"] == before


# Made current


def test_a_round_on_the_way_is_made_current(forked):
    first_two = np.concatenate([Rounds(forked).rows(made) for made in Rounds(forked).rounds(1)[:2]]).tolist()
    current = make_current(fresh(forked), "round:1.2")
    assert current.title == "run 1, round 2 of 3, unfinished" and rows_now(forked) == first_two
    now = fresh(forked)
    assert is_current(now, "round:1.2") and not is_current(now, "round:1.3") and not is_current(now, "round:2.2")


def test_an_earlier_selection_that_still_holds_is_simply_current_again(pipeline):
    pipeline.run("select", SelectionParams("12"))
    before, key = rows_now(pipeline), pipeline.current("select")
    pipeline.run("select", SelectionParams("20", "quality"))
    current = make_current(fresh(pipeline), "#1")
    assert current.title == "kmq, 12 records, seed 0" and rows_now(pipeline) == before
    assert fresh(pipeline).current("select") == key and fresh(pipeline).params("select") == SelectionParams("12")
    assert is_current(fresh(pipeline), "#1") and not is_current(fresh(pipeline), "#2")
    assert [choice.id for choice in choices(fresh(pipeline))] == ["#1", "#2"]  # under its own number, once
    assert find_choice(fresh(pipeline), "#3").n == 12


def test_an_earlier_selection_stands_as_it_was_and_what_was_decided_since_is_told(pipeline, tmp_path, data_file):
    pipeline.run("select", SelectionParams("12"))
    before = rows_now(pipeline)
    decide_records(pipeline.workspace, "drop", before[:2])
    decide_records(pipeline.workspace, "pin", np.setdiff1d(np.arange(60), before)[:1])
    fresh(pipeline).run("select", SelectionParams("20", "quality"))
    for _ in range(2):  # a second time changes nothing
        current = make_current(fresh(pipeline), "#1")
        assert (current.id, current.title, current.n) == ("#1", "#1: kmq, 12 records, seed 0", 12)
        assert rows_now(pipeline) == before and current.is_up_to_date
    assert current.shortfall == "1 record pinned now is not in it. 2 records dropped now are in it."
    made = json.loads(export_selection(fresh(pipeline), tmp_path / "again.jsonl").read_text())
    assert made["selection"]["title"] == current.title and made["shortfall"] == current.shortfall
    assert made["earlier"]["made_by"] == SelectionParams("12").as_dict() and made["earlier"]["id"] == "#1"
    verify(tmp_path / "again.jsonl.manifest.json", data_file)
    assert "#1: kmq, 12 records, seed 0" in write_report(fresh(pipeline), tmp_path / "r.html")[0].read_text()
    # What stood under its own number is itself on the list, and leads to the same.
    latest = max(entry["id"] for entry in pipeline.workspace.ledger.selections())
    assert latest > 2 and make_current(fresh(pipeline), f"#{latest}").title == current.title


def test_a_version_is_made_current_and_an_unfinished_one_stays_unfinished(forked, tmp_path):
    save_version(forked, "half", manifest_facts(forked))
    make_current(fresh(forked), "run:1")
    current = make_current(fresh(forked), "version:half")
    assert current.title == "version half, unfinished" and not current.is_finished
    assert is_current(fresh(forked), "version:half") and len(rows_now(forked)) == 8
    with pytest.raises(CurationError, match="version half, unfinished"):
        export_selection(fresh(forked), tmp_path / "no.jsonl")
    make_current(fresh(forked), "run:1")
    save_version(fresh(forked), "whole", manifest_facts(fresh(forked)))
    assert make_current(fresh(forked), "whole").title == "version whole"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("run:9", "no run 9"),
        ("run:0", "has no round"),
        ("round:1.4", "no round 4 to select by; it has 3"),
        ("#99", "is no selection of this workspace"),
        ("version:none", "is no selection of this workspace"),
        ("rubbish", "is no selection of this workspace"),
    ],
)
def test_what_there_is_not_cannot_be_made_current(forked, name, told):
    with pytest.raises(CurationError, match=told):
        make_current(fresh(forked), name)
    assert title(forked) == "run 2, round 2 of 3, unfinished"


def test_a_run_on_other_clusters_is_made_current_as_it_stood(forked):
    whole = next(c for c in choices(forked) if c.title.endswith("run 1, all 3 rounds"))
    before = rows_now(make_current(fresh(forked), "run:1") and forked)
    fresh(forked).run("cluster", ClusterParams(6), device="cpu")
    assert not open_results(forked.workspace).current("select")
    current = make_current(fresh(forked), "run:1")
    assert current.title.endswith(": run 1, all 3 rounds") and rows_now(forked) == before and whole.n == 12
    with pytest.raises(CurationError, match="began with other clusters or scores"):
        make_current(fresh(forked), "round:1.2")


# Decisions


def artifacts(pipeline):
    return {path.name for stage in ("round", "feedback") for path in pipeline.workspace.artifacts.glob(f"{stage}-*")}


def test_a_drop_leaves_a_runs_selection_at_once_and_no_round_runs_again(forked):
    make_current(fresh(forked), "run:1")
    before, made = rows_now(forked), artifacts(forked)
    pin = next(row for row in range(60) if row not in before)
    dropped = decide_records(forked.workspace, "drop", before[:2])
    decide_records(forked.workspace, "pin", [pin])
    now = open_results(forked.workspace)
    assert now.state("select") == "done" and now.table("select")["row_id"].to_pylist() == before[2:]
    current = current_selection(now)
    assert current.title == "run 1, all 3 rounds" and current.is_up_to_date and current.size == "10 of 12 records"
    assert "2 records short since some were dropped; round 3, selected anew, fills their places." in current.shortfall
    assert "1 pinned records are not in yet" in current.shortfall
    assert artifacts(forked) == made and len(now.workspace.ledger.rounds(1)) == 3
    for refers in (dropped.id, dropped.id + 1):
        forked.workspace.ledger.add_decision(Decision(action="undo", refers=refers))
    now = open_results(forked.workspace)
    assert now.table("select")["row_id"].to_pylist() == before and not current_selection(now).shortfall


def test_what_follows_is_listed_once_and_the_current_state_of_it(forked):
    make_current(fresh(forked), "run:1")
    before = rows_now(forked)
    dropped = decide_records(forked.workspace, "drop", before[:2])
    open_results(forked.workspace)
    now = fresh(forked)
    assert [c.n for c in choices(now) if c.title.endswith("run 1, all 3 rounds")] == [10]
    forked.workspace.ledger.add_decision(Decision(action="undo", refers=dropped.id))
    now = open_results(forked.workspace)
    assert [c.n for c in choices(now) if c.title.endswith("run 1, all 3 rounds")] == [12]
    assert find_choice(now, "current").n == 12


def test_an_undo_brings_back_what_the_pages_count_and_compare_too(pipeline):
    pipeline.run("select", SelectionParams("12"))
    first = fresh(pipeline).current("select")
    dropped = decide_records(pipeline.workspace, "drop", rows_now(pipeline)[:3])
    fresh(pipeline).run("select", SelectionParams("12"))
    pipeline.workspace.ledger.add_decision(Decision(action="undo", refers=dropped.id))
    now = fresh(pipeline)
    assert now.current("select") == first == last_selection_key(now)
    assert find_choice(now, "current").id == "#1" and current_selection(now).id == "#1"


def test_a_part_of_a_run_stays_that_part(forked):
    make_current(fresh(forked), "round:1.2")
    before = rows_now(forked)
    decide_records(forked.workspace, "drop", before[:1])
    now = open_results(forked.workspace)
    assert current_selection(now).title == "run 1, round 2 of 3, unfinished" and rows_now(now) == before[1:]
    assert "a fork after round 2 fills their places" in current_selection(now).shortfall


def test_a_round_that_a_job_selected_meanwhile_stays_current(forked, monkeypatch):
    """Following decisions takes a moment, and a job may end in it."""
    from core.selection import stage

    decide_records(forked.workspace, "drop", rows_now(forked)[:1])
    measure = stage.measure_selection
    later = RoundsParams(2, 3, "another course", "12").as_dict()

    def meanwhile(*arguments):
        forked.workspace.ledger.set_settings("select", later)
        return measure(*arguments)

    monkeypatch.setattr(stage, "measure_selection", meanwhile)
    assert follow_decisions(fresh(forked))
    assert forked.workspace.ledger.settings()["select"] == later


def test_all_dropped_leaves_nothing_to_export(forked, tmp_path):
    decide_records(forked.workspace, "drop", np.arange(60))
    now = open_results(forked.workspace)
    assert now.state("select") == "done" and current_selection(now).n == 0
    with pytest.raises(CurationError, match="Nothing is selected"):
        export_selection(now, tmp_path / "none.jsonl", unfinished=True)


def test_other_selections_and_runs_on_other_clusters_do_not_follow(pipeline):
    pipeline.run("select", SelectionParams("12"))
    decide_records(pipeline.workspace, "drop", [0])
    assert open_results(pipeline.workspace).state("select") == "stale"
    Rounds(fresh(pipeline)).start(RefineParams("12", 3))
    now = go(pipeline)
    now.run("cluster", ClusterParams(6), device="cpu")
    assert open_results(pipeline.workspace).state("select") == "stale"
    assert title(pipeline) == "run 1, all 3 rounds" and not current_selection(fresh(pipeline)).is_up_to_date


def test_taking_back_a_round_that_is_not_in_it_leaves_the_current_selection(forked):
    before = rows_now(forked)
    take_back(Rounds(fresh(forked)), 1, 2)
    assert title(forked) == "run 2, round 2 of 3, unfinished" and rows_now(forked) == before
    take_back(Rounds(fresh(forked)), 2, 2)
    assert title(forked) == "run 2, round 1 of 3, unfinished" and len(rows_now(forked)) == 4
    take_back(Rounds(fresh(forked)), 2, 1)
    assert title(forked) == "run 2, no round left" and fresh(forked).state("select") == "stale"


def test_the_last_round_selected_anew_tunes_nothing_again(pipeline, monkeypatch):
    tuned = []

    def tune(taken, scored, *others):
        tuned.append(taken.rows.tolist())
        ones = np.ones(len(scored.rows), np.float32)
        return Feedback(scored.rows, np.linspace(0, 1, len(ones)).astype(np.float32), ones, ones)

    monkeypatch.setattr(advancing, "lm_feedback", tune)
    Rounds(pipeline).start(RefineParams("12", 3, "lm"), LmParams("some model"))
    go(pipeline)
    assert len(tuned) == 2 and not is_outdated(Rounds(fresh(pipeline)), Rounds(pipeline).run(1))
    before = rows_now(pipeline)
    pin = next(row for row in range(60) if row not in before)
    decide_records(pipeline.workspace, "drop", [before[0], before[11]])
    decide_records(pipeline.workspace, "pin", [pin])
    open_results(pipeline.workspace)
    assert len(tuned) == 2 and is_outdated(Rounds(fresh(pipeline)), Rounds(pipeline).run(1))
    go(pipeline, until=3, redo=True)
    assert len(tuned) == 2
    after = rows_now(pipeline)
    assert len(after) == 12 and pin in after and not {before[0], before[11]} & set(after)


def test_an_empty_selection_made_current_again_keeps_its_budget(pipeline):
    decide_records(pipeline.workspace, "drop", np.arange(60))
    fresh(pipeline).run("select", SelectionParams("12", "random"))
    decide_records(pipeline.workspace, "clear", np.arange(60))
    assert make_current(fresh(pipeline), "#1").n == 0
    params = fresh(pipeline).params("select")
    assert isinstance(params, EarlierParams) and SelectionParams(params.budget).budget == "12"
