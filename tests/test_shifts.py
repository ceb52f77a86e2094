"""Nothing jumps: what arrives on a page, measure by measure or at a job's end, leaves what is there where it is."""

import re
from pathlib import Path

import pytest

from core.vectors.projection import ProjectParams
from tests.browser import CHROMIUM, browser_page, check_page, go, running_app, settled
from tests.pages import draw_map
from tests.shifts import jumped, shifts, watch

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)


@pytest.mark.slow
def test_what_a_job_makes_comes_where_there_is_room_for_it(make_pipeline, tmp_path):
    draw_map(make_pipeline("embed", "cluster", "score", "select", folder="home/sample"), ProjectParams())
    with running_app(tmp_path / "home") as address, browser_page(height=900) as page:
        watch(page)
        page.goto(f"{address}/compare?workspace=sample")
        page.get_by_role("button", name="Measure 1").wait_for()
        settled(page)
        shifts(page)  # of Streamlit's own beginning
        page.get_by_role("button", name="Measure 1").click()
        page.locator(".st-key-job_line").wait_for()
        page.locator(".st-key-job_line").wait_for(state="detached")
        page.get_by_role("heading", name=re.compile("random|chance")).wait_for()
        settled(page)
        assert not jumped(page)
        go(page, "Refine")
        page.get_by_role("textbox", name="Budget").fill("12")
        page.get_by_role("textbox", name="Budget").press("Enter")
        settled(page)
        page.get_by_role("button", name="Start and run all rounds").click()
        page.get_by_text("Run 1, complete").wait_for()
        settled(page)
        assert not jumped(page)
        check_page(page)
