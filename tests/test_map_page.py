"""The Map page and its reader, without a browser."""

import json

import numpy as np
import pytest

from components.session import opened
from components.session.state import Focus
from core.base.errors import CurationError
from core.selection.status import DROPPED
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, overrides_of
from tests.pages import ask_reader, check, open_page, pipeline_of, press, read, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def test_the_reader_shows_a_clusters_records_and_decides_on_them(selected_home):
    pipeline = pipeline_of(selected_home)
    rows = np.flatnonzero(np.asarray(pipeline.array("cluster")) == 2)
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 2))
    assert f"{len(rows)} records" in words(app)
    press(app, "Pin all")
    assert overrides_of(pipeline_of(selected_home)).pinned.tolist() == rows.tolist()
    check(app.number_input(key="weight-2-1.0").set_value(2.5).run())
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


def test_one_record_is_dropped_from_the_reader(selected_home):
    app = open_page(selected_home, "map", focus=Focus("area", "3 records inside the line", np.array([5, 6, 7])))
    ask_reader(app, "drop", 6)
    assert overrides_of(pipeline_of(selected_home)).dropped.tolist() == [6]
    assert read(app, 6)["status"] == DROPPED and "1 dropped" in words(app)


def test_reader_orders(selected_home):
    pipeline = pipeline_of(selected_home)
    rows = np.flatnonzero(np.asarray(pipeline.array("cluster")) == 0)
    quality = pipeline.column("score", "score")
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 0))
    order = next(box for box in app.selectbox if box.label == "Order")
    order.set_value("worst quality first").run()
    assert quality[read(app)["row"]] == pytest.approx(quality[rows].min())


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


@pytest.mark.parametrize(
    ("colour_by", "legend"),
    [
        ("cluster", set()),
        ("selection", {"selected", "not selected", "pinned", "dropped"}),
        ("quality", set()),
        ("source", {"python", "cooking", "other"}),
    ],
)
def test_the_map_is_drawn_in_every_colouring(selected_home, colour_by, legend):
    app = open_page(selected_home, "map")
    check(app.segmented_control(key="colour_by").set_value(colour_by).run())
    traces = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    shown = {trace["name"] for trace in traces if trace.get("name")}
    assert legend <= shown and bool(legend) == bool(shown)
    assert any("colorbar" in trace["marker"] for trace in traces if "marker" in trace) == (colour_by == "quality")
