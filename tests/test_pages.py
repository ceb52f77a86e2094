"""Every page, empty, ready and in error, without a browser (AppTest)."""

import json
import shutil
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.data.data_source import _folder_for
from components.frame import navigation
from components.session import opened
from components.session.state import AppState, Focus
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.daar.domains import DEFAULT_DOMAINS, Seed, domain_as_dict
from core.daar.params import DaarParams
from core.daar.probe_transfer import carry_probes
from core.daar.saved_domains import change_domain, saved_domains
from core.data.records import RecordParams
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.workspace import Workspace
from tests.conftest import SAMPLE, TinyEncoder
from tests.judge_server import judge_server

PAGES = [entry.name for entry in navigation.PAGES]


def open_page(home, name="data", workspace="sample", **state):
    app = AppTest.from_file("../app/main.py", default_timeout=60)
    app.session_state["winnow"] = AppState(home / workspace, who="ann", **state)
    app.run()
    if name != "data":
        app.switch_page(f"{name}_page.py").run()
    assert not app.exception, app.exception
    return app


def pipeline_of(home):
    return Pipeline(Workspace(home / "sample"))


def words(app):
    parts = (app.header, app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.success)
    return "\n".join(str(element.value) for kind in parts for element in kind)


def press(app, label):
    next(button for button in app.button if button.label == label).click()
    return app.run()


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def selected_home(sample_home):
    pipeline_of(sample_home).run("select", SelectionParams("60"))
    return sample_home


def test_a_first_start_opens_the_sample_ready_to_run(empty_home):
    app = AppTest.from_file("../app/main.py", default_timeout=60).run()
    assert not app.exception
    assert "sample" in words(app) and [m.value for m in app.metric][:2] == ["600", "0"]
    assert next(b for b in app.button if b.label == "Prepare the map").disabled is False


@pytest.mark.parametrize("name", [name for name in PAGES if name != "data"])
def test_a_page_that_makes_no_sense_yet_says_what_it_needs(empty_home, name):
    Workspace(empty_home / "sample", create=True).import_data(SAMPLE, RecordParams())
    app = open_page(empty_home, name)
    assert "Nothing to show here yet" in words(app)


@pytest.mark.parametrize("name", [*PAGES])
def test_an_empty_workspace_leads_to_data(empty_home, name):
    Workspace(empty_home / "new", create=True)
    app = open_page(empty_home, name, workspace="new")
    assert "Open a file" in words(app) if name == "data" else "no data is open" in words(app)


@pytest.mark.parametrize("name", PAGES)
def test_a_ready_page_shows_its_things(selected_home, name):
    app = open_page(selected_home, name)
    expected = {
        "data": "First records",
        "map": "Nothing picked yet",
        "select": "60 of 60 selected",
        "refine": "No rounds yet",
        "reward": "No rewards yet",
        "review": "No decision yet",
        "compare": "Not measured yet",
        "export": "First lines",
    }
    assert expected[name] in words(app) and not app.error


def test_data_shows_what_was_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    data = tmp_path / "bad.jsonl"
    data.write_text('{"prompt": "a", "completion": "b"}\n{oops\n')
    Workspace(tmp_path / "sample", create=True).import_data(data, RecordParams(on_error="skip"))
    app = open_page(tmp_path)
    rejects = next(frame.value for frame in app.dataframe if "reason" in frame.value)
    assert rejects["line"].tolist() == [2] and "not JSON" in rejects["reason"][0]


def test_a_wrong_path_or_wrong_fields_are_said_and_nothing_is_opened(sample_home):
    app = open_page(sample_home)
    app.text_input(key="path_file").set_value("/no/such/file.jsonl")
    next(
        b for b in app.button if b.label == "Open" and b.key != "open_before" and "path" in str(b.proto.form_id)
    ).click()
    app.run()
    assert "is not a file on this computer" in words(app)
    assert not (sample_home / "file").exists()


def test_settings_that_make_no_sense_are_said(sample_home):
    app = open_page(sample_home)
    next(t for t in app.text_input if t.label == "Or your own vectors").set_value("/none.npy")
    press(app, "Prepare with these settings")
    assert "/none.npy can't be read" in words(app)
    assert jobs.last_job(pipeline_of(sample_home).workspace) is None


