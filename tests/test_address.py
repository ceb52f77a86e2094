"""What is looked at stands in the address: a link that is opened in another browser, or after a restart, brings it back."""

import types

import numpy as np
import pytest

from components.session.state import AppState, Focus
from core.models.encoder import SentenceEncoder
from core.selection.finding.query import Filter, Query, to_text
from core.workspace.deciding import decide_records
from core.workspace.picks import pick_of
from tests.pages import check, frame_with, new_app, open_page, pipeline_of, readers, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def address_of(app) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def opened_anew(home, monkeypatch, address: dict[str, str], page: str = "map"):
    """Open a page in a fresh session, as a browser that was given the address."""
    monkeypatch.setenv("WINNOW_HOME", str(home))
    app = new_app()
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    for name, value in address.items():  # AppTest drops them where it changes pages
        app.query_params[name] = value
    return check(app.switch_page(f"{page}_page.py").run())


@pytest.mark.parametrize("kind", ["cluster", "record", "pick"])
def test_what_is_picked_comes_back(selected_home, monkeypatch, kind):
    labels = np.asarray(pipeline_of(selected_home).array("cluster"))
    rows = np.flatnonzero(labels == 2)
    focus = {
        "cluster": Focus("cluster", "name", rows, 2),
        "record": Focus("cluster", "name", rows, 2, first=int(rows[1])),
        "pick": Focus("area", "4 records inside the line", np.array([3, 5, 8, 200])),
    }[kind]
    address = address_of(open_page(selected_home, "map", focus=focus))
    assert address["workspace"] == "sample" and kind in address
    assert kind != "cluster" or address["cluster"] == "2"
    found = opened_anew(selected_home, monkeypatch, address).session_state["winnow"].focus
    assert found.rows.tolist() == focus.rows.tolist() and found.first == focus.first
    assert kind != "pick" or found.label == focus.label


def test_a_pick_is_kept_once_and_found_again_among_other_records(selected_home):
    focus = Focus("area", "3 records", np.array([3, 5, 8]))
    app = open_page(selected_home, "map", focus=focus)
    first = address_of(app)["pick"]
    check(app.run())
    assert address_of(app)["pick"] == first
    assert pick_of(pipeline_of(selected_home).workspace, first).rows.tolist() == [3, 5, 8]


def test_a_search_the_view_and_the_colouring_come_back(selected_home, monkeypatch):
    state = {"colour_by": "source", "view": (0.25, 0.75, 3.5), "query": to_text(Query(words="haiku"))}
    address = address_of(open_page(selected_home, "map", **state))
    address |= {"order": "worst quality first", "sort": "-quality", "side": "clusters"}
    assert address["colour"] == "source" and address["view"] == "0.25,0.75,3.5" and address["q"]
    found = opened_anew(selected_home, monkeypatch, address).session_state["winnow"]
    assert (found.colour_by, found.view, found.query) == ("source", (0.25, 0.75, 3.5), state["query"])
    assert found.focus.kind == "search" and len(found.focus.rows)
    assert (found.order, found.sort, found.side) == ("worst quality first", "-quality", "clusters")


def narrowed(whole: Focus, rows: list[int], source: str) -> Focus:
    kept = Filter("source", "=", (source,))
    return Focus("picked", f"{kept.label}, of {whole.label}", np.array(rows), whole=whole, filters=(kept,))


def test_a_narrowed_search_comes_back_with_its_words_and_by_what_it_is_narrowed(selected_home, monkeypatch):
    app = open_page(selected_home, "map", query=to_text(Query(words="haiku")))
    check(app.run())
    address = {"workspace": "sample", "q": to_text(Query(words="haiku"))}
    whole = opened_anew(selected_home, monkeypatch, address).session_state["winnow"].focus
    sources, codes = pipeline_of(selected_home).workspace.records().sources()
    source = sources[codes[whole.rows[0]]]
    few = narrowed(whole, [row for row in whole.rows.tolist() if sources[codes[row]] == source], source)
    address = address_of(open_page(selected_home, "map", focus=few, query=address["q"]))
    assert address["q"] == "q=haiku" and "source" in address["narrow"] and "pick" not in address
    app = opened_anew(selected_home, monkeypatch, address)
    found = app.session_state["winnow"]
    assert found.focus.rows.tolist() == few.rows.tolist() and found.focus.filters == few.filters
    assert found.focus.whole.kind == "search" and found.focus.whole.rows.tolist() == whole.rows.tolist()
    assert next(box for box in app.text_input if box.label == "Search").value == "haiku"
    assert readers(app)[0]["words"] == ["haiku"] and address_of(app)["narrow"] == address["narrow"]


