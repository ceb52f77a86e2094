"""Runs of rounds on a workspace: proxy, language model and import; people between rounds; take back, fork, resume."""

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from components.charts.weight_figures import weight_lines
from core.base.errors import CurationError
from core.data.manifest import verify
from core.export import delivery
from core.models.lora import LmParams
from core.quality.params import QualityParams
from core.refine.advance import Advance, advance
from core.refine.exchange import export_round, import_scores
from core.refine.history import decisions_before, history_of, round_table, why
from core.refine.params import RefineParams
from core.refine.publishing import publish, take_back
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records
from core.workspace.decisions import Decision
from core.workspace.workspace import Workspace
from tests.command import ROOT, run
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.made_once import made_once

PREPARED = ("embed", "cluster", "score")


def fresh(rounds):
    return Rounds(Pipeline(rounds.workspace))


def go(rounds, run=1, **how):
    advance(fresh(rounds), Advance(run, **how), device="cpu", encoder=TinyEncoder())
    return fresh(rounds)


def rows_of(rounds, run=1):
    return [rounds.rows(made).tolist() for made in rounds.rounds(run)]


def all_rows(rounds, run=1):
    return list(itertools.chain(*rows_of(rounds, run)))


@pytest.fixture
def rounds(make_pipeline):
    return Rounds(make_pipeline(*PREPARED))


@pytest.fixture
def started(rounds):
    rounds.start(RefineParams("12", 3), who="ann")
    return rounds


def lm_of(tiny_lm, **changes):
    values = {
        "learning_rate": 1e-2,
        "batch_size": 1,
        "accumulation": 1,
        "max_tokens": 64,
        "max_new_tokens": 4,
        "save_steps": 1,
    }
    return LmParams(model=tiny_lm, **(values | changes))


# A run by the proxy


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


# People


def test_decisions_between_rounds_hold_in_the_next_and_the_chart_says_whose_they_are(started):
    rounds = go(started, until=1)
    workspace, pipeline = rounds.workspace, rounds.results
    pin = next(row for row in range(60) if row not in rows_of(rounds)[0])
    decide_records(workspace, "pin", [pin], "bob")
    decide_records(workspace, "drop", [rows_of(rounds)[0][0]], "bob")
    decide_cluster(pipeline, "weight", 2, "ann", value=0.0)
    rounds = go(started, until=2)
    first, second = rows_of(rounds)
    labels = rounds.labels(rounds.run(1))
    assert pin in second and len(second) == 5 and not (labels[[r for r in second if r != pin]] == 2).any()
    published = rounds.results.table("select")["row_id"].to_pylist()
    assert len(published) == 8 and first[0] not in published
    assert rounds.results.state("select") == "done"
    run, made = rounds.run(1), rounds.rounds(1)[1]
    assert [(d.who, d.action) for d in decisions_before(rounds, run, made)] == [
        ("bob", "pin"),
        ("bob", "drop"),
        ("ann", "weight"),
    ]
    history = history_of(rounds, run)
    assert (
        history.titles == ["Round 1", "Round 2", "next"] and history.effective[2, 1] == 0 and history.weights[2, 1] > 0
    )
    table = round_table(rounds, run, made)
    assert table["held by"][2] == "override" and table["multiplier"][2] == 0 and table["taken"].sum() == 5
    assert "multiplies it by 0" in why(rounds, run, made, 2)


def test_a_decision_after_the_last_round_asks_for_that_round_anew(started):
    rounds = go(started)
    before = rows_of(rounds)
    decide_records(rounds.workspace, "drop", [before[0][0], before[2][0]], "bob")
    assert fresh(started).results.state("select") == "stale"
    rounds = go(started, redo=True)
    published = rounds.results.table("select")["row_id"].to_pylist()
    assert len(published) == 12 and not {before[0][0], before[2][0]} & set(published)
    assert rows_of(rounds)[:2] == before[:2] and rounds.results.state("select") == "done"


def test_a_redo_that_cannot_be_leaves_all_as_it_was(started):
    rounds = go(started)
    before = rows_of(rounds)
    free = [row for row in range(60) if row not in all_rows(rounds)]
    decide_records(rounds.workspace, "pin", free[:9])
    with pytest.raises(CurationError, match="9 pinned records"):
        go(started, redo=True)
    assert rows_of(fresh(started)) == before


