"""Twenty curators in one workspace of 67,193 records: a browser session each, who read and decide by the keys of the reader.

One headless Chromium has a context a curator, on the machine that the server runs on and takes most of its time for itself, so that
the waits are those of a server that has no core to itself. A curator opens a pick of their own on the map, reads a record for a
while (WINNOW_BENCH_PAUSE seconds on average, 5 without it), presses P or D, and reads the next one. WINNOW_BENCH_CURATORS and
WINNOW_BENCH_DECISIONS take other numbers than 20 and 200; WINNOW_BENCH names the folder (see `workbench_data.py`).
"""

import asyncio
import dataclasses
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from core.workspace.picks import keep_pick
from core.workspace.workspace import Workspace
from tests.benchmarks.workbench_data import POOL_RECORDS, folder, prepared
from tests.browser import CHROMIUM, FLAGS, running_app
from tests.every_view import copied

_LIMIT = 1.0  # seconds, of the median
_POLL = 0.05  # seconds between looks into the ledger
_STUCK = 60  # seconds after which a next record comes no more
_LAST = 120  # seconds that the last decisions may take to be in the ledger
_KEYS = {"p": "pin", "d": "drop"}

# In the page: what is read in the dialog, as [row, whether its text is whole], and how long after a key another record was.
_WATCH = """
() => {
  const find = (root) => {
    const own = root.querySelector("dialog.sheet[open] .record");
    if (own) return own;
    for (const each of root.querySelectorAll("*")) {
      const found = each.shadowRoot && find(each.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  let body = null;
  window.readNow = () => {
    if (!body?.isConnected) body = find(document);
    return body ? [Number(body.dataset.row), !body.querySelector(".waiting")] : [-1, false];
  };
  window.waits = [];
  window.addEventListener("keydown", (event) => {
    if (!"pd".includes(event.key)) return;
    const [began, before] = [performance.now(), window.readNow()[0]];
    const look = () => {
      const [row, whole] = window.readNow();
      if (row >= 0 && row !== before && whole) window.waits.push((performance.now() - began) / 1000);
      else setTimeout(look, 5);
    };
    look();
  }, true);
}
"""


@dataclasses.dataclass
class Seat:
    """A curator: the page they sit at, the records that are theirs, and what they did, (action, row) in order.

    pressed: {row: when}. waits: seconds from a key until the next record was there. sockets: how often the page connected.
    stuck: what the page showed where the next record did not come.
    """

    name: str
    rows: np.ndarray
    page: object = None
    made: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    pressed: dict[int, float] = dataclasses.field(default_factory=dict)
    waits: list[float] = dataclasses.field(default_factory=list)
    sockets: int = 0
    stuck: str = ""


