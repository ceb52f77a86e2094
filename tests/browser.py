"""A running app and a real Chromium, for the browser tests, the screenshots and the benchmarks."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--use-gl=swiftshader",
    "--enable-webgl",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running_app(home: Path, cwd: Path = ROOT, options: Sequence[str] = (), port: int = 0) -> Iterator[str]:
    """Start the app as the README says, with its workspaces in `home`; yield its address."""
    port = port or free_port()
    script = os.path.relpath(ROOT / "app" / "main.py", cwd)
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), *options]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | {"WINNOW_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_up(f"http://localhost:{port}/_stcore/health", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_up(address: str, process: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with status {process.returncode} before it was up")
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError("the app was not up in time")


@contextlib.contextmanager
def browser_page(dark: bool = False, width: int = 1440, height: int = 960) -> Iterator:
    """Open a page of a fresh headless Chromium (Playwright's sync page)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def settled(page) -> None:
    """Wait until Streamlit has finished its rerun and what it drew has stopped changing."""
    page.wait_for_timeout(250)
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_function("() => !document.querySelector('[data-stale=true]')", timeout=60_000)
    page.wait_for_timeout(250)


def go(page, title: str) -> None:
    """Follow the menu to a page, and wait until it stands."""
    page.get_by_role("link", name=title, exact=True).first.click()
    page.mouse.move(720, 2)  # off the link, whose tip would lie over its neighbours
    page.get_by_role("heading", name=title, exact=True).wait_for()
    settled(page)


_NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def click_a_point(page) -> None:
    """Click a point that lies on one of the map's diagonals; its record's cluster is open then."""
    map_drawn(page)
    box = page.locator(".map").bounding_box()
    shares = np.linspace(0.2, 0.8, 40)
    for x, y in [*zip(shares, shares, strict=True), *zip(shares, 1 - shares, strict=True)]:
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        page.evaluate(_NEXT_FRAME)  # where the machine is busy, the tip is later than the answer to the move
        if page.locator(".map .tip:not([hidden])").count():
            break
    else:
        raise AssertionError("no point lies on a diagonal of the map")
    page.mouse.down()
    page.mouse.up()
    page.get_by_text(re.compile(r"^Cluster \d+$")).wait_for()
    settled(page)


def check_page(page) -> None:
    """Assert that the page shows no exception and no error."""
    failed = page.locator("[data-testid=stException], [data-testid=stAlertContentError]")
    assert not failed.count(), failed.all_inner_texts()


def map_drawn(page, name: str = "map") -> None:
    """Wait until a map stands, whole."""
    page.locator(f".st-key-{name} .map[data-drawn]:not([data-drawn=''])").wait_for(state="attached")


def lasso(page, corners: list[tuple[float, float]], keys: tuple[str, ...] = ()) -> None:
    """Draw a line on the map. corners: shares of the map's width and height, (0, 0) at the upper left. keys: held down."""
    box = page.locator(".map").first.bounding_box()
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in [*corners, corners[0]]]
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)