def test_the_reader_shows_a_clusters_records_and_decides_on_them(selected_home):
    pipeline = pipeline_of(selected_home)
    rows = np.flatnonzero(np.asarray(pipeline.array("cluster")) == 2)
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 2))
    assert f"{len(rows)} records" in words(app)
    press(app, "Pin all")
    assert overrides_of(pipeline_of(selected_home)).pinned.tolist() == rows.tolist()
    app.number_input(key="weight-2-1.0").set_value(2.5).run()
    assert overrides_of(pipeline_of(selected_home)).multipliers == {2: 2.5}
    press(app, "Undo the last decision")
    assert overrides_of(pipeline_of(selected_home)).multipliers == {}
    decisions = pipeline_of(selected_home).workspace.ledger.decisions()
    assert [d.action for d in decisions] == ["pin", "weight", "undo"] and decisions[0].who == "ann"


def test_what_was_picked_on_earlier_clusters_is_forgotten_not_decided_on(selected_home):
    pipeline = pipeline_of(selected_home)
    rows = np.flatnonzero(np.asarray(pipeline.array("cluster")) == 2)
    made_on = opened.shown_keys(pipeline)
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 2, made_on))
    assert f"{len(rows)} records" in words(app)
    pipeline.run("cluster", ClusterParams(7), device="cpu")
    press(app, "Drop all")  # what the page still shows is gone
    assert len(overrides_of(pipeline_of(selected_home)).dropped) == 0
    assert app.session_state["winnow"].focus is None
    with pytest.raises(CurationError, match="clusters have changed"):
        decide_cluster(pipeline_of(selected_home), "drop", 2, clustering="an earlier one")


def test_preparing_again_keeps_what_the_form_does_not_show(sample_home, tmp_path):
    pipeline = pipeline_of(sample_home)
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(600, 5)).astype(np.float32))
    own = EmbedParams(model="", vectors=file_sha256(tmp_path / "own.npy"))
    pipeline.run("embed", own, vectors=tmp_path / "own.npy")
    pipeline.run("cluster", ClusterParams(9, iterations=3), device="cpu")
    pipeline.run("project", ProjectParams(min_dist=0.4, seed=5))
    app = open_page(sample_home)
    press(app, "Prepare with these settings")
    steps = {step["do"]: step["params"] for step in jobs.last_job(pipeline.workspace).arguments["steps"]}
    assert steps["embed"] == own.as_dict() and steps["cluster"]["iterations"] == 3
    assert (steps["project"]["min_dist"], steps["project"]["seed"]) == (0.4, 5)
    jobs.cancel_job(pipeline.workspace)


def test_other_data_of_the_same_name_gets_a_folder_of_its_own(sample_home, tmp_path):
    same = tmp_path / "sample.jsonl"
    same.write_bytes(SAMPLE.read_bytes())
    assert _folder_for(same, file_sha256(same), False) == sample_home / "sample"
    same.write_text('{"prompt": "a", "completion": "b"}\n')
    assert _folder_for(same, file_sha256(same), True) == sample_home / "sample-2"
    Workspace(sample_home / "sample-2", create=True).import_data(same, RecordParams())
    assert _folder_for(same, file_sha256(same), True) == sample_home / "sample-2"
    assert _folder_for(tmp_path / "sample.jsonl", "other content", True) == sample_home / "sample-3"
    assert _folder_for(same, "changed since", False) == sample_home / "sample-2"  # the same file, read again


def test_decisions_without_effect_are_said_where_the_selection_is_shown(selected_home):
    pipeline = pipeline_of(selected_home)
    decide_cluster(pipeline, "drop", 1)
    pipeline.run("cluster", ClusterParams(9), device="cpu")
    Pipeline(pipeline.workspace).run("select", SelectionParams("60"))
    for page in ("select", "export"):
        assert "no longer exist have no effect" in words(open_page(selected_home, page))


