"""The pages on a workspace of a million records, in headless Chromium with software GL: every wait beside its limit.

WINNOW_BENCH_RECORDS takes another number of records; WINNOW_BENCH names the folder (see `workbench_data.py`).
"""

import dataclasses
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.workspace.picks import keep_pick
from core.workspace.workspace import Workspace
from tests.benchmarks.data import run_command
from tests.benchmarks.workbench_data import MANY, folder, prepared
from tests.browser import browser_page, check_page, lasso, map_drawn, running_app, settled
from tests.every_view import copied

_STILL = (
    """() => !document.querySelector('[data-testid=stStatusWidget]') && !document.querySelector('[data-stale=true]')"""
)
_SMALL = [(0.47, 0.47), (0.53, 0.47), (0.53, 0.53), (0.47, 0.53)]
_LARGE = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6)]
FEW_PINS, MANY_PINS = 10_000, 100_000
_PICKED = re.compile(r"^[\d,]+ records? ·")

_WORDS = iter([f"{word} school" for word in ("teacher", "city", "water", "history", "music")])
_SENTENCES = iter(
    [f"{what}, in a few words" for what in ("the sea at night", "how bread is made", "a lost dog", "rain", "war")]
)


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


def _over_a_record(page, share: float) -> None:
    """Rest the pointer on the first record from a place on, along a line across the map."""
    box = page.locator(".map").first.bounding_box()
    for step in range(60):
        page.mouse.move(box["x"] + box["width"] * (share + step / 300), box["y"] + box["height"] * 0.52)
        if page.locator(".map .tip:not([hidden])").count():
            return
    raise TimeoutError("no record under the pointer")


def hover(page) -> float:
    """Rest on a record until the map says its cluster, which the server tells."""
    page.mouse.move(5, 5)
    share = 0.3 + (time.time() * 7 % 1) * 0.3
    tip = page.locator(".map .tip:not([hidden])").get_by_text(re.compile("^cluster "))
    seconds = _until(page, lambda: _over_a_record(page, share), lambda: tip.count() > 0)
    settled(page)
    return seconds


def _pick_nothing(page) -> None:
    nothing = page.locator(".st-key-pick_nothing button").first
    if nothing.count():
        nothing.click()
        settled(page)


def open_cluster(page) -> float:
    """Click a record, until the page says its cluster and the map has it in front."""
    _pick_nothing(page)  # the same cluster twice would change nothing that can be seen
    _over_a_record(page, 0.3 + (time.time() * 7 % 1) * 0.3)
    page.wait_for_timeout(500)
    before = page.locator(".map").first.get_attribute("data-drawn")

    def click() -> None:
        page.mouse.down()
        page.mouse.up()

    drawn = page.locator(".map").first
    seconds = _until(page, click, lambda: drawn.get_attribute("data-drawn") not in ("", before))
    settled(page)
    return seconds


def _press(page, place) -> Callable[[], None]:
    """Rest the pointer on a place; return what presses there, without Playwright's search for it."""
    box = place.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(100)

    def press() -> None:
        page.mouse.down()
        page.mouse.up()

    return press


def colour_change(page) -> float:
    """Press on another colouring, until all points are drawn in it."""
    box = page.locator(".st-key-colour_by")
    now = box.get_by_role("combobox").input_value()
    box.get_by_role("combobox").click()
    other = page.get_by_role("option").filter(has_not_text=now).first
    shown = other.inner_text()
    drawn, before = page.locator(".map").first, page.locator(".map").first.get_attribute("data-drawn")
    seconds = _until(page, _press(page, other), lambda: drawn.get_attribute("data-drawn") not in ("", before))
    assert box.get_by_role("combobox").input_value() == shown
    settled(page)
    return seconds


def _search(page, way: str, text: str) -> float:
    """Search for `text`, which was not searched for before, until what was found is called by it."""
    chips = page.locator(".st-key-find_chips button")
    while chips.count():
        chips.first.click()
        settled(page)
    page.locator(".st-key-finding").get_by_text(way, exact=True).first.click()
    settled(page)
    field = page.locator(".st-key-finding").get_by_label("Search", exact=True).last
    field.fill(text)
    found = page.get_by_test_id("stText").filter(has_text=f"{text[:12]}").filter(has_text=re.compile("record"))
    seconds = _until(page, lambda: field.press("Enter"), lambda: found.count() > 0)
    settled(page)
    return seconds


def word_search(page) -> float:
    """Search for two words."""
    return _search(page, "Words", next(_WORDS))


