"""Every page, empty, ready and in error, without a browser (AppTest)."""

import shutil
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components import guide, opened
from components.data_source import _folder_for
from components.state import AppState, Focus
from core import jobs
from core.clustering import ClusterParams
from core.embedding import EmbedParams
from core.errors import CurationError
from core.files import file_sha256
from core.pipeline import Pipeline
from core.projection import ProjectParams
from core.records import RecordParams
from core.selection import SelectionParams
from core.steps import Step
from core.workspace import Workspace
from tests.conftest import SAMPLE

PAGES = [entry.name for entry in guide.PAGES]


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
        "review": "No decision yet",
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
    rows = np.flatnonzero(np.asarray(pipeline.labels()) == 2)
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 2))
    assert f"{len(rows)} records" in words(app)
    press(app, "Pin all")
    assert pipeline_of(selected_home).overrides().pinned.tolist() == rows.tolist()
    app.number_input(key="weight-2").set_value(2.5).run()
    assert pipeline_of(selected_home).overrides().multipliers == {2: 2.5}
    press(app, "Undo the last decision")
    assert pipeline_of(selected_home).overrides().multipliers == {}
    decisions = pipeline_of(selected_home).workspace.ledger.decisions()
    assert [d.action for d in decisions] == ["pin", "weight", "undo"] and decisions[0].who == "ann"


def test_what_was_picked_on_earlier_clusters_is_forgotten_not_decided_on(selected_home):
    pipeline = pipeline_of(selected_home)
    rows = np.flatnonzero(np.asarray(pipeline.labels()) == 2)
    made_on = opened.shown_keys(pipeline)
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 2, made_on))
    assert f"{len(rows)} records" in words(app)
    pipeline.run("cluster", ClusterParams(7), device="cpu")
    press(app, "Drop all")  # what the page still shows is gone
    assert len(pipeline_of(selected_home).overrides().dropped) == 0
    assert app.session_state["winnow"].focus is None
    with pytest.raises(CurationError, match="clusters have changed"):
        pipeline_of(selected_home).decide_cluster("drop", 2, clustering="an earlier one")


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
    pipeline.decide_cluster("drop", 1)
    pipeline.run("cluster", ClusterParams(9), device="cpu")
    Pipeline(pipeline.workspace).run("select", SelectionParams("60"))
    for page in ("select", "export"):
        assert "no longer exist have no effect" in words(open_page(selected_home, page))


def test_one_record_is_dropped_from_the_reader(selected_home):
    app = open_page(selected_home, "map", focus=Focus("area", "3 records inside the line", np.array([5, 6, 7])))
    button = next(b for b in app.button if str(b.key).startswith("drop-focus") and str(b.key).endswith("-6"))
    button.click().run()
    assert pipeline_of(selected_home).overrides().dropped.tolist() == [6]
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
    pipeline_of(sample_home).workspace.decide_records("pin", np.arange(4))
    app = open_page(sample_home, "select")
    app.text_input(key="budget").set_value(budget)
    press(app, "Select")
    assert message in words(app) and jobs.last_job(pipeline_of(sample_home).workspace) is None


def test_review_takes_back_restores_and_carries_over(selected_home):
    pipeline = pipeline_of(selected_home)
    pipeline.workspace.decide_records("pin", np.array([1]), "bob", "why not")
    names = pipeline.workspace.info("cluster", pipeline.current("cluster"))["names"]
    pipeline.decide_cluster("drop", next(i for i, name in enumerate(names) if "haiku" in name))
    app = open_page(selected_home, "review")
    frame = next(frame.value for frame in app.dataframe if "State" in frame.value)
    assert frame["State"].tolist() == ["in force", "in force"] and frame["Who"].tolist() == ["", "bob"]
    app.button(key="review_undo").click().run()
    assert len(pipeline_of(selected_home).overrides().dropped) == 0
    app.button(key="review_redo").click().run()
    assert len(pipeline_of(selected_home).overrides().dropped) > 0
    dropped = set(pipeline_of(selected_home).overrides().dropped.tolist())
    pipeline_of(selected_home).run("cluster", ClusterParams(seed=1), device="cpu")
    app = open_page(selected_home, "review")
    assert "earlier clustering" in words(app)
    press(app, "Carry these over")
    carried = set(pipeline_of(selected_home).overrides().dropped.tolist())
    assert len(carried & dropped) / len(carried | dropped) >= 0.3


def test_a_stale_selection_cannot_be_exported_until_it_is_updated(selected_home):
    pipeline_of(selected_home).workspace.decide_records("drop", np.arange(10))
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
    rows = np.flatnonzero(np.asarray(pipeline.labels()) == 0)
    quality = pipeline.quality()
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 0))
    order = next(box for box in app.selectbox if box.label == "Order")
    order.set_value("worst quality first").run()
    first = next(str(c.value) for c in app.caption if str(c.value).startswith("record "))
    shown = int(first.split()[1].replace(",", ""))
    assert quality[shown] == pytest.approx(quality[rows].min())


def test_bad_workspace_content_is_an_error_not_a_guess(tmp_path):
    with pytest.raises(CurationError):
        Workspace(tmp_path / "w", create=True).records()