def test_one_record_is_dropped_from_the_reader(selected_home):
    app = open_page(selected_home, "map", focus=Focus("area", "3 records inside the line", np.array([5, 6, 7])))
    button = next(b for b in app.button if str(b.key).startswith("drop-focus") and str(b.key).endswith("-6"))
    button.click().run()
    assert overrides_of(pipeline_of(selected_home)).dropped.tolist() == [6]
    assert "dropped" in words(app)


def test_zooming_in_shows_the_part_that_is_picked_and_whole_map_all_of_it(sample_home):
    xy = pipeline_of(sample_home).workspace.array("project", pipeline_of(sample_home).current("project"))
    rows = np.sort(np.argsort(((xy - xy[0]) ** 2).sum(1))[:40])
    app = open_page(sample_home, "map", focus=Focus("area", "40 records inside the line", rows))
    press(app, "Zoom in")
    x0, x1, y0, y1 = app.session_state["winnow"].view
    inside = (xy[rows, 0] >= x0) & (xy[rows, 0] <= x1) & (xy[rows, 1] >= y0) & (xy[rows, 1] <= y1)
    assert inside.mean() > 0.9 and (x1 - x0) < np.ptp(xy[:, 0])
    press(app, "Whole map")
    assert app.session_state["winnow"].view is None and app.session_state["winnow"].focus is None


def test_a_search_finds_records(sample_home):
    app = open_page(sample_home, "map")
    app.text_input(key="search_words").set_value("haiku")
    press(app, "Find")
    held = sum("haiku" in line.lower() for line in SAMPLE.read_text(encoding="utf-8").splitlines())
    assert 0 < app.session_state["winnow"].focus.rows.size <= held
    app.text_input(key="search_words").set_value("no record says this")
    press(app, "Find")
    assert "No record holds" in words(app)


@pytest.mark.parametrize("colour_by", ["cluster", "selection", "quality", "source"])
def test_the_map_is_drawn_in_every_colouring(selected_home, colour_by):
    app = open_page(selected_home, "map")
    app.segmented_control(key="colour_by").set_value(colour_by).run()
    assert not app.exception


def test_select_runs_as_a_job_and_shows_what_was_taken(sample_home):
    app = open_page(sample_home, "select")
    app.text_input(key="budget").set_value("25%")
    app.radio(key="method").set_value("kmeans-random")
    press(app, "Select")
    end = time.monotonic() + 60
    while jobs.last_job(pipeline_of(sample_home).workspace).is_active and time.monotonic() < end:
        time.sleep(0.1)
    app.run()
    assert app.metric[0].value == "150"
    taken = next(frame.value for frame in app.dataframe if "selected" in frame.value)
    assert taken["selected"].sum() == 150 and taken["records"].sum() == 600


@pytest.mark.parametrize(
    ("budget", "message"), [("601", "there are only 600"), ("none", "budget is 'none'"), ("3", "4 records are pinned")]
)
def test_a_budget_that_cannot_be_is_said(sample_home, budget, message):
    decide_records(pipeline_of(sample_home).workspace, "pin", np.arange(4))
    app = open_page(sample_home, "select")
    app.text_input(key="budget").set_value(budget)
    press(app, "Select")
    assert message in words(app) and jobs.last_job(pipeline_of(sample_home).workspace) is None


def test_review_takes_back_restores_and_carries_over(selected_home):
    pipeline = pipeline_of(selected_home)
    decide_records(pipeline.workspace, "pin", np.array([1]), "bob", "why not")
    names = pipeline.workspace.info("cluster", pipeline.current("cluster"))["names"]
    decide_cluster(pipeline, "drop", next(i for i, name in enumerate(names) if "haiku" in name))
    app = open_page(selected_home, "review")
    frame = next(frame.value for frame in app.dataframe if "State" in frame.value)
    assert frame["State"].tolist() == ["in force", "in force"] and frame["Who"].tolist() == ["", "bob"]
    app.button(key="review_undo").click().run()
    assert len(overrides_of(pipeline_of(selected_home)).dropped) == 0
    app.button(key="review_redo").click().run()
    assert len(overrides_of(pipeline_of(selected_home)).dropped) > 0
    dropped = set(overrides_of(pipeline_of(selected_home)).dropped.tolist())
    pipeline_of(selected_home).run("cluster", ClusterParams(seed=1), device="cpu")
    app = open_page(selected_home, "review")
    assert "earlier clustering" in words(app)
    press(app, "Carry these over")
    carried = set(overrides_of(pipeline_of(selected_home)).dropped.tolist())
    assert len(carried & dropped) / len(carried | dropped) >= 0.3


