"""The map in a real browser: lines, clicks, hovering, zoom and keys, with and without a graphics card's canvas."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from components.canvas.layers import Frame
from core.run.pipeline import Pipeline
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from core.vectors.naming.stage import RegionParams
from core.vectors.projection import ProjectParams
from tests.browser import CHROMIUM, browser_page, check_page, lasso, map_drawn, running_app, settled
from tests.conftest import small_records, write_jsonl

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)

N = 3000
_WEBGL = "localStorage.setItem('winnow-renderer', 'webgl2')"
_NO_WEBGL = """() => { const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind === "webgl2" ? null : real.call(this, kind, ...rest); }; }"""
_INK = """(canvas) => { const copy = document.createElement("canvas"); [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d"); context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, copy.width, copy.height).data.filter((_, i) => i % 4 === 3).filter((a) => a > 0).length; }"""


@pytest.fixture
def mapped(make_pipeline, tmp_path) -> tuple[Pipeline, np.ndarray]:
    """A workspace of 3,000 records whose map is drawn by hand: umap takes long."""
    data = write_jsonl(tmp_path / "many.jsonl", small_records(N))
    pipeline = make_pipeline("embed", "cluster", "score", folder="sample", data=data)
    xy = np.random.default_rng(3).normal(size=(N, 2)).astype(np.float32) * np.float32([4, 3])
    workspace, params = pipeline.workspace, ProjectParams()
    workspace.save("project", pipeline.key("project", params), {"params": params.as_dict()}, value=xy)
    workspace.ledger.set_settings("project", params.as_dict())
    return Pipeline(workspace), xy


class Map:
    """The map on a page, with its view read off what it says of itself."""

    def __init__(self, page, xy: np.ndarray) -> None:
        self.page, self.xy = page, xy
        self.frame = Frame.around(xy)
        self.root = page.locator(".map").first

    def view(self) -> tuple[float, float, float]:
        return tuple(float(v) for v in self.root.get_attribute("data-view").split())

    def drawn(self) -> tuple[int, str]:
        """Return (points, picked) of what is drawn."""
        map_drawn(self.page)
        parts = self.root.get_attribute("data-drawn").split(" ")
        return int(parts[0]), parts[-1]

    def pixel(self, row: int) -> tuple[float, float]:
        return tuple(self.pixels(np.array([row]))[0].tolist())

    def pixels(self, rows: np.ndarray) -> np.ndarray:
        """Return the (m, 2) places of records on the page."""
        box, (x, y, zoom) = self.root.bounding_box(), self.view()
        width, height = box["width"] - 2, box["height"] - 2  # inside its border
        scale = zoom * min((width - 96) / self.frame.bounds[0], height / (self.frame.bounds[1] * 1.06))
        unit = self.frame.to_unit(self.xy[rows].astype(float)) - [x, y]
        middle = [box["x"] + 1 + width / 2, box["y"] + 1 + height / 2]
        return middle + unit * [scale, -scale]

    def hover(self, row: int) -> int:
        """Rest the pointer on a record and return the record that the tip names, once the server has said what it is."""
        x, y = self.pixel(row)
        self.page.mouse.move(5, 5)
        self.page.mouse.move(x, y, steps=2)
        tip = self.root.locator(".tip:not([hidden])")
        tip.get_by_text(re.compile("^cluster")).wait_for()
        return int(re.match(r"record ([\d,]+)", tip.inner_text())[1].replace(",", ""))

    def apart(self, row: int, other: int) -> float:
        return float(np.hypot(*np.subtract(self.pixel(row), self.pixel(other))))

    def until_picked(self, count: int | None) -> None:
        text = "" if count is None else str(count)
        self.page.wait_for_function(
            "([root, n]) => { const d = root.dataset.drawn; return d && d.split(' ').pop() === n }",
            arg=[self.root.element_handle(), text],
        )

    def inside(self, corners) -> np.ndarray:
        """Return the records inside a line, given as shares of the map's width and height."""
        box = self.root.bounding_box()
        at = self.pixels(np.arange(len(self.xy)))
        x, y = (at[:, 0] - box["x"]) / box["width"], (at[:, 1] - box["y"]) / box["height"]
        (x0, y0), (x1, y1) = np.min(corners, axis=0), np.max(corners, axis=0)
        return np.flatnonzero((x > x0) & (x < x1) & (y > y0) & (y < y1))


def picked_on(page) -> int:
    said = page.get_by_text(re.compile(r"^[\d,]+ records? ·")).first.inner_text()
    return int(said.split(" ")[0].replace(",", ""))


BOX = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6)]
NEXT = [(0.6, 0.3), (0.8, 0.3), (0.8, 0.6), (0.6, 0.6)]
PART = [(0.3, 0.3), (0.45, 0.3), (0.45, 0.6), (0.3, 0.6)]