def name_model(page) -> float:
    """Name the model for vectors that came from a file, the bundled one, and search once: it is loaded for that."""
    page.locator(".st-key-finding").get_by_text("Meaning", exact=True).first.click()
    settled(page)
    name = page.locator(".st-key-find_model_name input")
    if name.count():
        name.fill("all-MiniLM-L6-v2")
        name.press("Enter")
        page.locator(".st-key-finding").get_by_label("Search", exact=True).last.wait_for()
        settled(page)
    return meaning_search(page)


def meaning_search(page) -> float:
    """Search by a sentence, the model loaded."""
    return _search(page, "Meaning", next(_SENTENCES))


def decide_on_picked(page, action: str) -> float:
    """Press a button for all that is picked, until it is said to be done."""
    button = page.locator(f".st-key-focus_{action} button")
    done = {"pin": "Pinned", "clear": "Cleared"}[action]
    seconds = _until(page, button.click, lambda: page.get_by_text(re.compile(f"^{done} ")).count() > 0)
    settled(page)
    page.wait_for_timeout(5000)  # until the words have gone
    return seconds


def _pin_kept(page, n_records: int) -> float:
    """Pin a kept pick of that many records."""
    _pick_nothing(page)
    page.get_by_text(re.compile(r"^Kept \(")).click()
    page.get_by_text(re.compile(f"^{_kept_name(n_records)} · ")).click()
    page.get_by_test_id("stPopoverBody").wait_for(state="hidden")
    settled(page)
    return decide_on_picked(page, "pin")


def pin_few(page) -> float:
    """Pin 10,000 records."""
    return _pin_kept(page, FEW_PINS)


def pin_many(page) -> float:
    """Pin 100,000 records."""
    return _pin_kept(page, MANY_PINS)


def undo(page) -> float:
    """Undo the latest decision in the sidebar."""
    button = page.locator(".st-key-sidebar_undo button").first
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
    Step("lasso", 0.3, "0.9 to 1.5 (2.4 to 5.0)", draw_line, 7),
    Step("colour change", 0.2, "0.6 (2.6)", colour_change, 7),
    Step("hover, until its cluster is named", 0.5, "on 800 points only", hover),
    Step("open a cluster by a click on a record", 0.5, "on 800 points only", open_cluster, 7),
    Step("word search", 0.5, "2.0 (5.8)", word_search),
    Step("first search by meaning, the model loaded", 30, "not there", name_model, 1),
    Step("search by meaning", 0.5, "not there", meaning_search),
    Step("pin 10,000 records", 0.7, "not measured", pin_few, 1),
    Step("undo", 0.7, "not measured", undo, 1),
    Step("pin 100,000 records", 0.7, "not measured", pin_many, 1),
    Step("undo, again", 0.7, "not measured", undo, 1),
)


def _kept_name(n_records: int) -> str:
    return f"{n_records} at random"


def _keep_picks(workspace: Workspace, n_records: int) -> None:
    """Keep the picks that are pinned."""
    for n_picked in (FEW_PINS, MANY_PINS):
        rows = np.random.default_rng(0).choice(n_records, min(n_picked, n_records), replace=False)
        keep_pick(workspace, "picked", _kept_name(n_picked), rows, name=_kept_name(n_picked))


def _measures(workspace: Path) -> tuple[float, float]:
    """Measure the selection of a copy, where no measure is kept; return its seconds and its peak memory in GiB."""
    with tempfile.TemporaryDirectory(dir=folder()) as home:
        return run_command("measure", str(Path(home) / copied(workspace, Path(home))))[1:]


def main() -> None:
    """Print the table."""
    n_records = int(os.environ.get("WINNOW_BENCH_RECORDS", MANY))
    workspace = prepared(n_records)
    _keep_picks(workspace, n_records)
    print(f"the workbench at {n_records:,} records; before: with the server's picture and Plotly, idle (under load)")
    print(f"  load of the machine {os.getloadavg()[0]:.1f}")
    with running_app(folder()) as address, browser_page() as page:
        page.goto(f"{address}/?workspace={n_records}")
        page.get_by_role("heading", name="Data").wait_for()
        settled(page)
        for step in STEPS:
            _measure(step, page)
        print(f"  server {_server_gib():.2f} GiB; allowed 2; before 1.5", flush=True)
    seconds, peak = _measures(workspace.folder)
    print(
        f"  measure of a tenth, nothing kept: {seconds:.0f} s, {peak:.2f} GiB; allowed 300 s; before not ended after 17 minutes"
    )


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