def test_a_stale_selection_cannot_be_exported_until_it_is_updated(selected_home):
    decide_records(pipeline_of(selected_home).workspace, "drop", np.arange(10))
    app = open_page(selected_home, "export")
    assert "out of date" in words(app) and not app.get("download_button")
    press(app, "Update the selection")
    end = time.monotonic() + 60
    while jobs.last_job(pipeline_of(selected_home).workspace).is_active and time.monotonic() < end:
        time.sleep(0.1)
    app.run()
    assert app.metric[0].value == "60" and app.get("download_button")


def test_export_saves_to_a_path(selected_home, tmp_path):
    app = open_page(selected_home, "export")
    app.text_input(key="save_path").set_value(str(tmp_path / "saved.jsonl"))
    press(app, "Save")
    assert (tmp_path / "saved.jsonl").read_bytes().count(b"\n") == 60
    assert (tmp_path / "saved.jsonl.manifest.json").exists()
    app.text_input(key="save_path").set_value(str(tmp_path / "saved.jsonl" / "under.jsonl"))
    press(app, "Save")
    assert "can't be written" in words(app)


def test_a_job_that_failed_is_said_and_can_be_tried_again_or_dismissed(sample_home):
    workspace = Workspace(sample_home / "sample")
    jobs.start_job(workspace, "Preparing the map", [Step("score", {"column": "nothing"})])
    end = time.monotonic() + 60
    while jobs.last_job(workspace).is_active and time.monotonic() < end:
        time.sleep(0.1)
    app = open_page(sample_home)
    assert "Preparing the map did not finish" in words(app) and "nothing = None" in words(app)
    press(app, "Dismiss")
    assert "did not finish" not in words(app)


def test_an_import_that_was_cut_off_leads_back_to_opening_data(sample_home):
    shutil.copytree(sample_home / "sample", sample_home / "other")
    told = sample_home / "other" / "dataset.json"
    told.write_text(told.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    assert "Open a file" in words(open_page(sample_home, workspace="other"))
    assert "no data is open" in words(open_page(sample_home, "map", workspace="other"))


def test_a_running_job_is_shown_with_a_way_to_stop_it_and_a_reload_shows_the_same(sample_home):
    workspace = Workspace(sample_home / "sample")
    job_id = jobs.start_job(workspace, "Preparing the map", [Step("project", {"n_neighbors": 9})])
    for _ in range(2):  # the second is a fresh session, as after a reload
        app = open_page(sample_home)
        assert "Laying out the map" in words(app) or "Starting" in words(app)
        assert any(button.label == "Cancel" for button in app.button)
    press(app, "Cancel")
    job = jobs.last_job(workspace)
    assert (job.id, job.status) == (job_id, "cancelled")


def test_an_address_names_a_workspace_and_never_a_path(sample_home, tmp_path):
    shutil.copytree(sample_home / "sample", sample_home / "other")
    for asked, shown in (("other", "other"), ("../../etc", "sample"), ("", "sample")):
        app = AppTest.from_file("../app/main.py", default_timeout=60)
        app.query_params["workspace"] = asked
        app.run()
        assert app.session_state["winnow"].workspace == sample_home / shown


def test_reader_orders(selected_home):
    pipeline = pipeline_of(selected_home)
    rows = np.flatnonzero(np.asarray(pipeline.array("cluster")) == 0)
    quality = pipeline.column("score", "score")
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 0))
    order = next(box for box in app.selectbox if box.label == "Order")
    order.set_value("worst quality first").run()
    first = next(str(c.value) for c in app.caption if str(c.value).startswith("record "))
    shown = int(first.split()[1].replace(",", ""))
    assert quality[shown] == pytest.approx(quality[rows].min())


