"""The pages as somebody sees them who signed in: whole, with what their role may not do disabled and the reason said."""

import ast
import re
import time
from pathlib import Path

import numpy as np
import pytest

from components.session.state import Focus
from core.base import access
from core.base.access import Person
from tests.pages import ask_reader, open_page, pipeline_of, readers

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["data", "map", "duplicates", "select", "refine", "reward", "review", "compare", "export"]
# What starts or changes something on a page that a viewer sees.
OFFERED = {
    "data": ["Score the records", "Open as one pool"],
    "select": ["Select"],
    "reward": ["Train and select"],
    "duplicates": ["Find near-duplicates"],
    "review": ["Undo"],
    "compare": ["Measure"],
    "export": ["Save"],
}


@pytest.fixture
def team(make_pipeline, tmp_path, monkeypatch):
    """Return a function that gives the one who signed in a role, in a home with one workspace."""
    make_pipeline("embed", "cluster", "project", "score", "select", folder="home/work")
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(access.VARIABLE, str(tmp_path / "roles.toml"))
    access.sign_in(lambda: Person("sub-ann", {"name": "Ann"}, at=time.time()))
    yield lambda role: (tmp_path / "roles.toml").write_text(f'[people]\nsub-ann = "{role}"\n')
    access.sign_in(None)


def buttons(app) -> dict[str, tuple[bool, str]]:
    return {each.label: (each.disabled, each.help or "") for each in app.button}


@pytest.mark.parametrize("name", PAGES)
def test_a_viewer_sees_every_page_and_is_offered_nothing_more(team, tmp_path, name):
    team("viewer")
    app = open_page(tmp_path / "home", name, "work")
    shown = buttons(app)
    for label in OFFERED.get(name, []):
        if label in shown:
            disabled, why = shown[label]
            assert disabled and "Your role is viewer" in why, (label, shown[label])
    assert any("Ann, viewer" in each.value for each in app.sidebar.caption)


def test_a_curator_is_offered_decisions_but_no_export(team, tmp_path):
    team("curator")
    assert not buttons(open_page(tmp_path / "home", "data", "work"))["Score the records"][0]
    assert buttons(open_page(tmp_path / "home", "export", "work"))["Save"][0]


def test_who_was_taken_off_the_list_sees_nothing_at_the_next_action(team, tmp_path):
    team("viewer")
    app = open_page(tmp_path / "home", "data", "work")
    team("none")
    app.run()
    assert "You have no role here" in app.error[0].value and not app.tabs and not app.dataframe
    assert [each.label for each in app.button] == ["Sign out"]


def test_a_viewer_reads_a_pick_and_is_told_why_nothing_can_be_decided_there(team, tmp_path):
    team("viewer")
    rows = np.array([1, 2])
    app = open_page(tmp_path / "home", "map", "work", focus=Focus("area", "a line", rows))
    can = readers(app)[0]["can"]
    assert (can["decide"], can["edit"]) == (False, False) and "Your role is viewer" in can["why"]
    assert all(buttons(app)[label][0] for label in ("Pin all", "Drop all", "Clear"))
    assert next(each for each in app.text_input if each.label == "Note on the decision").disabled
    ask_reader(app, "pin", 1)  # as an old page might
    assert not pipeline_of(tmp_path / "home", "work").workspace.ledger.decisions()
    team("curator")
    app.run()
    assert readers(app)[0]["can"]["decide"] and not readers(app)[0]["can"]["why"] and not buttons(app)["Pin all"][0]


# What may be pressed by everybody: it opens, looks, turns a page, or fills in what another button asks for.
_LOOKS = """
    find_loose tour_on tour_end tour_start words sign_in sign_out job_dismiss open_before group_look overlap_look target_look
    filter_narrow filter_add read_status pick_nothing pick_others kept- near- tell- edit-cancel refine_close moved- reward_
    read- reward_close select_discard rule_add away domains_export Find _held domains_discard
""".split()
_PRESSED = re.compile(r"(form_submit_|download_)?button|file_uploader")


def test_every_button_that_changes_something_asks_for_the_role():
    unasked = []
    for file in sorted([*(ROOT / "components").rglob("*.py"), *(ROOT / "app").rglob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not _PRESSED.fullmatch(node.func.attr) or "people.off(" in (call := ast.unparse(node)):
                continue
            named = {each.arg: ast.unparse(each.value) for each in node.keywords}
            name = named.get("key") or (ast.unparse(node.args[0]) if node.args else call)
            if not any(looks in name for looks in _LOOKS):
                unasked.append(f"{file.relative_to(ROOT)}:{node.lineno}: {name}")
    assert not unasked, unasked
