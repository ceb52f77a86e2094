"""People between rounds: decisions, take back, fork, redo."""

import pytest

from core.base.errors import CurationError
from core.export import delivery
from core.quality.params import QualityParams
from core.refine.advance import Advance, advance
from core.refine.exchange import export_round
from core.refine.history import decisions_before, history_of, round_table, why
from core.refine.params import RefineParams
from core.refine.publishing import publish, take_back
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records
from core.workspace.decisions import Decision
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.refining import all_rows, fresh, go, rows_of


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
    assert table["held by"][2] == "decision" and table["multiplier"][2] == 0 and table["taken"].sum() == 5
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
