"""Select, Review and Export, without a browser: from a budget to a file."""

import numpy as np
import pytest

from core.run import jobs
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from tests.pages import check, check_job_done, frame_with, open_page, pipeline_of, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def test_select_runs_as_a_job_and_shows_what_was_taken(sample_home):
    app = open_page(sample_home, "select")
    app.text_input(key="budget").set_value("25%")
    app.radio(key="method").set_value("kmeans-random")
    press(app, "Select")
    check_job_done(sample_home)
    check(app.run())
    assert app.metric[0].value == "150"
    taken = frame_with(app, "selected")
    assert taken["selected"].sum() == 150 and taken["records"].sum() == 600


@pytest.mark.parametrize(
    ("budget", "message"), [("601", "there are only 600"), ("none", "budget is 'none'"), ("3", "4 records are pinned")]
)
def test_a_budget_that_cannot_be_is_said(sample_home, budget, message):
    decide_records(pipeline_of(sample_home).workspace, "pin", np.arange(4))
    app = open_page(sample_home, "select")
    app.text_input(key="budget").set_value(budget)
    press(app, "Select", error=message)
    assert jobs.last_job(pipeline_of(sample_home).workspace) is None


def test_decisions_without_effect_are_said_where_the_selection_is_shown(selected_home):
    pipeline = pipeline_of(selected_home)
    decide_cluster(pipeline, "drop", 1)
    pipeline.run("cluster", ClusterParams(9), device="cpu")
    Pipeline(pipeline.workspace).run("select", SelectionParams("60"))
    for page in ("select", "export"):
        assert "no longer exist have no effect" in words(open_page(selected_home, page))


def test_review_takes_back_restores_and_carries_over(selected_home):
    pipeline = pipeline_of(selected_home)
    decide_records(pipeline.workspace, "pin", np.array([1]), "bob", "why not")
    names = pipeline.workspace.info("cluster", pipeline.current("cluster"))["names"]
    decide_cluster(pipeline, "drop", next(i for i, name in enumerate(names) if "haiku" in name))
    app = open_page(selected_home, "review")
    frame = frame_with(app, "State")
    assert frame["State"].tolist() == ["in force", "in force"] and frame["Who"].tolist() == ["", "bob"]
    check(app.button(key="review_undo").click().run())
    assert len(overrides_of(pipeline_of(selected_home)).dropped) == 0
    check(app.button(key="review_redo").click().run())
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
    check_job_done(selected_home)
    check(app.run())
    assert app.metric[0].value == "60" and app.get("download_button")


def test_export_saves_to_a_path(selected_home, tmp_path):
    app = open_page(selected_home, "export")
    app.text_input(key="save_path").set_value(str(tmp_path / "saved.jsonl"))
    press(app, "Save")
    assert (tmp_path / "saved.jsonl").read_bytes().count(b"\n") == 60
    assert (tmp_path / "saved.jsonl.manifest.json").exists()
    app.text_input(key="save_path").set_value(str(tmp_path / "saved.jsonl" / "under.jsonl"))
    press(app, "Save", error="can't be written")