def test_bad_workspace_content_is_an_error_not_a_guess(tmp_path):
    with pytest.raises(CurationError):
        Workspace(tmp_path / "w", create=True).records()


# Refine


@pytest.fixture
def refined_home(sample_home):
    rounds = Rounds(pipeline_of(sample_home))
    rounds.start(RefineParams("60", 3), who="ann")
    advance(rounds, Advance(1, until=2), encoder=TinyEncoder())
    return sample_home


def wait_for_job(home, seconds=120):
    end = time.monotonic() + seconds
    workspace = Workspace(home / "sample")
    while (job := jobs.last_job(workspace)) is None or job.is_active:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert job.status == "done", job.error


def rounds_of(home):
    return Rounds(pipeline_of(home))


def test_refine_starts_with_an_invitation_and_runs_all_rounds(sample_home):
    app = open_page(sample_home, "refine")
    assert "No rounds yet" in words(app) and "not the paper's" in words(app)
    app.text_input(key="new-run-budget").set_value("30")
    press(app, "Start and run all rounds")
    wait_for_job(sample_home)
    rounds = rounds_of(sample_home)
    assert [rounds.info(made)["n_selected"] for made in rounds.rounds(1)] == [10, 10, 10]
    app = open_page(sample_home, "refine")
    assert "Run 1, complete" in words(app) and "30 of 30 selected" in words(app)


def test_a_run_that_makes_no_sense_is_said_and_not_started(sample_home):
    app = open_page(sample_home, "refine")
    app.text_input(key="new-run-budget").set_value("2")
    press(app, "Start and run all rounds")
    assert "can't be spread over 3 rounds" in app.error[0].value and not rounds_of(sample_home).runs()
    app.selectbox(key="new-run-feedback").set_value("lm").run()
    app.text_input(key="new-run-budget").set_value("30")
    press(app, "Start, one round")
    assert "needs one; give its path" in app.error[0].value and not rounds_of(sample_home).runs()


def test_refine_shows_the_round_and_why_a_weight_moved(refined_home):
    app = open_page(refined_home, "refine", refine_cluster=3)
    text = words(app)
    assert "Run 1, ready for the next round" in text and "Winnow's own stand-in" in text
    assert "Round 2: 20 records taken, 40 records scored" in text and "times an equal share" in text
    table = next(frame.value for frame in app.dataframe if "quota" in frame.value)
    assert table["taken"].sum() == 20 and table["quota"].sum() == 20
    slider = app.select_slider[0]
    assert slider.options == ["Round 1", "Round 2", "next"]
    slider.set_value("Round 1").run()
    assert "Round 1: 20 records taken" in words(app)


@pytest.mark.parametrize("view", ["lines", "heat", "map"])
def test_every_view_of_the_weights_is_drawn(refined_home, view):
    app = open_page(refined_home, "refine", refine_cluster=1)
    app.segmented_control(key="refine_view").set_value(view).run()
    assert not app.exception and app.get("plotly_chart")


def test_a_weight_given_on_the_page_holds_in_the_next_round(refined_home):
    app = open_page(refined_home, "refine", refine_cluster=0)
    next(n for n in app.number_input if n.label == "Multiply its weight by").set_value(0.0).run()
    assert overrides_of(pipeline_of(refined_home)).multipliers == {0: 0.0}
    press(app, "Next round")
    wait_for_job(refined_home)
    rounds = rounds_of(refined_home)
    made = rounds.rounds(1)[2]
    assert rounds.arrays(made)["quotas"][0] == 0
    app = open_page(refined_home, "refine")
    assert "Decided before round 3: 1" in [e.label for e in app.expander]
    table = next(frame.value for frame in app.dataframe if "quota" in frame.value)
    assert table["held by"][0] == "override" and "score" not in table


