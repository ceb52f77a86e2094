"""`python -m tests.screenshots [--dark] [FOLDER]`: drive the app on its sample and take the README's pictures."""

import os
import sys
import tempfile
from pathlib import Path

from tests.browser import ROOT, browser_page, go, lasso, map_drawn, running_app, settled


def take(page, folder: Path, name: str) -> None:
    """Save a picture of the page once it is still."""
    settled(page)
    page.mouse.move(5, 5)
    page.locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 0)")
    page.wait_for_timeout(1200)
    page.screenshot(path=folder / f"{name}.png")


def refine(page) -> None:
    """Run two rounds by the proxy, weight a cluster, run the third, and look at the second."""
    go(page, "Refine")
    page.get_by_role("textbox", name="Budget").fill("150")
    page.get_by_role("textbox", name="Budget").press("Enter")
    page.get_by_role("spinbutton", name="Rounds").fill("4")
    page.get_by_role("spinbutton", name="Rounds").press("Enter")
    settled(page)
    page.get_by_role("button", name="Start, one round").click()
    page.get_by_text("in 1 of 4 rounds").wait_for()
    page.get_by_role("button", name="Next round").click()
    page.get_by_text("in 2 of 4 rounds").wait_for()
    settled(page)
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 35 * 3 + 17)
    page.get_by_text("Multiply its weight by").wait_for()
    page.get_by_role("spinbutton", name="Multiply its weight by").fill("2")
    page.get_by_role("spinbutton", name="Multiply its weight by").press("Enter")
    page.get_by_text("Weighted cluster 3 x 2").wait_for()
    page.get_by_role("button", name="Next round").click()
    page.get_by_text("in 3 of 4 rounds").wait_for()
    page.wait_for_timeout(4000)


def duplicates(page) -> None:
    """Find near-duplicates, from a low cosine on."""
    go(page, "Duplicates")
    page.get_by_role("button", name="Find near-duplicates").click()
    page.get_by_text("would be dropped").or_(page.get_by_text("No two records")).first.wait_for(timeout=240_000)
    settled(page)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Home")
    page.get_by_text("would be dropped").wait_for()


def compare(page, folder: Path) -> None:
    """Measure the latest selection and the first, then show what differs."""
    go(page, "Compare")
    page.get_by_role("button", name="Measure 2").click()
    page.get_by_text("Against each other").or_(page.get_by_text("Each is set beside")).first.wait_for(timeout=240_000)
    page.get_by_role("button", name="Measure").wait_for(state="detached", timeout=240_000)
    take(page, folder, "compare")
    page.get_by_role("radio", name="What differs").click()
    page.get_by_text("Only in A").first.wait_for()
    take(page, folder, "difference")


def main(folder: Path, dark: bool) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["LOGNAME"] = "ann"  # who signs the decisions in the pictures
    with (
        tempfile.TemporaryDirectory() as home,
        running_app(Path(home)) as address,
        browser_page(dark, 1440, 900) as page,
    ):
        page.goto(address)
        page.get_by_role("button", name="Open the sample").click()
        page.get_by_role("button", name="Skip the tour").click()
        page.get_by_role("button", name="Prepare the map").click()
        page.get_by_role("link", name="Next: Map").wait_for(timeout=240_000)
        take(page, folder, "data")
        go(page, "Select")
        page.get_by_role("button", name="Select", exact=True).click()
        page.get_by_text("Clusters touched").wait_for()
        go(page, "Map")
        map_drawn(page)
        settled(page)
        lasso(page, [(0.55, 0.02), (0.98, 0.02), (0.98, 0.45), (0.55, 0.45)])
        page.get_by_text("records inside the line").wait_for()
        page.locator(".row").first.click()
        page.get_by_role("button", name="Pin", exact=True).click()
        page.get_by_text("Pinned record").first.wait_for()
        page.keyboard.press("Escape")
        page.get_by_text("Pinned 1 record").wait_for()
        page.get_by_role("textbox", name="Search").fill("newsletter")
        page.get_by_role("button", name="Find", exact=True).click()
        page.get_by_text("“newsletter”: ").first.wait_for()
        settled(page)
        page.get_by_role("button", name="Drop all").click()
        page.get_by_role("button", name="Update the selection").click()
        page.get_by_role("button", name="Update the selection").wait_for(state="detached")
        page.get_by_role("button", name="Nothing", exact=True).click()
        settled(page)
        lasso(page, [(0.55, 0.02), (0.98, 0.02), (0.98, 0.45), (0.55, 0.45)])
        page.get_by_text("records inside the line").wait_for()
        page.wait_for_timeout(4000)  # let what was said fade
        take(page, folder, "map")
        duplicates(page)
        take(page, folder, "duplicates")
        go(page, "Select")
        take(page, folder, "select")
        refine(page)
        take(page, folder, "refine")
        go(page, "Reward")
        page.get_by_role("button", name="Train and select").click()
        page.get_by_text("At the cut").wait_for(timeout=240_000)
        take(page, folder, "reward")
        go(page, "Review")
        take(page, folder, "review")
        compare(page, folder)
        go(page, "Export")
        take(page, folder, "export")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--dark"]
    main(Path(arguments[0]) if arguments else ROOT / "assets" / "screenshots", "--dark" in sys.argv)
