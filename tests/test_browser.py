"""The whole way in a real browser: start the app, run the sample, lasso, pin, drop, export, compare the bytes."""

import json
import re
import sys
import time
from pathlib import Path

import pytest

from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.vectors.duplicates.params import DuplicateParams
from core.workspace.deciding import overrides_of
from core.workspace.workspace import Workspace
from tests.browser import (
    CHROMIUM,
    browser_page,
    check_page,
    click_a_point,
    go,
    lasso,
    map_drawn,
    running_app,
    settled,
)
from tests.conftest import SAMPLE

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)
LEFT, RIGHT = (
    [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)],
    [(0.5, 0.5), (0.98, 0.5), (0.98, 0.98), (0.5, 0.98)],
)


def draw(page, corners):
    """Draw a line and return the number of records that the page says are inside."""
    before = page.get_by_text("inside the line").all_inner_texts()
    lasso(page, corners)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        now = page.get_by_text("records inside the line").all_inner_texts()
        if now and now != before:
            settled(page)
            return int(re.search(r"[\d,]+", now[0])[0].replace(",", ""))
        page.wait_for_timeout(50)
    raise AssertionError("the lasso showed nothing")


def test_from_the_first_start_to_the_downloaded_file(tmp_path):
    home = tmp_path / "home"
    with running_app(home) as address, browser_page() as page:
        up = time.monotonic()
        page.goto(address)
        page.get_by_role("button", name="Open the sample").wait_for()
        print(
            f"\nfirst page drawn {time.monotonic() - up:.2f} s after the server was up (meant: within 3 s)",
            file=sys.stderr,
        )
        settled(page)
        page.get_by_role("button", name="Open the sample").click()
        page.get_by_role("button", name="Prepare the map").click()
        page.get_by_text("Embedding the records").first.wait_for()
        page.reload()  # a reload in the middle changes nothing
        page.get_by_role("button", name="Cancel").first.wait_for()
        page.get_by_role("link", name="Next: Map").wait_for(timeout=240_000)

        go(page, "Map")
        map_drawn(page)
        n_pinned = draw(page, RIGHT)
        page.get_by_role("button", name="Pin all").click()
        page.get_by_text(f"Pinned {n_pinned:,} records").wait_for()
        n_left = draw(page, LEFT)
        page.locator(".row").first.click()
        page.get_by_role("button", name="Drop", exact=True).click()
        page.get_by_text("Dropped 1 record").wait_for()
        page.keyboard.press("Escape")
        pipeline = Pipeline(Workspace(home / "sample"))
        assert (
            len(overrides_of(pipeline).pinned) == n_pinned and len(overrides_of(pipeline).dropped) == 1 and n_left > 1
        )

        go(page, "Select")
        page.get_by_role("textbox", name="Budget").fill(str(n_pinned + 40))
        page.get_by_role("button", name="Select", exact=True).click()
        page.get_by_text(f"{n_pinned + 40} of {n_pinned + 40} selected").wait_for()

        go(page, "Review")
        go(page, "Export")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download JSONL").click()
        content = Path(download.value.path()).read_bytes()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the manifest").click()
        manifest = json.loads(Path(download.value.path()).read_text())

    pipeline = Pipeline(Workspace(home / "sample"))
    rows = sorted(pipeline.table("select")["row_id"].to_pylist())
    overrides = overrides_of(pipeline)
    source = SAMPLE.read_bytes().splitlines(keepends=True)
    assert content == b"".join(source[row] for row in rows)
    assert len(rows) == n_pinned + 40 and set(overrides.pinned) <= set(rows) and not set(overrides.dropped) & set(rows)
    assert manifest["row_ids"] == rows