def test_a_round_is_taken_back_and_forked_on_the_page(refined_home):
    app = open_page(refined_home, "refine")
    press(app, "Take back")
    assert len(rounds_of(refined_home).rounds(1)) == 1
    press(app, "Fork after round 1, one round")
    wait_for_job(refined_home)
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
    wait_for_job(refined_home)
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
        app.file_uploader[0].set_value(("scores.jsonl", content, "application/json")).run()
        press(app, "Take these scores")
        if told:
            assert told in app.error[0].value and not rounds_of(sample_home).rounds(1)[0].feedback
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
    assert "in 1 of 25 rounds" in str([p.proto.text for p in app.get("progress")]) and not app.error
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
    wait_for_job(sample_home)
    press(open_page(sample_home, "refine"), "Write the round's files")
    written = list((sample_home / "sample" / "rounds").glob("run-1-round-1-*/records.jsonl"))
    assert len(written) == 2 and len({path.read_bytes() for path in written}) == 2


# Reward


@pytest.fixture
def rewarded_home(sample_home):
    pipeline = pipeline_of(sample_home)
    domains = tuple(domain_as_dict(domain) for domain in DEFAULT_DOMAINS)
    rows = [np.flatnonzero(pipeline.array("cluster") == k)[:3].tolist() for k in range(4)]
    for domain, some in zip(domains, rows, strict=True):
        domain["seeds"] = [{"text": "", "origin": "record", "row": row} for row in some]
    pipeline.run("reward", DaarParams(domains, sample=300, steps=300), device="cpu")
    pipeline.run("select", SelectionParams("20%", "daar"))
    return sample_home


def test_domains_are_trained_and_selected_by_from_the_page(sample_home):
    app = open_page(sample_home, "reward")
    app.text_input(key="reward_budget").set_value("40")
    press(app, "Train and select")
    wait_for_job(sample_home)
    pipeline = pipeline_of(sample_home)
    assert len(pipeline.table("select")) == 40 and pipeline.params("select").method == "daar"
    text = words(open_page(sample_home, "reward"))
    assert "At the cut" in text and "entropy" in text


def test_the_reward_page_shows_why_a_record_was_taken(rewarded_home):
    app = open_page(rewarded_home, "reward")
    assert "At the top" in words(app) and "· taken" in words(app) and "· not taken" in words(app)
    bars = [frame.value for frame in app.dataframe if "probability" in frame.value]
    assert len(bars) == 9 and all(abs(bar["probability"].sum() - 1) < 1e-4 for bar in bars)
    for choice in ("entropy", "probability of coding"):
        app.selectbox(key="reward_colour").set_value(choice).run()
        assert not app.exception


def test_picked_records_become_seeds_and_seeds_are_refused(sample_home):
    app = open_page(sample_home, "reward", focus=Focus("search", "“bread”", np.array([4, 9])))
    app.selectbox(key="seeds_of").set_value("coding").run()
    press(app, "Take 2 of the picked records")
    app.button(key="seed-coding-0-refuse").click().run()
    assert [(s.row, s.state) for s in seeds_of(sample_home, "coding")] == [(4, "refused"), (9, "kept")]
    app.button(key="seed-coding-0-keep").click().run()
    assert [s.state for s in seeds_of(sample_home, "coding")] == ["kept", "kept"]


def seeds_of(home, name):
    return next(d for d in saved_domains(Workspace(home / "sample")) if d.name == name).seeds


def test_offered_seeds_are_kept_refused_or_edited(sample_home):
    offered = tuple(Seed(f"text {i}", "generated", state="offered") for i in range(4))
    change_domain(Workspace(sample_home / "sample"), "coding", lambda seeds: offered)
    app = open_page(sample_home, "reward")
    app.selectbox(key="seeds_of").set_value("coding").run()
    assert "4 offered by a model" in words(app)
    app.button(key="seed-coding-1-refuse").click().run()
    box = next(area for area in app.text_area if area.key.startswith("seed-coding-2-text"))
    box.set_value("better words").run()
    app.button(key="seed-coding-2-save").click().run()
    press(app, "Keep all offered")
    assert [(s.text, s.state) for s in seeds_of(sample_home, "coding")] == [
        ("text 0", "kept"),
        ("text 1", "refused"),
        ("better words", "kept"),
        ("text 3", "kept"),
    ]


