"""The pages on a workspace of a million records, in headless Chromium with software GL: every wait beside its limit.

WINNOW_BENCH_RECORDS takes another number of records; WINNOW_BENCH names the folder (see `workbench_data.py`).
"""

import dataclasses
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable

from tests.benchmarks.workbench_data import MANY, folder, prepared
from tests.browser import browser_page, check_page, lasso, map_drawn, running_app, settled

_STILL = (
    """() => !document.querySelector('[data-testid=stStatusWidget]') && !document.querySelector('[data-stale=true]')"""
)
_SMALL = [(0.47, 0.47), (0.53, 0.47), (0.53, 0.53), (0.47, 0.53)]
_LARGE = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6)]
_PICKED = re.compile(r"^[\d,]+ records? ·")


@dataclasses.dataclass(frozen=True)
class Step:
    """One wait. take: does it on a page and returns its seconds. before: what it was with the map that Plotly drew, in seconds."""

    name: str
    limit: float
    before: str
    take: Callable[..., float]
    repeats: int = 3


def _until(page, act: Callable[[], None], seen: Callable[[], bool]) -> float:
    """Act, and return the seconds until what is to be seen is there and nothing is drawn anew."""
    started = time.perf_counter()
    act()
    while not (seen() and page.evaluate(_STILL)):
        if time.perf_counter() - started > 30:
            raise TimeoutError("what was to be seen did not come in half a minute")
        page.wait_for_timeout(5)
    return time.perf_counter() - started


def _go(page, title: str) -> float:
    seconds = _until(
        page,
        lambda: page.get_by_role("link", name=title, exact=True).first.click(),
        lambda: page.get_by_role("heading", name=title, exact=True).count() > 0,
    )
    settled(page)
    check_page(page)
    return seconds


def first_view(page) -> float:
    """Go from the Data page to the map, until it is drawn."""
    _go(page, "Data")
    started = time.perf_counter()
    page.get_by_role("link", name="Map", exact=True).first.click()
    map_drawn(page)
    seconds = time.perf_counter() - started
    settled(page)
    return seconds


def _said(page) -> list[str]:
    return page.get_by_text(_PICKED).all_inner_texts()


def _pick(page, corners) -> float:
    before = _said(page)
    lasso(page, corners)
    return _until(page, lambda: None, lambda: bool(_said(page)) and _said(page) != before)


def draw_line(page) -> float:
    """Let go of a line around some points, until the page says what is in it."""
    seconds = _pick(page, _LARGE)
    settled(page)
    _pick(page, _SMALL)
    settled(page)
    return seconds


def colour_change(page) -> float:
    """Choose another colouring, until nothing is drawn anew."""
    box = page.locator(".st-key-colour_by")
    now = box.get_by_role("combobox").input_value()
    box.get_by_role("combobox").click()
    other = page.get_by_role("option").filter(has_not_text=now).first
    shown = other.inner_text()
    seconds = _until(page, other.click, lambda: box.get_by_role("combobox").input_value() == shown)
    settled(page)
    return seconds


def _search(page, way: str, text: str) -> float:
    page.locator(".st-key-finding").get_by_text(way, exact=True).first.click()
    settled(page)
    field = page.locator(".st-key-finding").get_by_label("Search", exact=True).last
    field.fill(text)
    before = _said(page)
    seconds = _until(page, lambda: field.press("Enter"), lambda: _said(page) != before and bool(_said(page)))
    settled(page)
    return seconds


def word_search(page) -> float:
    """Search for two words."""
    return _search(page, "Words", f"school {'teacher city water'.split()[int(time.time()) % 3]}")


def meaning_search(page) -> float:
    """Search by a sentence. Vectors from a file need a model to be named first, the bundled one, which made these."""
    name = page.locator(".st-key-find_model_name input")
    page.locator(".st-key-finding").get_by_text("Meaning", exact=True).first.click()
    settled(page)
    if name.count():
        name.fill("all-MiniLM-L6-v2")
        name.press("Enter")
        page.locator(".st-key-finding").get_by_label("Search", exact=True).last.wait_for()
        settled(page)
    return _search(page, "Meaning", f"a poem about the sea, number {int(time.time())}")


