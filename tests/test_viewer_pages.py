"""The pages as somebody sees them who signed in: whole, with what their role may not do disabled and the reason said."""

import time

import pytest

from core.base import access
from core.base.access import Person
from tests.pages import open_page

PAGES = ["data", "map", "duplicates", "select", "refine", "reward", "review", "compare", "export"]
# What starts or changes something on a page that a viewer sees.
OFFERED = {
    "data": ["Score the records", "Open as one pool"],
    "select": ["Select"],
    "reward": ["Train and select"],
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