def opened_map(page, address: str, xy: np.ndarray, renderer: str) -> Map:
    page.goto(f"{address}/map?workspace=sample")
    map_drawn(page)
    settled(page)
    shown = Map(page, xy)
    assert shown.root.get_attribute("data-renderer") == renderer
    assert shown.drawn() == (N, "") and page.locator("canvas.points").evaluate(_INK) > 1000
    return shown


def test_the_map_is_read_picked_and_moved_by_mouse_and_keys(mapped, monkeypatch):
    pipeline, xy = mapped
    pipeline.run("regions", RegionParams(2))
    monkeypatch.setenv("WINNOW_HOME", str(pipeline.workspace.folder.parent))
    with running_app(pipeline.workspace.folder.parent) as address, browser_page() as page:
        shown = opened_map(page, address, xy, "pixels")  # no graphics card here, so the processor draws

        overlay = page.locator("canvas.overlay")  # from afar it names regions alone
        assert overlay.get_attribute("data-names") == overlay.get_attribute("data-regions") in ("1", "2")

        # Hover and click: every record answers with its own words.
        rows = np.random.default_rng(5).choice(N, 5, replace=False).tolist()
        for row in rows[:4]:
            named = shown.hover(row)
            assert shown.apart(row, named) <= 1.5, (row, named)
        named = shown.hover(rows[4])
        page.mouse.down()
        page.mouse.up()
        cluster = int(pipeline.array("cluster")[named])
        page.get_by_text(f"Cluster {cluster}", exact=True).wait_for()
        shown.until_picked(int((np.asarray(pipeline.array("cluster")) == cluster).sum()))

        # A line, added to with Shift, cut down with Alt, and let go with Escape.
        lasso(page, BOX)
        first = shown.inside(BOX)
        page.get_by_text("inside the line").wait_for()
        settled(page)
        assert abs(picked_on(page) - len(first)) <= 3
        n = picked_on(page)
        shown.until_picked(n)
        lasso(page, NEXT, keys=("Shift",))
        page.get_by_text("Put together").wait_for()
        settled(page)
        assert abs(picked_on(page) - n - len(shown.inside(NEXT))) <= 4
        both = picked_on(page)
        lasso(page, PART, keys=("Alt",))
        page.wait_for_timeout(500)
        settled(page)
        assert abs(both - picked_on(page) - len(shown.inside(PART))) <= 4
        page.locator("canvas.points").focus()
        page.keyboard.press("Escape")
        page.get_by_text("Nothing picked yet").wait_for()
        shown.until_picked(None)

        # The wheel zooms at the pointer, keys move and zoom, 0 shows all; the address remembers the view.
        box = shown.root.bounding_box()
        at = (box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3)
        page.mouse.move(*at)
        page.mouse.wheel(0, -800)
        page.wait_for_timeout(300)
        assert shown.view()[2] == pytest.approx(np.exp(1.2), rel=0.01) and shown.view()[0] > 0.5
        x, y, zoom = shown.view()
        for key in ("ArrowRight", "ArrowUp", "+"):
            page.keyboard.press(key)
            page.wait_for_timeout(150)
        assert shown.view()[0] > x and shown.view()[1] > y and shown.view()[2] == pytest.approx(zoom * 1.5, rel=0.01)
        page.wait_for_url(re.compile(r"view="))
        kept = shown.view()
        assert overlay.get_attribute("data-regions") == "0"
        row = int(np.argmin(np.hypot(*(shown.pixels(np.arange(N)) - at).T)))
        assert shown.apart(row, shown.hover(row)) <= 1.5  # nearer, and still every record its own
        page.reload()
        map_drawn(page)
        settled(page)
        assert shown.view() == pytest.approx(kept, abs=1e-3)
        page.locator("canvas.points").focus()
        page.keyboard.press("0")
        page.wait_for_timeout(600)
        assert shown.view() == pytest.approx((0.5, 0.5, 1), abs=1e-4)
        check_page(page)


