"""The Refine page, without a browser: runs of rounds started, read, changed by decisions, taken back, forked."""

import json

import pytest

from components.charts.palette import rgb, weights
from components.refine.cluster_panel import records_of
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.refine.support import support_of
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder
from tests.pages import (
    check,
    check_job_done,
    click_chart,
    frame_with,
    layer,
    open_page,
    pipeline_of,
    press,
    readers,
    words,
)

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def rounds_of(home):
    return Rounds(pipeline_of(home))


def test_refine_starts_with_an_invitation_and_runs_all_rounds(sample_home):
    app = open_page(sample_home, "refine")
    assert "No rounds yet" in words(app) and "not the paper's" in words(app)
    app.text_input(key="new-run-budget").set_value("30")
    press(app, "Start and run all rounds")
    check_job_done(sample_home)
    rounds = rounds_of(sample_home)
    assert [rounds.info(made)["n_selected"] for made in rounds.rounds(1)] == [10, 10, 10]
    app = open_page(sample_home, "refine")
    assert "Run 1, complete" in words(app) and "30 of 30 selected" in words(app)


def test_a_run_that_makes_no_sense_is_said_and_not_started(sample_home):
    app = open_page(sample_home, "refine")
    app.text_input(key="new-run-budget").set_value("2")
    press(app, "Start and run all rounds", error="can't be spread over 3 rounds")
    assert not rounds_of(sample_home).runs()
    check(app.selectbox(key="new-run-feedback").set_value("lm").run())
    app.text_input(key="new-run-budget").set_value("30")
    press(app, "Start, one round", error="needs one; give its path")
    assert not rounds_of(sample_home).runs()


def test_refine_shows_the_round_and_why_a_weight_moved(refined_home):
    app = open_page(refined_home, "refine", refine_cluster=3)
    text = words(app)
    assert "Run 1, ready for the next round" in text and "Winnow's own stand-in" in text
    assert "Round 2: 20 records taken, 40 records scored" in text and "times an equal share" in text
    table = frame_with(app, "quota")
    assert table["taken"].sum() == 20 and table["quota"].sum() == 20
    slider = app.select_slider[0]
    assert slider.options == ["Round 1", "Round 2", "next"]
    check(slider.set_value("Round 1").run())
    assert "Round 1: 20 records taken" in words(app)


def test_a_line_and_a_column_open_their_cluster_beside_its_records(refined_home):
    rounds = rounds_of(refined_home)
    labels, made = rounds.labels(rounds.run(1)), rounds.rounds(1)[1]
    app = open_page(refined_home, "refine")
    assert "No cluster picked" in words(app)
    for view, key in (("lines", "weight_lines"), ("heat", "weight_heat")):
        check(app.segmented_control(key="refine_view").set_value(view).run())
        cluster = click_chart(app, key, nth=7)
        scored = records_of(rounds, rounds.run(1), made, cluster)["Scored"]
        assert {each["row"] for each in readers(app)[0]["records"]} == set(scored.tolist())
        assert (labels[scored] == cluster).all() and "Multiply its weight by" in [n.label for n in app.number_input]
    click_chart(app, key, nth=7)
    assert "No cluster picked" in words(app)  # a second click lets it go


def test_the_map_of_weights_has_the_heat_maps_colours(refined_home):
    app = open_page(refined_home, "refine", refine_cluster=1)
    check(app.segmented_control(key="refine_view").set_value("map").run())
    shown = layer(app, "colours", "weight_map")
    assert shown["legend"] and shown["colours"][:64] == rgb(weights(False)).tolist()


def test_scores_that_rest_on_very_few_records_are_warned_of(refined_home):
    app = open_page(refined_home, "refine")
    warned = [w.value for w in app.warning if "rest on fewer than 5 records" in w.value]
    rounds = rounds_of(refined_home)
    made = rounds.rounds(1)[1]
    support = support_of(rounds.update(rounds.run(1), made))
    assert len(warned) == 1 and f"scores of {support.few} of {support.n_scored} clusters" in warned[0]
    assert rounds.workspace.info("feedback", made.feedback)["support"] == support.as_dict()
    table = frame_with(app, "scored")
    assert table["scored"].sum() == 40 and (table["scored"] == 1).sum() == support.one
    check(app.select_slider[0].set_value("Round 1").run())
    assert frame_with(app, "scored")["scored"].sum() == 20


