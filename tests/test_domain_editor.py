"""The table of domains as it is edited: a row is known by the saved domain it was, and edits outlive the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.reward.domain_editor import edited_rows
from core.daar.domains import DEFAULT_DOMAINS, Domain, Seed
from core.daar.saved_domains import (
    DraftRow,
    change_domain,
    domain_draft,
    domains_of_rows,
    keep_draft,
    rows_of_domains,
    save_in,
    saved_domains,
)
from core.workspace.workspace import Workspace
from tests.browser import CHROMIUM, browser_page, running_app, settled
from tests.pages import check, open_page, press, words

SAVED = (Domain("a", "first", 0.25, (Seed("of a"),)), Domain("b", "second", 0.0, (Seed("of b"),)))
BEGAN = rows_of_domains(SAVED)


def frame(rows: dict[int, tuple]) -> pd.DataFrame:
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=["name", "description", "share"])


def domains_of(rows: dict[int, tuple]) -> tuple[Domain, ...]:
    return domains_of_rows(edited_rows(frame(rows), BEGAN), SAVED)


def test_a_renamed_domain_keeps_its_seeds_and_a_deleted_one_takes_its_own_along():
    made = domains_of({0: ("another name", "first", 0.25), 1: ("b", "second", 0.0)})
    assert [(d.name, d.seeds) for d in made] == [("another name", SAVED[0].seeds), ("b", SAVED[1].seeds)]
    assert domains_of({1: ("b", "second", 0.0)}) == SAVED[1:]
    swapped = domains_of({0: ("b", "first", 0.0), 1: ("a", "second", 0.0)})
    assert [d.seeds for d in swapped] == [SAVED[0].seeds, SAVED[1].seeds]


def test_a_new_row_without_a_share_has_none_and_empty_cells_are_empty():
    made = domains_of({0: ("a", "first", 0.25), 2: ("law", "courts", np.nan), 3: (None, np.nan, None)})
    assert made[1] == Domain("law", "courts", 0.0) and made[2] == Domain("", "", 0.0)


def test_seeds_kept_while_a_draft_waits_are_in_it(tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    save_in(workspace, SAVED)
    draft = (DraftRow("a", "renamed", "first", 0.25), DraftRow("", "new", "third"))
    keep_draft(workspace, draft)
    change_domain(workspace, "a", lambda seeds: (*seeds, Seed("another")))
    made = domains_of_rows(domain_draft(workspace), saved_domains(workspace))
    assert made == (Domain("renamed", "first", 0.25, (Seed("of a"), Seed("another"))), Domain("new", "third"))
    keep_draft(workspace, ())
    assert domain_draft(workspace) == ()
    keep_draft(workspace, None)
    assert domain_draft(workspace) is None and saved_domains(workspace)[0].name == "a"


@pytest.fixture
def drafted_home(sample_home):
    rows = list(rows_of_domains(DEFAULT_DOMAINS))
    rows[0] = DraftRow(rows[0].was, "everyday life", rows[0].description, 0.5)
    keep_draft(Workspace(sample_home / "sample"), tuple(rows))
    return sample_home


def test_the_page_says_what_is_not_saved_and_saves_it(drafted_home):
    workspace = Workspace(drafted_home / "sample")
    change_domain(workspace, "common sense", lambda seeds: (Seed("how to boil an egg"),))
    app = open_page(drafted_home, "reward")
    assert "Not saved yet" in words(app) and domain_draft(workspace) is not None
    app = press(app, "Save the domains")
    first = saved_domains(workspace)[0]
    assert (first.name, first.share, first.seeds) == ("everyday life", 0.5, (Seed("how to boil an egg"),))
    assert domain_draft(workspace) is None and "Not saved yet" not in words(app)


def test_a_page_that_is_only_drawn_again_leaves_anothers_edits_alone(sample_home):
    workspace = Workspace(sample_home / "sample")
    app = open_page(sample_home, "reward")
    rows = (DraftRow("", "by somebody else", "Edited in another window."), *rows_of_domains(DEFAULT_DOMAINS)[1:])
    keep_draft(workspace, rows)
    check(app.run())
    assert domain_draft(workspace) == rows


def test_changes_can_be_discarded(drafted_home):
    workspace = Workspace(drafted_home / "sample")
    app = press(open_page(drafted_home, "reward"), "Discard the changes")
    assert domain_draft(workspace) is None and saved_domains(workspace) == DEFAULT_DOMAINS
    assert "Not saved yet" not in words(app) and not [b for b in app.button if b.label == "Discard the changes"]


def test_keeping_a_seed_leaves_the_draft_alone(drafted_home):
    workspace = Workspace(drafted_home / "sample")
    change_domain(workspace, "common sense", lambda seeds: (Seed("an egg", "generated", state="offered"),))
    before = domain_draft(workspace)
    app = press(open_page(drafted_home, "reward"), "Keep all offered")
    assert domain_draft(workspace) == before and "Not saved yet" in words(app)
    assert saved_domains(workspace)[0].seeds[0].state == "kept"


def _name_first_domain(page, table, name):
    """Type a name into the first cell, as fast as a person does: the table takes what it has seen when Enter comes."""
    box = table.bounding_box()
    page.mouse.click(box["x"] + 90, box["y"] + 36 + 17)
    page.wait_for_timeout(700)
    page.keyboard.press("Enter")
    page.wait_for_timeout(700)
    page.keyboard.press("Control+A")
    page.keyboard.type(name, delay=60)
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    page.get_by_text("Not saved yet.").wait_for()


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this")
def test_an_edit_outlives_a_page_change_and_a_reload(sample_home):
    workspace = Workspace(sample_home / "sample")
    with running_app(sample_home) as address, browser_page() as page:
        page.goto(f"{address}/reward?workspace=sample")
        table = page.locator("[data-testid=stDataFrame]").first
        table.wait_for()
        settled(page)
        page.wait_for_timeout(2000)  # the table is laid out once more after it is there
        _name_first_domain(page, table, "everyday life")
        page.get_by_role("link", name="Data", exact=True).first.click()
        page.get_by_role("heading", name="Data", exact=True).wait_for()
        page.get_by_role("link", name="Reward", exact=True).first.click()
        page.get_by_text("Not saved yet.").wait_for()
        page.reload()
        page.get_by_text("Not saved yet.").wait_for()
        settled(page)
        assert domain_draft(workspace)[0] == DraftRow(
            "common sense", "everyday life", DEFAULT_DOMAINS[0].description, 0.0
        )
        page.get_by_role("button", name="Save the domains").click()
        page.get_by_text("Saved 4 domains").wait_for()
    assert saved_domains(workspace)[0].name == "everyday life" and domain_draft(workspace) is None