def test_a_round_taken_back_stays_on_record_and_comes_back_the_same(started):
    rounds = go(started)
    before = rows_of(rounds)
    assert take_back(rounds, 1, 2, "ann") == 2
    rounds = fresh(started)
    assert rows_of(rounds) == before[:1] and rounds.results.table("select")["row_id"].to_pylist() == before[0]
    on_record = rounds.workspace.ledger.rounds(1)
    assert len(on_record) == 3 and sum(row["taken_back"].startswith("ann") for row in on_record) == 2
    assert rows_of(go(started)) == before
    for number in (9, 0, -1):
        with pytest.raises(CurationError, match=f"no round {number}"):
            take_back(rounds, 1, number)


def test_a_fork_shares_the_rounds_before_it_and_goes_its_own_way(started):
    rounds = go(started)
    forked = rounds.fork(1, 1, RefineParams("12", 3, temperature=0.01), who="bob")
    rounds = go(started, run=forked)
    assert rows_of(rounds, forked)[0] == rows_of(rounds, 1)[0] and rows_of(rounds, forked)[1] != rows_of(rounds, 1)[1]
    run = rounds.run(forked)
    assert (run.parent, run.parent_round, run.who) == (1, 1, "bob") and len(rounds.rounds(1)) == 3
    for number, rounds_wanted, told in (
        (0, 3, "starts after one"),
        (4, 9, "starts after one"),
        (3, 3, "needs more than 3"),
    ):
        with pytest.raises(CurationError, match=told):
            rounds.fork(1, number, RefineParams("12", rounds_wanted))


def test_continuing_a_complete_run_after_decisions_makes_its_last_round_anew(started):
    rounds = go(started)
    pin = next(row for row in range(60) if row not in all_rows(rounds))
    decide_records(rounds.workspace, "drop", all_rows(rounds)[:3])
    decide_records(rounds.workspace, "pin", [pin])
    published = go(started).results.table("select")["row_id"].to_pylist()
    assert len(published) == 12 and pin in published and not set(all_rows(rounds)[:3]) & set(published)
    before = len(rounds.workspace.ledger.rounds(1))
    assert len(go(started).workspace.ledger.rounds(1)) == before  # nothing has changed, nothing is made anew


def test_a_selection_that_lacks_dropped_or_pinned_records_says_so(started):
    rounds = go(started, until=2)
    pin = next(row for row in range(60) if row not in all_rows(rounds))
    decide_records(rounds.workspace, "drop", all_rows(rounds)[:2])
    decide_records(rounds.workspace, "pin", [pin])
    rounds = fresh(started)
    publish(rounds, rounds.run(1))
    told = rounds.workspace.info("select", rounds.results.current("select"))["shortfall"]
    assert "2 records short" in told and "1 pinned records are not in yet; the next round takes them" in told


def test_undoing_a_drop_whose_place_was_filled_never_exceeds_the_budget(started):
    rounds = go(started, until=1)
    decision = decide_records(rounds.workspace, "drop", rows_of(rounds)[0])
    rounds = go(started, until=2)
    assert len(rows_of(rounds)[1]) == 8
    rounds.workspace.ledger.add_decision(Decision(action="undo", refers=decision.id))
    rounds = go(started)
    published = rounds.results.table("select")["row_id"].to_pylist()
    assert len(published) == len(set(published)) == 12 and set(rows_of(rounds)[0]) <= set(published)


def test_decisions_made_while_feedback_runs_count_from_the_next_round(started):
    class Meddling(TinyEncoder):
        done = False

        def encode(self, texts):
            if not self.done:
                self.done = True
                workspace = started.workspace
                free = [row for row in range(60) if row not in all_rows(fresh(started))]
                self.pins, self.drops = free[:2], free[2:20]
                decide_records(workspace, "pin", self.pins)
                decide_records(workspace, "drop", self.drops)
            return super().encode(texts)

    encoder = Meddling()
    advance(fresh(started), Advance(1), device="cpu", encoder=encoder)
    rounds = fresh(started)
    assert set(encoder.pins) <= set(rows_of(rounds)[1]) and not set(encoder.drops) & set(all_rows(rounds))
    assert rounds.results.state("select") == "done"
    assert len(decisions_before(rounds, rounds.run(1), rounds.rounds(1)[1])) == 2


