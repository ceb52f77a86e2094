"""The reader on a page, without a browser: what it is given to draw, and what becomes of what it asks for."""

import json

import numpy as np
import pytest

from components.records.record_reader import PER_PAGE
from components.session import running
from components.session.state import Focus
from components.session.turns import TURNS
from core.selection.status import DROPPED, PINNED
from core.workspace.deciding import overrides_of
from core.workspace.edits import edits_of
from tests.pages import _mounted, ask_reader, check, give, open_page, pipeline_of, press, read, readers, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def picked(home, rows, label="3 records inside the line", kind="area"):
    return open_page(home, "map", focus=Focus(kind, label, np.asarray(rows)))


def test_keys_that_come_faster_than_the_server_are_all_done_and_none_twice(selected_home):
    app = picked(selected_home, [5, 6, 7])
    shown, component = readers(app)[0], _mounted(app, "record_reader")[0]
    asks = [{"n": 10, "what": "pin", "row": 5}, {"n": 11, "what": "drop", "row": 6}]
    check(give(app, component, asks={"session": shown["session"], "list": asks}))
    check(give(app, component, asks={"session": shown["session"], "list": [*asks, {"n": 12, "what": "pin", "row": 7}]}))
    decisions = pipeline_of(selected_home).workspace.ledger.decisions()
    assert [(d.action, d.rows.tolist()) for d in decisions] == [("pin", [5]), ("drop", [6]), ("pin", [7])]
    assert readers(app)[0]["done"] == 12 and [read(app, row)["status"] for row in (5, 6, 7)] == [
        PINNED,
        DROPPED,
        PINNED,
    ]


def test_the_record_that_is_read_is_sent_whole_with_those_beside_it(selected_home):
    app = picked(selected_home, np.arange(20))
    assert readers(app)[0]["views"] == {}
    rows = [record["row"] for record in readers(app)[0]["records"]]
    ask_reader(app, "read", rows[5])
    views = readers(app)[0]["views"]
    assert {int(row) for row in views} == set(rows[4:8]) and all(view["turns"] for view in views.values())
    assert [row for row in views if views[row]["why"]] == [str(rows[5])]


def test_what_was_asked_of_a_server_that_is_gone_is_not_done_again(selected_home):
    app = picked(selected_home, [5, 6, 7])
    asks = {"session": "another", "list": [{"n": 10, "what": "pin", "row": 5}]}
    check(give(app, _mounted(app, "record_reader")[0], asks=asks))
    assert pipeline_of(selected_home).workspace.ledger.decisions() == []


def test_a_record_is_cleared_and_the_last_decision_undone(selected_home):
    app = picked(selected_home, [5, 6, 7])
    for what, row in (("pin", 5), ("clear", 5), ("drop", 6), ("undo", -1)):
        ask_reader(app, what, row)
    overrides = overrides_of(pipeline_of(selected_home))
    assert not len(overrides.pinned) and not len(overrides.dropped)
    made = pipeline_of(selected_home).workspace.ledger.decisions()
    assert [(each.action, each.refers) for each in made][-1] == ("undo", 3)


def test_a_note_is_kept_with_the_decision_and_taken_back_with_it(selected_home):
    app = picked(selected_home, [5, 6, 7])
    ask_reader(app, "drop", 5, note="wrong answer")
    app.text_input(key="focus_note").set_value("all of these")
    press(app, "Pin all")
    assert app.text_input(key="focus_note").value == ""
    made = pipeline_of(selected_home).workspace.ledger.decisions()
    assert [(each.action, each.note) for each in made] == [("drop", "wrong answer"), ("pin", "all of these")]
    assert "all of these" in read(app, 5)["why"]
    ask_reader(app, "undo")
    assert "wrong answer" in read(app, 5)["why"]


def test_pages_turn_and_a_record_does_not_move_when_it_is_pinned(selected_home):
    app = picked(selected_home, np.arange(2 * PER_PAGE + 5))
    assert len(readers(app)[0]["records"]) == PER_PAGE and readers(app)[0]["pages"] == 3
    ask_reader(app, "order", order="selected first")
    before = [record["row"] for record in readers(app)[0]["records"]]
    free = next(record["row"] for record in readers(app)[0]["records"] if record["status"] == 0)
    ask_reader(app, "pin", free)
    assert [record["row"] for record in readers(app)[0]["records"]] == before
    ask_reader(app, "page", page=2)
    assert readers(app)[0]["from"] == 2 * PER_PAGE and len(readers(app)[0]["records"]) == 5
    assert app.query_params["page"] == "3" and app.query_params["order"] == "selected first"


def test_texts_are_shown_as_written_until_somebody_wants_them_rendered(selected_home):
    app = picked(selected_home, [6])
    assert "**10,458**" in json.dumps(read(app)["turns"])
    ask_reader(app, "mode", mode="rendered")
    assert ["strong", {}, "10,458"] in read(app)["turns"][1]["blocks"][0]["tree"][2]