def main() -> None:
    """Print what the curators waited, what is in the ledger, and what the server took."""
    n_curators = int(os.environ.get("WINNOW_BENCH_CURATORS", 20))
    n_decisions = int(os.environ.get("WINNOW_BENCH_DECISIONS", 200))
    pause = float(os.environ.get("WINNOW_BENCH_PAUSE", 5))
    made = prepared(POOL_RECORDS)
    print(
        f"{n_curators} curators x {n_decisions} decisions at {POOL_RECORDS:,} records, {pause:g} s of reading each; "
        f"{os.cpu_count()} cores, shared with the browser; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=folder()) as home:
        workspace = Workspace(Path(home) / copied(made.folder, Path(home)))
        before = len(workspace.ledger.decisions())
        seats = _seats(workspace, n_curators, n_decisions)
        with running_app(Path(home)) as address:
            kept = asyncio.run(_sit(address, workspace, seats, pause, before))
        _report(workspace, seats, kept, before)


def _seats(workspace: Workspace, n_curators: int, n_decisions: int) -> list[Seat]:
    """Return seats with records of their own, which are kept as picks."""
    rows = np.random.default_rng(0).permutation(POOL_RECORDS)[: n_curators * n_decisions]
    seats = [Seat(f"curator {i + 1}", np.sort(part)) for i, part in enumerate(np.split(rows, n_curators))]
    for seat in seats:
        keep_pick(workspace, "picked", seat.name, seat.rows, name=f"Of {seat.name}")
    return seats


async def _sit(
    address: str, workspace: Workspace, seats: list[Seat], pause: float, before: int
) -> dict[tuple[str, int], float]:
    """Let all work at once; return {(who, row): when the decision was seen in the ledger}."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        await _open(
            browser, Seat("warm", seats[0].rows), address, seats[0].name, workspace
        )  # what all share is there now
        empty = _server()
        for seat in seats:
            await _open(browser, seat, address, seat.name, workspace)
        opened, began = _server(), time.monotonic()
        kept: dict[tuple[str, int], float] = {}
        over = asyncio.Event()
        watching = asyncio.create_task(_look(workspace, kept, before, seats, over))
        rng = np.random.default_rng(1)
        seeds = rng.integers(1 << 31, size=len(seats)).tolist()
        await asyncio.gather(*(_decide(seat, pause, seed) for seat, seed in zip(seats, seeds, strict=True)))
        over.set()
        await asyncio.wait_for(asyncio.gather(watching), _LAST)
        ended, seconds = _server(), time.monotonic() - began
        lost = [seat.name for seat in seats if not await _is_whole(seat)]
        await browser.close()
    _say_server(len(seats), empty, opened, ended, seconds)
    print(f"  sessions lost: {', '.join(lost) or 'none'}", flush=True)
    for seat in seats:
        if seat.stuck:
            print(f"  {seat.name}, decision {len(seat.made)}: {seat.stuck}", flush=True)
    return kept


async def _open(browser, seat: Seat, address: str, name: str, workspace: Workspace) -> None:
    """Sit down: open the pick on the map, sign by name, open the first record."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 800})).new_page()
    seat.page = page
    page.set_default_timeout(180_000)
    page.on("websocket", lambda _: setattr(seat, "sockets", seat.sockets + 1))
    await page.goto(f"{address}/review?workspace={workspace.folder.name}")
    field = page.get_by_role("textbox", name="Decisions are signed")
    await field.fill(seat.name)
    await field.press("Enter")
    await _settled(page)
    await page.get_by_role("link", name="Map", exact=True).first.click()
    await page.get_by_text(re.compile(r"^Kept \(")).click()
    await page.get_by_text(re.compile(f"^Of {name} · ")).click()
    await _settled(page)
    await page.get_by_test_id("stPopoverBody").wait_for(state="hidden")
    await page.evaluate(_WATCH)
    await page.locator(".reader .row").first.click()
    await page.wait_for_function("() => window.readNow()[1]")
    if seat.name == "warm":
        await page.context.close()


async def _settled(page) -> None:
    await page.wait_for_timeout(250)
    await page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')")
    await page.wait_for_timeout(250)


async def _decide(seat: Seat, pause: float, seed: int) -> None:
    """Read and decide until every record of the pick was read."""
    rng, page = np.random.default_rng(seed), seat.page
    for number in range(len(seat.rows)):
        await asyncio.sleep(pause * rng.uniform(0.5, 1.5))
        await page.wait_for_function("() => window.readNow()[0] >= 0")  # a reader may be put back just now
        row = (await page.evaluate("() => window.readNow()"))[0]
        key = "pd"[int(rng.integers(2))]
        seat.made.append((_KEYS[key], row))
        seat.pressed[row] = time.monotonic()
        await page.keyboard.press(key)
        if number + 1 < len(seat.rows) and not await _next_one(seat, number):
            break
    seat.waits = (await page.evaluate("() => window.waits"))[: len(seat.rows) - 1]


async def _next_one(seat: Seat, number: int) -> bool:
    """Wait until another record is there to be read; whether it came."""
    from playwright.async_api import TimeoutError as NothingCame

    try:
        await seat.page.wait_for_function(f"() => window.waits.length > {number}", polling=50, timeout=_STUCK * 1000)
    except NothingCame:
        picture = folder() / f"stuck-{seat.name.replace(' ', '-')}.png"
        await seat.page.screenshot(path=picture)
        seat.stuck = (
            f"reads {await seat.page.evaluate('() => window.readNow()')}, {seat.sockets} connections; {picture}"
        )
        print(f"  {seat.name}: {seat.stuck}", flush=True)
        return False
    return True


async def _look(
    workspace: Workspace, kept: dict[tuple[str, int], float], before: int, seats: list[Seat], over: asyncio.Event
) -> None:
    """Watch the ledger until nothing more is decided and all decisions are in it."""
    seen = before
    while not over.is_set() or seen < before + sum(len(seat.made) for seat in seats):
        made = await asyncio.to_thread(workspace.ledger.decisions)
        for decision in made[seen:]:
            kept[decision.who, int(decision.rows[0])] = time.monotonic()
        seen = len(made)
        await asyncio.sleep(_POLL)


async def _is_whole(seat: Seat) -> bool:
    """Whether a page is as it was: connected once, without an error, signed by the same name."""
    failed = await seat.page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count()
    return (
        not failed
        and not seat.stuck
        and seat.sockets == 1
        and (await seat.page.evaluate("() => window.readNow()"))[0] >= 0
    )


def _server() -> tuple[float, float, float]:
    """Return (resident GiB of the app that this process started, its seconds of CPU, those of the browser)."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,rss=,cputimes=,args="], capture_output=True, text=True)
    lines = [line.split(maxsplit=4) for line in listed.stdout.splitlines()]
    mine, known = [], {str(os.getpid())}
    for line in sorted(lines, key=lambda each: int(each[0])):
        if line[1] in known:
            known.add(line[0])
            mine.append(line)
    app = [line for line in mine if "streamlit" in line[4]]
    browser = [line for line in mine if "chrom" in line[4]]
    return (
        sum(int(line[2]) for line in app) / 2**20,
        sum(int(line[3]) for line in app),
        sum(int(line[3]) for line in browser),
    )


def _say_server(n: int, empty: tuple, opened: tuple, ended: tuple, seconds: float) -> None:
    print(
        f"  {seconds:.0f} s; CPU of the server {ended[1] - opened[1]:.0f} s, of the browser {ended[2] - opened[2]:.0f} s"
    )
    print(
        f"  server: {empty[0]:.2f} GiB resident with one session that has gone, {opened[0]:.2f} with {n} open, "
        f"{ended[0]:.2f} at the end; a session {(ended[0] - empty[0]) / n * 1024:.0f} MiB",
        flush=True,
    )


def _report(workspace: Workspace, seats: list[Seat], kept: dict[tuple[str, int], float], before: int) -> None:
    made = workspace.ledger.decisions()[before:]
    wrong = {}
    for seat in seats:
        kept_of = [(each.action, int(each.rows[0])) for each in made if each.who == seat.name]
        if kept_of != seat.made:
            wrong[seat.name] = next(
                (pair for pair in zip(seat.made, kept_of, strict=False) if pair[0] != pair[1]), "fewer"
            )
    asked = sum(len(seat.rows) for seat in seats)
    told = f"others than were made (made, kept): {wrong}" if wrong else "as they were made"
    print(f"  decisions in the ledger: {len(made):,} of {asked:,}; {told}")
    shown = [wait for seat in seats for wait in seat.waits]
    written = [
        kept[seat.name, row] - when for seat in seats for row, when in seat.pressed.items() if (seat.name, row) in kept
    ]
    for name, waits in (("the next record is there", shown), ("the decision is in the ledger", written)):
        median, late = statistics.median(waits), float(np.quantile(waits, 0.95))
        over = "" if median < _LIMIT else "  OVER"
        print(
            f"  from the key until {name:<30} median {median:.2f} s, p95 {late:.2f} s, most {max(waits):.2f}; "
            f"allowed {_LIMIT:g}{over}"
        )