def test_taking_back_on_other_clusters_publishes_nothing(started, tmp_path):
    rounds = go(started)
    rounds.results.run("cluster", ClusterParams(6), device="cpu")
    made = len(rounds.workspace.ledger.selections())
    take_back(fresh(started), 1, 3)
    assert len(rounds.workspace.ledger.selections()) == made and fresh(started).results.state("select") == "stale"
    with pytest.raises(CurationError, match="began with other cluster"):
        export_round(fresh(started), fresh(started).run(1), tmp_path / "out")


def test_with_every_round_taken_back_nothing_is_left_to_export(started, tmp_path):
    rounds = go(started)
    take_back(rounds, 1, 1)
    assert fresh(started).results.state("select") == "stale"
    with pytest.raises(CurationError, match="out of date"):
        delivery.export_selection(fresh(started).results, tmp_path / "out.jsonl")


def test_a_fork_with_no_room_for_another_round_is_refused(started):
    rounds = go(started)
    for number, params in ((2, RefineParams("6", 3)), (3, RefineParams("12", 4))):
        with pytest.raises(CurationError, match="give it a larger budget"):
            rounds.fork(1, number, params)
    assert len(rounds.runs()) == 1
    wider = rounds.fork(1, 3, RefineParams("20", 4))
    assert sum(map(len, rows_of(go(started, run=wider), wider))) == 20


def test_negative_quality_is_refused_before_a_run_is_recorded(make_pipeline, tmp_path):
    records = [record | {"rating": i - 30} for i, record in enumerate(small_records())]
    pipeline = make_pipeline(
        "embed", "cluster", data=write_jsonl(tmp_path / "negative.jsonl", records), folder="negative"
    )
    pipeline.run("score", QualityParams("rating"))
    rounds = Rounds(Pipeline(pipeline.workspace))
    with pytest.raises(CurationError, match="take sampling_probability softmax"):
        rounds.start(RefineParams("12", 3))
    assert not rounds.runs()
    rounds.start(RefineParams("12", 3, sampling_probability="softmax"))


# A language model


@pytest.fixture
def whole(make_pipeline, tiny_lm, tmp_path_factory):
    """A run of three rounds with a tiny language model that nobody stopped; only to be read."""

    def make(folder):
        rounds = Rounds(make_pipeline(*PREPARED, folder="whole"))
        rounds.start(RefineParams("12", 3, "lm"), lm_of(tiny_lm))
        go(rounds)
        shutil.copytree(rounds.workspace.folder, folder, dirs_exist_ok=True)

    return Rounds(Pipeline(Workspace(made_once(tmp_path_factory, "lm-rounds", make))))


def test_three_rounds_with_a_tiny_language_model(whole):
    assert sum(map(len, rows_of(whole))) == 12
    first = whole.rounds(1)[0]
    info = whole.workspace.info("feedback", first.feedback)
    assert len(info["losses"]) == 4 and "answer" in whole.scores(first).column_names
    assert whole.losses(first) == info["losses"]
    assert not list(whole.workspace.artifacts.glob("*.shards"))


def test_most_scored_limits_what_a_cluster_is_asked(rounds, tiny_lm):
    rounds.start(RefineParams("24", 2, "lm"), lm_of(tiny_lm, most_scored=1, batch_size=8))
    rounds = go(rounds, until=1)
    scored = rounds.scores(rounds.rounds(1)[0])["row_id"].to_numpy()
    assert len(scored) <= 4 and len(set(rounds.labels(rounds.run(1))[scored])) == len(scored)


DIES = """
import os, sys
from core.cli.parser import main
from core.refine import feedback
tune = feedback.tune
def dying(*given):
    def progress(done, total):
        if (done, total) == (int(sys.argv[2]), 8):
            os._exit(9)
    return tune(*given[:-1], progress)
feedback.tune = dying
sys.exit(main(["refine", sys.argv[1], "--continue", "--device", "cpu"]))
"""