def test_a_narrowed_cluster_comes_back_too(selected_home, monkeypatch):
    labels = np.asarray(pipeline_of(selected_home).array("cluster"))
    sources, codes = pipeline_of(selected_home).workspace.records().sources()
    whole = Focus("cluster", "name", np.flatnonzero(labels == 2), 2)
    source = sources[codes[whole.rows[0]]]
    few = narrowed(whole, [row for row in whole.rows.tolist() if sources[codes[row]] == source], source)
    address = address_of(open_page(selected_home, "map", focus=few))
    assert address["cluster"] == "2"
    found = opened_anew(selected_home, monkeypatch, address).session_state["winnow"].focus
    assert found.rows.tolist() == few.rows.tolist() and found.whole.cluster == 2


def test_what_a_search_is_narrowed_by_waits_for_its_answer(selected_home, monkeypatch):
    query = Query(like="poems about the sea", nearest=50)
    state = {"query": to_text(query), "narrow_later": (Filter("quality", ">", ("0.1",)),)}
    app = open_page(selected_home, "map", **state)
    assert "quality" in address_of(app)["narrow"]
    monkeypatch.setattr("components.session.finding.reader_for", lambda _: types.SimpleNamespace(state="ready"))
    monkeypatch.setattr("components.session.finding._encode", lambda _: SentenceEncoder(device="cpu").encode)
    check(app.run())
    found = app.session_state["winnow"].focus
    assert found.filters == state["narrow_later"] and found.whole.kind == "search" and len(found.whole.rows) == 50


def test_several_clusters_and_the_page_that_is_read_come_back(selected_home, monkeypatch):
    labels = np.asarray(pipeline_of(selected_home).array("cluster"))
    focus = Focus("clusters", "3 clusters", np.flatnonzero(labels < 3), clusters=(0, 1, 2))
    address = address_of(open_page(selected_home, "map", focus=focus, page=1, side="records"))
    assert (address["cluster"], address["page"], address["side"]) == ("0,1,2", "2", "records")
    found = opened_anew(selected_home, monkeypatch, address).session_state["winnow"]
    assert found.focus.clusters == (0, 1, 2) and found.page == 1 and found.side == "records"
    table = opened_anew(selected_home, monkeypatch, address | {"side": "clusters", "sort": "-records"})
    shown = frame_with(table, "share")["cluster"].tolist()
    sizes = np.bincount(labels)
    assert sizes[shown].tolist() == sorted(sizes[shown].tolist(), reverse=True)


def test_what_is_compared_comes_back(selected_home, monkeypatch):
    app = open_page(selected_home, "compare")
    address = address_of(app)
    again = opened_anew(selected_home, monkeypatch, address, "compare")
    assert again.session_state["winnow"].compared == app.session_state["winnow"].compared


@pytest.mark.parametrize(
    "address",
    [
        {"cluster": "999"},
        {"record": "-1"},
        {"record": "99999999999999999999"},
        {"pick": "../../etc"},
        {"view": "nan,1,2"},
        {"view": "1,2"},
        {"colour": "<b>none</b>"},
        {"cluster": "x,999999", "page": "-3", "side": "<b>", "sort": "none", "order": "none"},
        {"q": "%%%"},
        {"narrow": "%%%"},
        {"q": "q=haiku", "narrow": "f=none%3D1"},
        {"run": "x", "round": "7", "compare": "no,such"},
    ],
)
def test_an_address_that_names_nothing_is_passed_over(selected_home, monkeypatch, address):
    app = opened_anew(selected_home, monkeypatch, {"workspace": "sample"} | address)
    state: AppState = app.session_state["winnow"]
    assert state.focus is None or state.focus.kind == "search"
    assert state.view is None and "Map" in words(app)


def test_nothing_stays_in_the_address_of_what_is_no_longer_looked_at(selected_home):
    app = open_page(selected_home, "map", focus=Focus("area", "3 records", np.array([3, 5, 8])))
    assert "pick" in address_of(app)
    app.session_state["winnow"].look_at(None)
    check(app.run())
    assert "pick" not in address_of(app)
    decide_records(pipeline_of(selected_home).workspace, "drop", np.array([1]))
    check(app.run())
    assert set(address_of(app)) <= {"workspace", "colour"}
