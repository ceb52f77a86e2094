"""Select, Review and Export, without a browser: from a budget to a file."""

import numpy as np
import pytest

from core.run import jobs
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.finding.find import find
from core.selection.finding.query import Query
from core.selection.params import SelectionParams
from core.selection.stage import pool_of
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from tests.pages import check, check_job_done, click_chart, frame_with, open_page, pipeline_of, press, readers, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def test_select_runs_as_a_job_and_shows_what_was_taken(sample_home):
    app = open_page(sample_home, "select")
    check(ask(app, "25%").run())
    assert "**150** of 600 records, about" in words(app) and "Select applies it at once" in words(app)
    check(pick(app, "kmeans-random").run())
    assert frame_with(app, "would")["would"].sum() == pytest.approx(100)  # what would be selected, before it is
    press(app, "Select")
    assert jobs.last_job(pipeline_of(sample_home).workspace) is None  # it is too quick for one
    assert app.metric[0].value == "150"
    taken = frame_with(app, "selected")
    assert taken["selected"].sum() == 150 and taken["records"].sum() == 600
    cluster = click_chart(app, "taken", nth=2)
    assert app.title[0].value == "Map" and app.session_state["winnow"].focus.cluster == cluster


def test_what_would_change_is_shown_and_can_be_discarded_or_applied(selected_home):
    pipeline = pipeline_of(selected_home)
    before = set(pipeline.table("select")["row_id"].to_pylist())
    app = open_page(selected_home, "select")
    assert "Current selection: kmq" in words(app).replace("\\", "") and not flow(app)
    check(pick(app, "quality").run())
    params = SelectionParams("60", "quality")
    after = set(select_records(pool_of(pipeline), params).rows.tolist())
    assert f"<b>+{len(after - before):,}</b> come in" in flow(app)
    assert f"<b>−{len(before - after):,}</b> go out" in flow(app)
    check(app.button_group(key="select_shares").set_value("Going out").run())
    shown = {record["row"] for record in readers(app)[0]["records"]}
    assert shown and shown <= before - after
    assert pipeline_of(selected_home).current("select") == pipeline.current("select")  # nothing is applied
    press(app, "Discard")
    assert not flow(app) and picked(app) == "kmq"
    check(pick(app, "quality").run())
    press(app, "Select")
    assert pipeline_of(selected_home).params("select") == params and not flow(app)


def test_a_budget_typed_just_before_the_click_is_the_one_selected_by(selected_home):
    app = open_page(selected_home, "select")
    ask(app, "20%")
    press(app, "Select")  # both reach the page at once
    assert len(pipeline_of(selected_home).table("select")) == 120


def test_what_takes_long_is_previewed_by_a_job_and_then_applied_without_one(selected_home, monkeypatch):
    monkeypatch.setattr("components.select.known.AT_ONCE", 0.0)
    app = open_page(selected_home, "select")
    check(pick(app, "k-center").run())
    assert "Not known yet" in words(app) and not flow(app)
    press(app, "Preview")
    check_job_done(selected_home)
    made = len(pipeline_of(selected_home).workspace.ledger.selections())
    check(app.run())
    assert flow(app) and "Preview" not in [button.label for button in app.button]
    press(app, "Select")
    pipeline = pipeline_of(selected_home)
    assert pipeline.params("select").method == "k-center" and len(pipeline.workspace.ledger.selections()) == made + 1
    assert jobs.last_job(pipeline.workspace).kind == "Working out what would change"


def test_only_the_options_of_the_picked_method_are_shown_and_kept_on_the_way(selected_home):
    app = open_page(selected_home, "select")
    assert {"A record's chance", "Random seed"} <= labels(app) and "The weight of quality" not in labels(app)
    check(pick(app, "qdit").run())
    assert "The weight of quality" in labels(app) and not {"A record's chance", "Random seed"} & labels(app)
    next(each for each in app.slider if each.label == "The weight of quality").set_value(0.8)
    check(app.run())
    check(app.switch_page("map_page.py").run())
    check(app.switch_page("select_page.py").run())
    assert picked(app) == "qdit" and app.slider[0].value == 0.8


def ask(app, budget):
    return next(each for each in app.text_input if each.label == "Budget").set_value(budget)


def flow(app):
    """Return what the page says of the records that come and go, "" where it does not."""
    return next((each.proto.body for each in app.get("html") if "come in" in each.proto.body), "")


def pick(app, method):
    return next(each for each in app.radio if any(f"**{method}**" in line for line in each.options)).set_value(method)


def picked(app):
    return next(each.value for each in app.radio if each.value)


def labels(app):
    return {each.label for kind in (app.selectbox, app.slider, app.toggle, app.number_input) for each in kind}


@pytest.mark.parametrize(
    ("budget", "message"), [("601", "there are only 600"), ("none", "budget is 'none'"), ("3", "4 records are pinned")]
)
def test_a_budget_that_cannot_be_is_said(sample_home, budget, message):
    decide_records(pipeline_of(sample_home).workspace, "pin", np.arange(4))
    app = open_page(sample_home, "select")
    check(ask(app, budget).run(), error=message)
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
    haiku = find(pipeline, Query(words="haiku")).rows
    decide_cluster(pipeline, "drop", int(np.bincount(pipeline.array("cluster")[haiku]).argmax()))
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