def decide_on_picked(page, action: str) -> float:
    """Press a button for all that is picked, until it is said to be done."""
    button = page.locator(f".st-key-focus_{action} button")
    done = {"pin": "Pinned", "clear": "Cleared"}[action]
    seconds = _until(page, button.click, lambda: page.get_by_text(re.compile(f"^{done} ")).count() > 0)
    settled(page)
    page.wait_for_timeout(5000)  # until the words have gone
    return seconds


def pin_few(page) -> float:
    """Pin what a small line holds."""
    _pick(page, _SMALL)
    return decide_on_picked(page, "pin")


def pin_many(page) -> float:
    """Pin what a large line holds."""
    _pick(page, _LARGE)
    return decide_on_picked(page, "pin")


def undo(page) -> float:
    """Undo the latest decision in the sidebar."""
    button = page.locator(".st-key-sidebar_undo button")
    seconds = _until(page, button.click, lambda: page.get_by_text(re.compile("is taken back")).count() > 0)
    settled(page)
    page.wait_for_timeout(5000)
    return seconds


def page_change(page) -> float:
    """Go to Review and back to the Select page: the slower of both."""
    return max(_go(page, "Review"), _go(page, "Select"))


STEPS = (
    Step("page change", 0.4, "0.3 (1.5 under load)", page_change),
    Step("first view of the map", 3.0, "3.0 (4.4)", first_view),
    Step("lasso", 0.3, "0.9 to 1.5 (2.4 to 5.0)", draw_line),
    Step("colour change", 0.2, "0.6 (2.6)", colour_change),
    Step("word search", 0.5, "2.0 (5.8)", word_search),
    Step("search by meaning, its model loaded first", 0.5, "not there", meaning_search),
    Step("pin what a small line holds", 0.7, "not measured", pin_few, 1),
    Step("undo", 0.7, "not measured", undo, 1),
    Step("pin what a large line holds", 0.7, "not measured", pin_many, 1),
    Step("undo, again", 0.7, "not measured", undo, 1),
)


def main() -> None:
    """Print the table."""
    n_records = int(os.environ.get("WINNOW_BENCH_RECORDS", MANY))
    prepared(n_records)
    print(f"the workbench at {n_records:,} records; before: with the server's picture and Plotly, idle (under load)")
    print(f"  load of the machine {os.getloadavg()[0]:.1f}")
    with running_app(folder()) as address, browser_page() as page:
        page.goto(f"{address}/?workspace={n_records}")
        page.get_by_role("heading", name="Data").wait_for()
        settled(page)
        for step in STEPS:
            _measure(step, page)
        print(f"  server {_server_gib():.2f} GiB; allowed 2; before 1.5", flush=True)


def _measure(step: Step, page) -> None:
    from playwright.sync_api import Error

    try:
        seconds = [step.take(page) for _ in range(step.repeats)]
    except (Error, TimeoutError, AssertionError) as error:  # a step that can't be taken is said, and the others go on
        print(f"  {step.name:<42} not measured: {type(error).__name__} {str(error).splitlines()[0][:90]}", flush=True)
        return
    over = "" if statistics.median(seconds) < step.limit else "  OVER"
    print(
        f"  {step.name:<42} {statistics.median(seconds):6.2f} s (least {min(seconds):.2f}, most {max(seconds):.2f}); "
        f"allowed {step.limit}; before {step.before}{over}",
        flush=True,
    )


def _server_gib() -> float:
    """Return the resident memory of the app that this process started."""
    listed = subprocess.run(["ps", "-o", "rss=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return sum(int(line.split()[0]) for line in listed.stdout.splitlines() if "streamlit" in line) / 2**20