def test_the_nearest_records_are_listed_with_their_cosine_and_near_duplicates_marked(selected_home):
    pipeline = pipeline_of(selected_home)
    vectors = np.asarray(pipeline.array("embed"))
    app = picked(selected_home, [332, 6])
    ask_reader(app, "similar", 332)
    listed = read(app, 332)["similar"]["items"]
    cosines = vectors @ vectors[332]
    cosines[332] = -1
    assert [item["row"] for item in listed] == np.argsort(-cosines, kind="stable")[: len(listed)].tolist()
    assert all(item["near"] == (cosines[item["row"]] >= 0.95) for item in listed)
    assert read(app, 6)["similar"] is None
    ask_reader(app, "open", 332, to=listed[1]["row"])
    focus = app.session_state["winnow"].focus
    assert focus.first == listed[1]["row"] and set(focus.rows) == {332, *(item["row"] for item in listed)}
    assert read(app)["row"] == listed[1]["row"] and "Records like record 332" in words(app)


def test_the_words_of_a_search_are_given_to_be_marked(sample_home):
    app = open_page(sample_home, "map")
    next(box for box in app.text_input if box.label == "Search").set_value("haiku OR sun*")
    press(app, "Find")
    assert readers(app)[0]["words"] == ["haiku", "sun*"]


def test_a_reader_elsewhere_opens_what_is_similar_on_the_map(selected_home):
    app = open_page(selected_home, "data")
    ask_reader(app, "more", 1)
    assert "Map" in [title.value for title in app.title] and app.session_state["winnow"].focus.kind == "search"


def test_every_record_says_why_it_is_or_is_not_selected(selected_home):
    chosen = pipeline_of(selected_home).table("select")["row_id"].to_pylist()
    app = picked(selected_home, [chosen[0], next(row for row in range(600) if row not in chosen)])
    said = {record["row"]: read(app, record["row"])["why"] for record in readers(app)[0]["records"]}
    for row, sentence in said.items():
        assert sentence.startswith("Selected by kmq: " if row in chosen else "Not selected by kmq: ")
    ask_reader(app, "pin", chosen[0])
    assert read(app, chosen[0])["why"].startswith("Pinned by ann on ")


def test_a_field_is_corrected_shown_beside_its_original_and_taken_back(selected_home):
    app = picked(selected_home, [6])
    ask_reader(app, "edit", 6)
    box = app.text_area[0]
    assert "10,458" in box.value and "Record 6." in words(app)
    box.set_value("It is ten thousand.")
    check(app.button(key="edit-save-6").click().run())
    assert edits_of(pipeline_of(selected_home))[6] == {"messages[1]": "It is ten thousand."}
    shown = read(app, 6)
    assert shown["turns"][1]["blocks"][0]["text"] == "It is ten thousand."
    assert shown["edited"].startswith("messages[1] corrected by ann")
    ask_reader(app, "original", 6)
    assert "10,458" in read(app, 6)["turns"][1]["blocks"][0]["text"] and read(app, 6)["original"]
    ask_reader(app, "undo")
    assert read(app, 6)["edited"] == "" and edits_of(pipeline_of(selected_home)) == {}


def test_of_many_records_one_is_shown_before_it_says_why(selected_home, monkeypatch):
    app = picked(selected_home, [5, 6, 7])
    said = read(app, 5)["why"]
    monkeypatch.setattr("components.records.record_views.WHY_AT_ONCE", 0)
    app = picked(selected_home, [5, 6, 7])
    assert said and read(app, 5)["why"] is None
    ask_reader(app, "why", 5)  # as the browser does at once
    assert read(app, 5)["why"] == said
    check(app.run())
    assert read(app, 5)["why"] == said
    ask_reader(app, "pin", 5)  # what was said may hold no longer
    assert read(app, 5)["why"] is None


@pytest.mark.parametrize(
    ("what", "may", "drawn"),
    [("pin", False, 1), ("pin", True, 2), ("undo", False, 2)],  # there is nothing to undo, which the page says
)
def test_by_keys_the_page_follows_in_turn_and_what_is_refused_is_said_at_once(
    selected_home, monkeypatch, what, may, drawn
):
    app, pages = picked(selected_home, [5, 6, 7]), []
    monkeypatch.setattr(running, "draws_a_part", lambda: not pages or len(pages) == 1)  # as a key's own run does
    monkeypatch.setattr(TURNS, "take", lambda who: may)
    monkeypatch.setattr(TURNS, "drawn", pages.append)
    ask_reader(app, what, 5)
    assert len(pages) == drawn and (what == "undo" or read(app, 5)["status"] == PINNED)