def tuned_until(rounds):
    """Return the step of the newest checkpoint of a tuning that is not over."""
    made = rounds.workspace.artifacts.glob("feedback-*.shards/tuning/checkpoint-*/trainer_state.json")
    return max(int(path.parent.name.rpartition("-")[2]) for path in made)


def test_killed_twice_in_round_2_it_resumes_and_ends_with_the_same_records(make_pipeline, tiny_lm, whole):
    broken = Rounds(make_pipeline(*PREPARED, folder="broken"))
    broken.start(RefineParams("12", 3, "lm"), lm_of(tiny_lm))
    folder = str(broken.workspace.folder)
    for dies_at, kept in ((4, 3), (7, 6)):  # at the end of a step of the 8 of round 2, as by SIGKILL
        died = subprocess.run([sys.executable, "-c", DIES, folder, str(dies_at)], cwd=ROOT, capture_output=True)
        assert died.returncode == 9, died.stderr
        assert len(fresh(broken).rounds(1)) == 2 and tuned_until(broken) == kept
    run("refine", folder, "--continue", "--device", "cpu", check=0)
    assert rows_of(fresh(broken)) == rows_of(whole)


# From elsewhere


ANOTHER_PROGRAM = """
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
with open(sys.argv[2], "w") as out:
    for r in reversed(records):
        if r["score"]:
            out.write(json.dumps({"id": r["id"], "gold_score": len(r["response"]) / 50, "generated_score": 1.0}) + "\\n")
"""


def test_three_rounds_with_scores_made_by_another_program(rounds, tmp_path):
    rounds.start(RefineParams("12", 3, "import"))
    for number in (1, 2, 3):
        rounds = go(rounds)
        assert len(rounds.rounds(1)) == number
        if number == 3:
            break
        assert rounds.state(1) == "waiting"
        records = export_round(rounds, rounds.run(1), tmp_path / f"round-{number}")
        assert f"Round {number} of run 1" in (tmp_path / f"round-{number}" / "README.md").read_text()
        scores = tmp_path / f"scores-{number}.jsonl"
        subprocess.run([sys.executable, "-c", ANOTHER_PROGRAM, str(records), str(scores)], check=True)
        import_scores(rounds, rounds.run(1), scores)
        assert fresh(rounds).state(1) == "ready"
    assert rounds.state(1) == "done" and sum(map(len, rows_of(rounds))) == 12
    run, made = rounds.run(1), rounds.rounds(1)[0]
    lengths = [len(r["output"]) / 50 - 1 for r in small_records()]
    np.testing.assert_allclose(
        rounds.scores(made)["score"].to_numpy(), [lengths[r] for r in sorted(rows_of(rounds)[0])], rtol=1e-5
    )
    assert rounds.update(run, made).weights.sum() == pytest.approx(1)


def test_scores_that_do_not_fit_change_nothing(rounds, tmp_path):
    rounds.start(RefineParams("12", 3, "import"))
    rounds = go(rounds)
    path = write_jsonl(tmp_path / "scores.jsonl", [{"id": "0-00000000", "score": 1}])
    with pytest.raises(CurationError, match="4 missing ids"):
        import_scores(rounds, rounds.run(1), path)
    assert fresh(rounds).state(1) == "waiting" and not fresh(rounds).rounds(1)[0].feedback


def test_a_record_dropped_after_the_round_went_out_may_come_back_scored(rounds, tmp_path):
    rounds.start(RefineParams("12", 3, "import"))
    rounds = go(rounds)
    records = export_round(rounds, rounds.run(1), tmp_path / "out")
    ids = [json.loads(line)["id"] for line in records.read_text().splitlines()]
    decide_records(rounds.workspace, "drop", [int(ids[0].split("-")[0])])
    path = write_jsonl(tmp_path / "scores.jsonl", [{"id": name, "score": i} for i, name in enumerate(ids)])
    rounds = fresh(rounds)
    import_scores(rounds, rounds.run(1), path)
    with pytest.raises(CurationError, match="has its scores already"):
        import_scores(fresh(rounds), rounds.run(1), path)