def test_a_weight_given_on_the_page_holds_in_the_next_round(refined_home):
    app = open_page(refined_home, "refine", refine_cluster=0)
    check(next(n for n in app.number_input if n.label == "Multiply its weight by").set_value(0.0).run())
    assert overrides_of(pipeline_of(refined_home)).multipliers == {0: 0.0}
    press(app, "Next round")
    check_job_done(refined_home)
    rounds = rounds_of(refined_home)
    made = rounds.rounds(1)[2]
    assert rounds.arrays(made)["quotas"][0] == 0
    app = open_page(refined_home, "refine")
    assert "Decided before round 3: 1" in [e.label for e in app.expander]
    table = frame_with(app, "quota")
    assert table["held by"][0] == "decision" and "score" not in table


def test_a_round_is_taken_back_and_forked_on_the_page(refined_home):
    app = open_page(refined_home, "refine")
    press(app, "Take back")
    assert len(rounds_of(refined_home).rounds(1)) == 1
    press(app, "Fork after round 1, one round")
    check_job_done(refined_home)
    rounds = rounds_of(refined_home)
    assert [run.parent for run in rounds.runs()] == [0, 1] and len(rounds.rounds(2)) == 2
    app = open_page(refined_home, "refine", run=1)
    assert "Run 1, ready" in words(app) and app.selectbox[0].options[0].endswith("forked from run 1 after round 1")


def test_a_complete_runs_last_round_is_selected_anew_from_the_page(refined_home):
    advance(rounds_of(refined_home), Advance(1), encoder=TinyEncoder())
    first = rounds_of(refined_home).rows(rounds_of(refined_home).rounds(1)[0])
    decide_records(Workspace(refined_home / "sample"), "drop", first[:3])
    app = open_page(refined_home, "refine")
    press(app, "Select round 3 anew")
    check_job_done(refined_home)
    chosen = pipeline_of(refined_home).table("select")["row_id"].to_pylist()
    assert len(chosen) == 60 and not set(first[:3].tolist()) & set(chosen)


def test_scores_go_out_and_come_back_on_the_page(sample_home):
    rounds = rounds_of(sample_home)
    rounds.start(RefineParams("30", 3, "import"))
    advance(rounds, Advance(1))
    app = open_page(sample_home, "refine")
    assert "Round 1 waits for scores" in words(app)
    press(app, "Write the round's files")
    records = next((sample_home / "sample" / "rounds").glob("run-1-round-1-*/records.jsonl"))
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert len(lines) == 10 and {b.label for b in app.get("download_button")} >= {"Download the records"}
    for scores, told in (
        ([{"id": "x", "score": 1}], "10 missing ids"),
        ([{"id": e["id"], "score": 1} for e in lines], ""),
    ):
        content = "".join(json.dumps(s) + "\n" for s in scores).encode()
        check(app.file_uploader[0].set_value(("scores.jsonl", content, "application/json")).run())
        press(app, "Take these scores", error=told)
        assert bool(rounds_of(sample_home).rounds(1)[0].feedback) == (not told)
    assert rounds_of(sample_home).state(1) == "ready"


def test_a_run_on_other_clusters_can_be_read_only(refined_home):
    pipeline_of(refined_home).run("cluster", ClusterParams(7), device="cpu")
    app = open_page(refined_home, "refine")
    assert any("no longer those this run began with" in w.value for w in app.warning)
    assert next(b for b in app.button if b.label == "Next round").disabled


def test_a_run_with_unusual_values_can_be_shown(sample_home):
    rounds = rounds_of(sample_home)
    rounds.start(RefineParams("60", 25, temperature=200.0, seed=2**40))
    advance(rounds, Advance(1, until=1), encoder=TinyEncoder())
    decide_cluster(pipeline_of(sample_home), "weight", 2, value=200.0)
    app = open_page(sample_home, "refine", refine_cluster=2)
    assert "in 1 of 25 rounds" in str([p.proto.text for p in app.get("progress")])
    open_page(sample_home, "map", focus=None)


def test_a_round_selected_anew_has_files_of_its_own(sample_home):
    rounds = rounds_of(sample_home)
    rounds.start(RefineParams("30", 3, "import"))
    advance(rounds, Advance(1))
    press(open_page(sample_home, "refine"), "Write the round's files")
    first = rounds_of(sample_home).rows(rounds_of(sample_home).rounds(1)[0])
    decide_records(Workspace(sample_home / "sample"), "drop", first[:4])
    press(open_page(sample_home, "refine"), "Take back")
    press(open_page(sample_home, "refine"), "Next round")
    check_job_done(sample_home)
    press(open_page(sample_home, "refine"), "Write the round's files")
    written = list((sample_home / "sample" / "rounds").glob("run-1-round-1-*/records.jsonl"))
    assert len(written) == 2 and len({path.read_bytes() for path in written}) == 2
