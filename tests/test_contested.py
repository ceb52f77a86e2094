"""A record on which two decide otherwise: the last word counts, and both are told."""

import numpy as np

from core.workspace.contested import overruled, told_at_once, told_overruled
from core.workspace.deciding import contested_in, decide_records
from core.workspace.decisions import Decision
from tests.command import run
from tests.pages import check, open_page, words

NAMES = {"a": "ann", "b": "ben", "c": "cat"}


def log(text: str) -> list[Decision]:
    """Decisions of a line such as "a+3 b-3 c.3": ann pins, ben drops, cat clears record 3."""
    kinds = {"+": "pin", "-": "drop", ".": "clear"}
    made = []
    for number, each in enumerate(text.split(), start=1):
        rows = np.array([int(row) for row in each[2:].split(",")], np.int64)
        made.append(Decision(kinds[each[1]], rows=rows, who=NAMES[each[0]], fingerprint="f", id=number))
    return made


def found(text: str) -> list[tuple[int, int, int]]:
    return [(each.by.id, each.of.id, each.n) for each in overruled(log(text), "f", 10)]


def test_what_stands_against_whom():
    assert found("a+3 b-3") == [(2, 1, 1)]
    assert found("a+3 b.3") == [(2, 1, 1)]
    assert found("a+3 b+3") == found("a+3 a-3") == found("a.3 b-3") == found("a+3") == found("a+3 b-4") == []
    assert found("a+3 b-3 a+3") == [(3, 2, 1)]  # hers again: now it is ben who was overruled
    assert found("a+3 b-3 b-3") == [(3, 1, 1)] and found("a+3 b-3 b+3") == []
    assert found("a+3 b-3 c+3") == [(3, 2, 1)]
    assert found("a+1,2,3 b-2,3,4") == [(2, 1, 2)]
    assert found("a+1 c+2 b-1,2") == [(3, 1, 1), (3, 2, 1)]
    assert overruled([*log("a+3 b-3"), Decision("undo", refers=2, who="ben", id=3)], "f", 10) == []
    assert overruled(log("a+3 b-3"), "another import", 10) == []


def test_it_is_said_to_either():
    (each,) = overruled(log("a+3 b-3"), "f", 10)
    assert told_overruled(each, "ann") == "ben dropped record 3, which you had pinned"
    assert told_overruled(each, "ben") == "you dropped record 3, which ann had pinned"
    (each,) = overruled(log("a+1,2,3 b-2,3,4"), "f", 10)
    assert told_overruled(each, "ann") == "ben dropped 3 records, 2 of which you had pinned"
    made = log("a+1,2,3 b-2,3,4")
    said = told_at_once(overruled(made, "f", 10), made[1])
    assert said == "2 records of them were decided otherwise by ann; the last word counts."
    assert told_at_once(overruled(made, "f", 10), made[0]) == ""


def test_the_first_is_told_on_the_page_and_the_second_at_once(make_pipeline, tmp_path):
    pipeline, home = make_pipeline("embed", "cluster", folder="home/sample"), tmp_path / "home"
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    assert "which you had pinned" not in words(open_page(home, "review"))
    decide_records(pipeline.workspace, "drop", np.array([3]), "ben")
    assert len(contested_in(pipeline)) == 1
    page = check(open_page(home, "review"))
    assert "ben dropped record 3, which you had pinned" in words(page)
    warned = run("pin", pipeline.workspace.folder, "--rows", "3", check=0).stderr
    assert "1 record of them was decided otherwise by ben; the last word counts." in warned
