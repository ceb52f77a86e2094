"""Two browsers in one workspace, 200 decisions each at once: none is lost, and both show the same."""

import re
import time
from pathlib import Path

import numpy as np
import pytest

from core.workspace.deciding import overrides_of
from core.workspace.picks import keep_pick
from tests.browser import CHROMIUM, browser_page, check_page, running_app, settled
from tests.pages import pipeline_of

ROUNDS = 99  # of two decisions, then two that stay


@pytest.mark.slow
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this")
def test_two_browsers_decide_200_times_each_at_once(selected_home):
    workspace = pipeline_of(selected_home).workspace
    with running_app(selected_home) as address, browser_page() as page:
        other = page.context.browser.new_context().new_page()
        other.set_default_timeout(60_000)
        seats = ((page, "Ana", "p", np.arange(0, 6)), (other, "Ben", "d", np.arange(30, 36)))
        for each, name, _, rows in seats:
            keep_pick(workspace, "area", name, rows, name=f"{name}'s own")
            each.goto(f"{address}/review?workspace=sample")
            field = each.get_by_role("textbox", name="Decisions are signed")
            field.fill(name)
            field.press("Enter")
            settled(each)
            each.get_by_role("link", name="Map", exact=True).first.click()
            each.get_by_text(re.compile(r"^Kept \(")).click()
            each.get_by_text(re.compile(f"{name}'s own · ")).click()
            settled(each)
            each.locator(".reader .row").first.click()
            each.get_by_role("dialog", name="Record").wait_for()  # keys work in it as in the list
            each.get_by_test_id("stPopoverBody").wait_for(state="hidden")  # what lies over a reader takes its keys
        started = time.monotonic()
        for _ in range(ROUNDS):
            for key in (None, "k", "c"):
                for each, _, first, _ in seats:
                    each.keyboard.press(key or first, delay=20)  # as fast as hands are
        for _ in range(2):
            for each, _, first, _ in seats:
                each.keyboard.press(first, delay=20)
        while len(made := workspace.ledger.decisions()) < 400 and time.monotonic() - started < 240:
            time.sleep(0.2)
        last = time.monotonic()
        for each, *_ in seats:
            each.locator("section[data-testid=stSidebar]").get_by_text(re.compile("2 pinned")).wait_for(timeout=20_000)
            each.locator("section[data-testid=stSidebar]").get_by_text(re.compile("2 dropped")).wait_for(timeout=20_000)
        assert time.monotonic() - last < 10
        assert [decision.id for decision in made] == list(range(1, 401)), [(d.who, d.action, d.rows) for d in made]
        assert [sum(decision.who == name for decision in made) for _, name, *_ in seats] == [200, 200]
        overrides = overrides_of(pipeline_of(selected_home))
        assert len(overrides.pinned) == len(overrides.dropped) == 2
        assert set(overrides.pinned) < set(range(6)) and set(overrides.dropped) < set(range(30, 36))
        for each, *_ in seats:
            check_page(each)