def find_and_narrow(page):
    """Search by words, narrow what is found by a source, read the first, and let go of the source again."""
    field = page.get_by_role("textbox", name="Search", exact=True)
    field.fill("bread")
    field.press("Enter")
    page.get_by_text(re.compile(r"^“bread”: \d+ records$")).wait_for()
    settled(page)
    assert page.locator(".row mark").count() and page.locator(".st-key-map_panel").evaluate("e => e.scrollTop") == 0
    n = int(re.search(r"\d+ records", page.locator(".st-key-pick_title").inner_text())[0].split()[0])
    page.locator(".holding .part").first.click()
    chip = page.get_by_role("button", name=re.compile("source cooking"))
    chip.wait_for()
    settled(page)
    few = page.locator(".row").count()
    assert 0 < few < n
    page.keyboard.press("Enter")
    page.get_by_text(f"1 of {few}").wait_for()
    page.keyboard.press("Escape")
    chip.click()
    page.get_by_text(re.compile(r"^“bread”: \d+ records$")).wait_for()
    settled(page)


def drop_duplicates(page):
    """Drop the near-duplicates in words, and take that back; look at another group."""
    go(page, "Duplicates")
    page.get_by_role("radio", name="Words").click()
    settled(page)  # until then the button drops those alike in meaning, as it says
    page.get_by_role("button", name=re.compile(r"^Drop \d+ records$")).click()
    page.get_by_role("button", name="All of them are dropped").wait_for()
    settled(page)
    page.get_by_role("button", name="Undo the last decision").click()
    page.get_by_role("button", name=re.compile(r"^Drop \d+ records$")).wait_for()
    settled(page)
    box = page.locator("[data-testid=stDataFrame]").bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 35 + 17)
    page.get_by_role("heading", name=re.compile("^Group 2: ")).wait_for()
    settled(page)


def test_a_click_on_a_point_shows_its_cluster_and_nothing_fails_on_any_page(sample_home):
    Pipeline(Workspace(sample_home / "sample")).run("duplicates", DuplicateParams(least_jaccard=0.5))
    with running_app(sample_home) as address, browser_page(dark=True) as page:
        failures = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(address)
        settled(page)
        go(page, "Map")
        click_a_point(page)
        find_and_narrow(page)
        drop_duplicates(page)
        for title in ("Select", "Review", "Data"):
            go(page, title)
            check_page(page)
        assert not failures


@pytest.mark.slow
def test_three_rounds_with_a_language_model_from_the_page(sample_home, tiny_lm):
    with running_app(sample_home) as address, browser_page() as page:
        page.goto(address)
        go(page, "Refine")
        page.get_by_role("textbox", name="Budget").fill("6")
        page.get_by_role("textbox", name="Budget").press("Enter")
        settled(page)
        page.get_by_role("combobox", name="Feedback from").click()
        page.get_by_role("option", name="A language model, tuned here").click()
        page.get_by_role("textbox", name="Language model").fill(tiny_lm)
        page.get_by_role("textbox", name="Language model").press("Enter")
        settled(page)
        page.get_by_role("button", name="Start and run all rounds").click()
        page.get_by_text("Refining in rounds").first.wait_for()
        page.reload()  # a reload in the middle changes nothing
        page.get_by_text("Run 1, complete").wait_for(timeout=240_000)
        settled(page)
        page.get_by_text("Training loss", exact=True).click()
        page.locator(".js-plotly-plot").first.wait_for()
        page.get_by_text("6 of 6 selected").wait_for()
        page.get_by_text("All clusters", exact=True).click()  # a column of the heat map opens its cluster
        page.get_by_text("Click a column").wait_for()
        plot = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
        page.mouse.click(plot["x"] + 0.02 * plot["width"], plot["y"] + 0.5 * plot["height"])
        page.get_by_text("Multiply its weight by").wait_for()
        page.get_by_text("Most changed", exact=True).click()
        page.get_by_text("Click a line").first.wait_for()
        settled(page)
        assert page.get_by_text("Multiply its weight by").count()  # it stays picked in another view
        check_page(page)
    rounds = Rounds(Pipeline(Workspace(sample_home / "sample")))
    run, standing = rounds.run(1), rounds.rounds(1)
    assert run.params.feedback == "lm" and [rounds.info(made)["n_selected"] for made in standing] == [2, 2, 2]
    assert all(rounds.losses(made) for made in standing[:2])
