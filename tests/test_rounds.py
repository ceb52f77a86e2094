"""Runs of rounds on a workspace: by the proxy, what can't be, and beside other selections."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.export import delivery
from core.quality.params import QualityParams
from core.refine.history import round_table
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.selection.params import SelectionParams
from core.workspace.deciding import decide_records
from core.workspace.decisions import Decision
from tests.refining import PREPARED, all_rows, fresh, go, rows_of


def test_three_rounds_take_the_budget_and_become_the_selection(started):
    rounds = go(started)
    rows = all_rows(rounds)
    assert len(rows) == len(set(rows)) == 12 and [len(r) for r in rows_of(rounds)] == [4, 4, 4]
    assert rounds.results.table("select")["row_id"].to_pylist() == rows
    assert rounds.state(1) == "done" and rounds.results.state("select") == "done"
    assert [bool(made.feedback) for made in rounds.rounds(1)] == [True, True, False]


def test_the_same_course_takes_the_same_records_in_another_workspace(make_pipeline):
    runs = []
    for folder in ("a", "b"):
        rounds = Rounds(make_pipeline(*PREPARED, folder=folder))
        rounds.start(RefineParams("20", 4, seed=3))
        runs.append(rows_of(go(rounds)))
    assert runs[0] == runs[1]


def test_round_by_round_ends_where_all_at_once_does(make_pipeline):
    at_once, step_by_step = (Rounds(make_pipeline(*PREPARED, folder=folder)) for folder in "ab")
    for rounds in (at_once, step_by_step):
        rounds.start(RefineParams("14", 3))
    go(at_once)
    for until in (1, 2, 3):
        standing = go(step_by_step, until=until).rounds(1)
        assert len(standing) == until and bool(standing[-1].feedback) == (until < 3)
    assert rows_of(fresh(at_once)) == rows_of(fresh(step_by_step))


def test_weights_follow_eq_6_from_the_scores_that_are_kept(started):
    rounds = go(started)
    run, (first, second, _) = rounds.run(1), rounds.rounds(1)
    table, labels = rounds.scores(first), rounds.labels(run)
    scores, k = table["score"].to_numpy(), 4
    s = np.array([scores[labels[table["row_id"].to_numpy()] == c].mean() for c in range(k)])
    factors = np.exp((s - s.mean()) / s.std() / 2)
    np.testing.assert_allclose(rounds.arrays(second)["weights"], factors / factors.sum(), rtol=1e-5)
    assert sorted(table["row_id"].to_pylist()) == sorted(rows_of(rounds)[0])
    assert len(rounds.scores(second)) == 8  # of all taken so far, as the paper says


def test_scoring_only_this_rounds_records_is_a_choice(rounds):
    rounds.start(RefineParams("12", 3, scored="round"))
    rounds = go(rounds)
    assert sorted(rounds.scores(rounds.rounds(1)[1])["row_id"].to_pylist()) == sorted(rows_of(rounds)[1])


def test_the_export_carries_the_rounds_in_its_manifest(started, tmp_path):
    rounds = go(started)
    out = tmp_path / "out.jsonl"
    manifest = json.loads(delivery.export_selection(rounds.results, out).read_text())
    assert len(out.read_text().splitlines()) == 12
    told = manifest["rounds"]
    assert (
        told["run"] == 1
        and told["params"]["feedback"] == "proxy"
        and [r["n_selected"] for r in told["rounds"]] == [4, 4, 4]
    )
    assert len(told["rounds"][1]["weights"]) == 4
    verify(out.with_name("out.jsonl.manifest.json"), Path(rounds.workspace.dataset().path))


# What can't be


def test_what_a_run_needs_is_said(make_pipeline, rounds):
    bare = Rounds(make_pipeline("embed", folder="bare"))
    with pytest.raises(CurationError, match="cluster stage"):
        bare.start(RefineParams())
    with pytest.raises(CurationError, match="needs one; give its path"):
        rounds.start(RefineParams(feedback="lm"))
    with pytest.raises(CurationError, match="can't be spread"):
        rounds.start(RefineParams("2", 3))
    decide_records(rounds.workspace, "pin", np.arange(10))
    with pytest.raises(CurationError, match="10 records are pinned, but the first round takes 4"):
        fresh(rounds).start(RefineParams("12", 3))
    with pytest.raises(CurationError, match="no run 7"):
        rounds.run(7)
    assert not rounds.runs()


def test_a_run_whose_scores_have_changed_can_be_read_and_not_continued(started):
    go(started, until=1)
    started.results.run("score", QualityParams("rating"))
    rounds = fresh(started)
    assert rounds.state(1) == "stale" and len(round_table(rounds, rounds.run(1), rounds.rounds(1)[0])) == 4
    with pytest.raises(CurationError, match="other score results"):
        go(started)


# Beside other selections


def test_a_later_selection_by_a_method_takes_its_place_and_rounds_can_go_on(started):
    rounds = go(started, until=1)
    rounds.results.run("select", SelectionParams("5", "random"))
    assert len(fresh(started).results.table("select")) == 5
    assert len(go(started, until=2).results.table("select")) == 8


def test_undoing_a_decision_brings_the_selection_of_before_back(started):
    rounds = go(started)
    decision = decide_records(rounds.workspace, "drop", [0])
    assert fresh(started).results.state("select") == "stale"
    rounds.workspace.ledger.add_decision(Decision(action="undo", refers=decision.id))
    assert fresh(started).results.state("select") == "done"
