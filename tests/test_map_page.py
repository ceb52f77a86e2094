"""The Map page and its reader, without a browser."""

import json

import numpy as np
import pytest

from components.canvas.layers import order_of
from components.session import opened
from components.session.state import AppState, Focus
from core.base.errors import CurationError
from core.selection.status import DROPPED
from core.vectors.clustering import ClusterParams
from core.vectors.naming.stage import regions_of
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.picks import named_picks
from tests.pages import (
    _mounted,
    ask_reader,
    check,
    check_job_done,
    give,
    layer,
    open_page,
    pipeline_of,
    press,
    read,
    readers,
    words,
)

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def holding(app) -> dict:
    return json.loads(_mounted(app, "holding")[0].proto.json)


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
    ask_reader(app, "order", order="worst quality first")
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


def test_the_map_names_regions_and_clusters(selected_home):
    pipeline = pipeline_of(selected_home)
    app = open_page(selected_home, "map", side="clusters")
    assert "Name the regions" not in [button.label for button in app.button]  # of so few clusters
    pipeline.run("cluster", ClusterParams(32), device="cpu")
    press(open_page(selected_home, "map", side="clusters"), "Name the regions")
    check_job_done(selected_home)
    pipeline = pipeline_of(selected_home)
    app = open_page(selected_home, "map", side="clusters")
    assert "Name the regions" not in [button.label for button in app.button]
    header, named = layer(app, "names"), opened.cluster_names(pipeline)
    assert [name for *_, name in header["regions"]] == [region.name for region in regions_of(pipeline)]
    assert len(header["regions"]) == 8
    assert len(header["names"]) == len(named) and len({name for *_, name in header["names"]}) == len(named)
    assert all(any(name.startswith(text) for name in named) for *_, text in header["names"])
    assert all(0 <= value <= 1 for x, y, _ in header["regions"] for value in (x, y))
    assert layer(app, "picked")["n_picked"] == -1


def test_what_is_picked_stands_in_front_on_the_map(selected_home):
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
    assert app.session_state["winnow"].focus is None
    assert "Nothing picked yet" in words(app)
    press(app, "my three · 3 records")
    focus = app.session_state["winnow"].focus
    assert focus.label == "my three" and focus.rows.tolist() == rows.tolist()
    next(button for button in app.button if str(button.key).startswith("forget-")).click()
    check(app.run())
    assert not named_picks(pipeline_of(selected_home).workspace)


def test_a_record_is_opened_by_its_number(selected_home):
    app = open_page(selected_home, "map")
    check(app.text_input(key="open_record-0").set_value("#1,204").run())
    assert app.session_state["winnow"].focus is None and "the numbers are 0 to 599" in app.toast[0].value
    for i in range(2):  # the same one again too
        check(app.text_input(key=f"open_record-{i}").set_value(" 412 ").run())
        shown = readers(app)[0]
        assert shown["first"] == 412 and shown["records"][0]["row"] == 412 and shown["open"] == i + 1
        ask_reader(app, "read", 412)
        assert readers(app)[0]["open"] == 0  # once


def test_what_a_pick_holds_is_counted_and_narrows_it(selected_home):
    rows = np.arange(0, 600, 3)
    app = open_page(selected_home, "map", focus=Focus("area", "200 records inside the line", rows))
    held = holding(app)
    pipeline = pipeline_of(selected_home)
    names, codes = pipeline.workspace.records().sources()
    counts = np.bincount(codes[rows], minlength=len(names))
    assert held["total"] == 200 and sum(state["n"] for state in held["states"]) == 200
    sources = held["lists"][0]
    assert sources["parts"][0]["n"] == counts.max() and names[counts.argmax()] == sources["parts"][0]["name"]
    assert sources["there"] == (counts > 0).sum() and sum(held["spreads"][0]["counts"]) == 200
    give(app, _mounted(app, "holding")[0], narrow={"column": "source", "value": sources["parts"][0]["name"]})
    focus = check(app).session_state["winnow"].focus
    assert focus.rows.tolist() == rows[codes[rows] == counts.argmax()].tolist()
    quality = held["spreads"][0]
    give(app, _mounted(app, "holding")[0], narrow={"column": "quality", "value": f"0..{quality['edges'][-2]}"})
    assert 0 < len(check(app).session_state["winnow"].focus.rows) < len(focus.rows)
    pills = next(group for group in app.get("button_group") if str(group.key).startswith("narrowed"))
    check(pills.set_value([]).run())
    assert app.session_state["winnow"].focus.rows.tolist() == rows.tolist()


def test_all_that_are_selected_are_read_without_a_search(selected_home):
    app = open_page(selected_home, "map", side="records")
    chosen = pipeline_of(selected_home).table("select")["row_id"].to_pylist()
    press(app, f"Read the {len(chosen)} selected")
    assert app.session_state["winnow"].focus.rows.tolist() == sorted(chosen)


def test_several_clusters_are_decided_on_at_once_and_undone_at_once(selected_home):
    labels = np.asarray(pipeline_of(selected_home).array("cluster"))
    app = open_page(
        selected_home, "map", focus=Focus("clusters", "2 clusters", np.flatnonzero(labels < 2), clusters=(0, 1))
    )
    app.text_input(key="focus_note").set_value("both")
    check(app.number_input(key="weights-2-1.0").set_value(3.0).run())
    assert overrides_of(pipeline_of(selected_home)).multipliers == {0: 3, 1: 3}
    press(app, "Drop all")
    assert (labels[overrides_of(pipeline_of(selected_home)).dropped] < 2).all()
    made = pipeline_of(selected_home).workspace.ledger.decisions()
    assert [(d.action, d.cluster, d.note) for d in made][:3] == [
        ("weight", 0, "both"),
        ("weight", 1, "both"),
        ("drop", 0, ""),
    ]
    press(app, "Undo the last decision")
    overrides = overrides_of(pipeline_of(selected_home))
    assert not len(overrides.dropped) and overrides.multipliers == {0: 3, 1: 3}
    assert app.session_state["winnow"].focus.clusters == (0, 1)


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


def test_controls_that_are_gone_change_nothing_when_a_browser_that_is_behind_sends_them_again(selected_home):
    """Under load a browser sends what it had drawn a run ago; Streamlit then calls back for it."""
    app = open_page(selected_home, "map")
    behind = app._tree.get_widget_states()  # the switch, the order and the table of clusters, as they stood
    table = behind.widgets.add()
    table.id = next(each.proto.id for each in app.dataframe if "share" in each.value)
    table.string_value = json.dumps({"selection": {"rows": [], "columns": [], "cells": []}})
    app.session_state["winnow"].look_at(Focus("area", "Some", np.arange(5)))
    check(app.run())
    app._run(behind)
    current = app.session_state["winnow"]
    assert current.focus is not None and (current.side, current.sort) == ("", "")
