"""The Map page and its reader, without a browser."""

import numpy as np
import pytest

from components.canvas.layers import order_of
from components.session import opened
from components.session.state import AppState, Focus
from core.base.errors import CurationError
from core.selection.status import DROPPED
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.picks import named_picks
from tests.pages import ask_reader, check, layer, open_page, pipeline_of, press, read, words

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


@pytest.mark.parametrize(
    ("colour_by", "legend"),
    [
        ("cluster", set()),
        ("selection", {"selected", "not selected", "dropped"}),
        ("quality", {"0."}),
        ("source", {"python", "cooking", "other"}),
    ],
)
def test_the_map_is_drawn_in_every_colouring(selected_home, colour_by, legend):
    decide_records(pipeline_of(selected_home).workspace, "drop", np.array([3]))
    app = open_page(selected_home, "map")
    check(app.selectbox(key="colour_by").set_value(colour_by).run())
    header = layer(app, "colours")
    n = pipeline_of(selected_home).n_records()
    assert header["id"].startswith(colour_by) and len(header["payload"]) == n
    shown = {entry["name"] for entry in header["legend"]}
    assert all(any(name.startswith(wanted) for name in shown) for wanted in legend) and bool(legend) == bool(shown)
    assert not legend or sum(entry["count"] for entry in header["legend"]) == n
    assert app.session_state["winnow"].colour_by == colour_by


def test_what_is_picked_stands_in_front_on_the_map(selected_home):
    assert layer(open_page(selected_home, "map"), "picked")["n_picked"] == -1
    rows = np.array([5, 6, 7, 400])
    header = layer(open_page(selected_home, "map", focus=Focus("area", "4 records", rows)), "picked")
    order = order_of(pipeline_of(selected_home).n_records())
    bits = np.unpackbits(np.frombuffer(header["payload"], np.uint8))[: len(order)].astype(bool)
    assert header["n_picked"] == 4 and sorted(order[bits].tolist()) == rows.tolist()


def test_a_pick_is_turned_round_taken_away_kept_and_opened_again(selected_home):
    rows = np.array([5, 6, 7])
    app = open_page(selected_home, "map", focus=Focus("area", "3 records inside the line", rows))
    app.text_input(key="keep_name").set_value("my three")
    press(app, "Keep this pick")
    assert "Kept as my three: 3 records." in [toast.value for toast in app.toast]
    press(app, "All others")
    n = pipeline_of(selected_home).n_records()
    assert len(app.session_state["winnow"].focus.rows) == n - 3
    press(app, "Nothing")
    assert app.session_state["winnow"].focus is None and "Nothing picked yet" in words(app)
    press(app, "my three · 3 records")
    focus = app.session_state["winnow"].focus
    assert focus.label == "my three" and focus.rows.tolist() == rows.tolist()
    next(button for button in app.button if str(button.key).startswith("forget-")).click()
    check(app.run())
    assert not named_picks(pipeline_of(selected_home).workspace)


def test_what_is_picked_next_is_added_or_taken_away_as_the_reader_set_it(selected_home):
    state = AppState(selected_home / "sample", who="ann")
    a, b = Focus("area", "a", np.array([1, 2, 3])), Focus("cluster", "b", np.array([3, 4]), 1)
    state.look_at(a)
    state.look_at(b, "add")
    assert state.focus.rows.tolist() == [1, 2, 3, 4] and state.focus.kind == "picked"
    state.join = "subtract"
    state.look_at(b)
    assert state.focus.rows.tolist() == [1, 2] and state.focus.label == "2 records picked"
    state.look_at(a, "new")
    assert state.focus is a
    state.look_at(None)
    state.look_at(b)
    assert state.focus is None  # there was nothing to take it away from