def test_another_feedback_takes_no_file(started, tmp_path):
    rounds = go(started, until=1)
    with pytest.raises(CurationError, match="not from a file"):
        import_scores(rounds, rounds.run(1), tmp_path / "x")


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


# Marks


def diamonds(history):
    figure = weight_lines(history, list(range(len(history.names))), dark=False)
    return [x for trace in figure.data if trace.name == "a curator decided" for x in trace.x]


def test_decisions_about_other_clusters_mark_nothing_in_a_run(rounds):
    decide_cluster(rounds.results, "weight", 3, "ann", value=5.0)
    rounds.results.run("cluster", ClusterParams(6), device="cpu")
    rounds = fresh(rounds)
    rounds.start(RefineParams("12", 3))
    rounds = go(rounds, until=2)
    run, first = rounds.run(1), rounds.rounds(1)[0]
    assert decisions_before(rounds, run, first) == [] and diamonds(history_of(rounds, run)) == []
    assert set(round_table(rounds, run, first)["held by"]) <= {"", "cap"}
    decide_cluster(rounds.results, "weight", 3, "ann", value=5.0)
    assert diamonds(history_of(fresh(rounds), run)) == ["next"]


def test_a_decision_taken_back_leaves_no_mark(started):
    rounds = go(started, until=1)
    run = rounds.run(1)
    weighted = decide_cluster(rounds.results, "weight", 2, "ann", value=3.0)
    assert diamonds(history_of(fresh(started), run)) == ["next"]
    rounds.workspace.ledger.add_decision(Decision(action="undo", refers=weighted.id))
    history = history_of(fresh(started), run)
    assert diamonds(history) == [] and history.decisions[-1] == [] and 2 not in history.most_changed(0)
    rounds.workspace.ledger.add_decision(Decision(action="redo", refers=weighted.id))
    assert diamonds(history_of(fresh(started), run)) == ["next"]


def test_a_decision_taken_back_after_its_round_is_still_told_of_that_round(started):
    rounds = go(started, until=1)
    run = rounds.run(1)
    dropped = decide_cluster(rounds.results, "drop", 2, "ann")
    rounds = go(started, until=2)
    rounds.workspace.ledger.add_decision(Decision(action="undo", refers=dropped.id, who="bob"))
    rounds = fresh(started)
    history, second = history_of(rounds, run), rounds.rounds(1)[1]
    assert diamonds(history) == [] and history.taken_back == {dropped.id}
    assert [d.id for d in history.decisions[1]] == [dropped.id] and round_table(rounds, run, second)["held by"][2] != ""
    assert [(d.who, d.action, d.refers) for d in history.decisions[2]] == [("bob", "undo", dropped.id)]


def test_text_table_and_chart_give_a_weight_in_one_unit(started):
    rounds = go(started, until=1)
    decide_cluster(rounds.results, "weight", 2, "ann", value=3.0)
    rounds = go(started, until=2)
    decide_cluster(rounds.results, "weight", 1, "ann", value=0.5)
    rounds = fresh(started)
    run, history = rounds.run(1), history_of(rounds, rounds.run(1))
    for place, made in enumerate(rounds.rounds(1)):
        table = round_table(rounds, run, made)
        np.testing.assert_allclose(table["weight"], history.relative[:, place])
        np.testing.assert_allclose(table["after"], history.relative[:, place + 1])
        for cluster in range(4):
            before, after = history.relative[cluster, place : place + 2]
            text = why(rounds, run, made, cluster)
            assert f"{before:.2f} to {after:.2f} times" in text or f"stayed at {after:.2f} times" in text
    assert "Since then a curator multiplies it by 3." in why(rounds, run, rounds.rounds(1)[0], 2)
    assert "a curator multiplies it by 3" in why(rounds, run, rounds.rounds(1)[1], 2)
    assert "Since then a curator multiplies it by 0.5." in why(rounds, run, rounds.rounds(1)[1], 1)
    rounds = go(started)
    last = rounds.rounds(1)[2]
    drawn = history_of(rounds, run).relative[2, 2]
    assert f"drew with {drawn:.2f} times an equal share, multiplied by 3" in why(rounds, run, last, 2)