def test_a_model_writes_seeds_as_a_job(sample_home, monkeypatch):
    texts = [f"Instruction: {word} {i}\nResponse: {word}" for i, word in enumerate(["bake", "sum", "dig", "fly"] * 9)]
    count = iter(range(1000))
    with judge_server(lambda question, before: texts[next(count) % len(texts)]) as (url, _):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        app = open_page(sample_home, "reward")
        app.radio(key="writer_kind").set_value("an OpenAI-compatible endpoint").run()
        press(app, "Write seeds")
        assert "Seeds are written by a model" in app.error[0].value
        app.text_input(key="writer_model").set_value("tiny")
        app.number_input(key="writer_count").set_value(3)
        app.toggle(key="writer_all").set_value(False)
        press(app, "Write seeds")
        wait_for_job(sample_home)
    assert [seed.state for seed in seeds_of(sample_home, "common sense")] == ["offered"] * 3
    assert "3 offered by a model" in words(open_page(sample_home, "reward"))


def test_domains_come_from_a_file(sample_home):
    app = open_page(sample_home, "reward")
    app.file_uploader(key="domains_file").set_value(
        ("d.yaml", b"- {name: a, description: One.}\n- {name: b, description: Two.}", "text/yaml")
    )
    app.run()
    press(app, "Use these domains")
    assert [d.name for d in saved_domains(Workspace(sample_home / "sample"))] == ["a", "b"]
    app = open_page(sample_home, "reward")
    app.file_uploader(key="domains_file").set_value(("d.json", b"{", "application/json"))
    app.run()
    press(app, "Use these domains")
    assert "d.json is neither YAML nor JSON" in app.error[0].value


def test_rewards_by_probes_from_elsewhere_are_shown(rewarded_home):
    elsewhere = carry_probes(pipeline_of(rewarded_home), pipeline_of(rewarded_home).workspace)
    pipeline_of(rewarded_home).run("reward", elsewhere, device="cpu")
    app = open_page(rewarded_home, "reward")
    assert "Probes trained elsewhere" in words(app) and "At the top" in words(app) and not app.exception


# Quality and the number of clusters, on the Data page


def test_several_numbers_of_clusters_are_tried_and_one_is_taken(sample_home):
    app = open_page(sample_home)
    app.text_input(key="suggest_counts").set_value("4, 8")
    press(app, "Try these numbers")
    wait_for_job(sample_home)
    app = open_page(sample_home)
    assert "Silhouette is weak evidence" in words(app)
    app.selectbox(key="suggest_use").set_value(4)
    press(app, "Cluster into these")
    wait_for_job(sample_home)
    assert len(set(pipeline_of(sample_home).array("cluster"))) == 4
    app = open_page(sample_home)
    app.text_input(key="suggest_counts").set_value("many")
    press(app, "Try these numbers")
    assert "counts is 'many'" in app.error[0].value


def test_a_reward_model_scores_from_the_page_and_combines(sample_home, tiny_reward_model):
    app = open_page(sample_home)
    app.selectbox(key="scorer").set_value("reward").run()
    press(app, "Score the records")
    assert "needs a model" in app.error[0].value
    app.text_input(key="model_reward").set_value(tiny_reward_model)
    press(app, "Score the records")
    wait_for_job(sample_home)
    assert pipeline_of(sample_home).params("score").scorer == "reward"
    app = open_page(sample_home)
    app.selectbox(key="scorer").set_value("combine").run()
    press(app, "Score the records")
    wait_for_job(sample_home)
    assert len(pipeline_of(sample_home).params("score").parts) == 2


def test_the_cost_of_a_judge_is_said_before_it_starts(sample_home):
    app = open_page(sample_home)
    app.selectbox(key="scorer").set_value("judge").run()
    assert "Judging takes 600 requests" in words(app)


def test_domains_are_kept_by_their_own_button_without_learning(sample_home):
    app = open_page(sample_home, "reward")
    pipeline = pipeline_of(sample_home)
    assert "domains" not in pipeline.workspace.ledger.settings()
    press(app, "Save the domains")
    assert not app.exception and not pipeline_of(sample_home).current("reward")
    saved = pipeline_of(sample_home).workspace.ledger.settings()["domains"]["domains"]
    assert [domain["name"] for domain in saved] == ["common sense", "reasoning", "mathematics", "coding"]