def test_the_legend_filters_what_is_seen_and_what_a_line_picks(mapped, monkeypatch):
    pipeline, xy = mapped
    monkeypatch.setenv("WINNOW_HOME", str(pipeline.workspace.folder.parent))
    codes = pipeline.workspace.records().sources()
    with running_app(pipeline.workspace.folder.parent) as address, browser_page() as page:
        page.goto(f"{address}/map?workspace=sample&colour=source")
        map_drawn(page)
        settled(page)
        shown = Map(page, xy)
        entries = page.locator(".legend-entry")
        assert entries.count() >= 2
        everything = page.locator("canvas.points").evaluate(_INK)
        name = entries.first.locator(".legend-name").inner_text()
        entries.first.click()
        page.wait_for_timeout(300)
        assert entries.first.get_attribute("aria-pressed") == "false"
        assert page.locator("canvas.points").evaluate(_INK) < everything
        lasso(page, BOX)
        page.get_by_text("inside the line").wait_for()
        settled(page)
        inside = shown.inside(BOX)
        hidden = codes[1][inside] == codes[0].index(name)
        assert hidden.any() and abs(picked_on(page) - int((~hidden).sum())) <= 3
        check_page(page)

        # The picture has the screen's own pixels, however wide the window is.
        for width in (1100, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)
            drawn, seen = page.locator("canvas.points").evaluate("c => [c.width, c.getBoundingClientRect().width]")
            assert abs(drawn - seen) < 1


def test_webgl_draws_it_and_a_lost_context_comes_back(mapped, monkeypatch):
    pipeline, xy = mapped
    monkeypatch.setenv("WINNOW_HOME", str(pipeline.workspace.folder.parent))
    with running_app(pipeline.workspace.folder.parent) as address, browser_page() as page:
        page.add_init_script(_WEBGL)
        shown = opened_map(page, address, xy, "webgl2")
        frames = int(shown.root.get_attribute("data-frames"))
        page.locator("canvas.points").evaluate(
            "(canvas) => (globalThis.taken = canvas.getContext('webgl2').getExtension('WEBGL_lose_context')).loseContext()"
        )
        page.locator(".map[data-lost='1']").wait_for(state="attached")
        page.evaluate("taken.restoreContext()")
        page.wait_for_timeout(800)
        assert shown.root.get_attribute("data-lost") is None
        assert int(shown.root.get_attribute("data-frames")) > frames
        assert page.locator("canvas.points").evaluate(_INK) > 1000
        lasso(page, BOX)
        page.get_by_text("inside the line").wait_for()
        settled(page)
        shown.until_picked(picked_on(page))
        assert shown.apart(17, shown.hover(17)) <= 1.5
        check_page(page)


def test_a_browser_without_webgl_draws_the_same_map_and_says_so(mapped, monkeypatch):
    pipeline, xy = mapped
    monkeypatch.setenv("WINNOW_HOME", str(pipeline.workspace.folder.parent))
    with running_app(pipeline.workspace.folder.parent) as address, browser_page() as page:
        page.add_init_script(f"({_NO_WEBGL})()")
        shown = opened_map(page, address, xy, "pixels")
        page.get_by_text("This browser has no WebGL2.").wait_for()
        lasso(page, BOX)
        page.get_by_text("inside the line").wait_for()
        settled(page)
        assert abs(picked_on(page) - len(shown.inside(BOX))) <= 3
        check_page(page)


def test_the_examples_of_a_target_are_stars_that_say_their_text_and_can_be_hidden(mapped, tmp_path, monkeypatch):
    pipeline, xy = mapped
    pipeline.run("targets", TargetParams(**picked(pipeline.workspace.records(), [7, 70, 700])))
    hostile = "<img src=x onerror=alert(1)>"
    monkeypatch.setenv("WINNOW_HOME", str(pipeline.workspace.folder.parent))
    table = pipeline.table("targets")
    texts = pa.array([hostile, *table["text"].to_pylist()[1:]], pa.large_string())
    changed = table.set_column(table.column_names.index("text"), "text", texts)
    pipeline.workspace.save("targets", pipeline.current("targets"), pipeline.info("targets"), value=changed)
    with running_app(pipeline.workspace.folder.parent) as address, browser_page() as page:
        shown = opened_map(page, address, xy, "pixels")
        page.locator("canvas.overlay[data-stars='3']").wait_for(state="attached")
        page.mouse.move(*shown.pixel(7))
        page.get_by_text("example of travel").wait_for()
        assert page.locator(".map .tip").inner_text().split("\n") == ["example of travel", hostile]
        assert not page.locator(".map .tip img").count()
        entry = page.locator(".legend button[data-stars]")
        assert entry.inner_text().split() == ["★", "examples", "of", "the", "target", "3"]
        entry.click()
        page.mouse.move(*shown.pixel(70))
        page.mouse.move(*shown.pixel(7))
        page.get_by_text("record 7").first.wait_for()
        assert entry.get_attribute("aria-pressed") == "false"
        check_page(page)
