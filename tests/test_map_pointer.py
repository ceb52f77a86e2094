"""Hover and click on a map name the nearest of all records, not of a sample."""

import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.run.pipeline import Pipeline
from core.vectors.projection import ProjectParams
from core.vectors.raster import nearest_point
from tests.browser import CHROMIUM, browser_page, check_page, lasso, running_app, settled
from tests.conftest import small_records, write_jsonl

REACH = 16.0


@pytest.mark.parametrize("seed", range(12))
def test_the_nearest_point_is_the_one_that_looking_at_all_finds(seed):
    rng = np.random.default_rng(seed)
    xy = rng.normal(size=(int(rng.integers(1, 4000)), 2)).astype(np.float32) * [1, 20] + [5, -3]
    scale = rng.uniform(1, 400, 2)
    for at in [*rng.normal(size=(20, 2)) * [1, 20] + [5, -3], xy[0], xy[-1]]:
        away = np.hypot((xy[:, 0] - at[0]) * scale[0], (xy[:, 1] - at[1]) * scale[1])
        row = nearest_point(xy, tuple(at), tuple(scale), REACH)
        assert row == (int(away.argmin()) if away.min() <= REACH else -1)


def test_distance_is_in_pixels_not_in_the_units_of_the_data():
    xy = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]], np.float32)
    assert nearest_point(xy, (0.9, 2.0), (1, 1), 100) == 2
    assert nearest_point(xy, (0.9, 2.0), (100, 1), 100) == 1


def test_a_million_points_are_searched_within_fifty_milliseconds():
    xy = np.random.default_rng(0).normal(size=(1_000_000, 2)).astype(np.float32)
    seconds = []
    for at in ((0, 0), (1, 1), (-2, 0.5), (0.1, 0.2), (0, 2)):
        started = time.monotonic()
        assert nearest_point(xy, at, (150, 120), REACH) >= 0
        seconds.append(time.monotonic() - started)
    print(f"\nnearest of a million: {min(seconds) * 1000:.1f} ms", file=sys.stderr)
    assert min(seconds) < 0.05


@pytest.fixture
def mapped(make_pipeline, tmp_path) -> tuple[Pipeline, np.ndarray]:
    """A workspace `many` of 3,000 records, more than Plotly is given, whose map is drawn by hand: umap takes long."""
    data = write_jsonl(tmp_path / "many.jsonl", small_records(3000))
    pipeline = make_pipeline("embed", "cluster", "score", folder="sample", data=data)
    rng = np.random.default_rng(3)
    xy = rng.normal(size=(3000, 2)).astype(np.float32) * np.float32([4, 9])
    workspace, params = pipeline.workspace, ProjectParams()
    workspace.save("project", pipeline.key("project", params), {"params": params.as_dict()}, value=xy)
    workspace.ledger.set_settings("project", params.as_dict())
    return Pipeline(workspace), xy


_PIXELS = """([x, y]) => {
  const chart = document.querySelector('.js-plotly-plot'), box = chart.querySelector('.nsewdrag').getBoundingClientRect();
  const { xaxis, yaxis } = chart._fullLayout;
  return [box.left + xaxis.d2p(x), box.top + yaxis.d2p(y), xaxis._length / (xaxis.range[1] - xaxis.range[0]),
          yaxis._length / (yaxis.range[1] - yaxis.range[0])];
}"""

_CLICK = b'"click"'


def hover(page, xy, row) -> int:
    """Rest the pointer on a record and return the record that the tip names."""
    page.mouse.move(5, 5)
    x, y, *_ = page.evaluate(_PIXELS, [float(v) for v in xy[row]])
    page.mouse.move(x - 30, y, steps=2)
    page.mouse.move(x, y, steps=3)
    tip = page.locator(".tip:not([hidden])")
    tip.wait_for()
    return int(re.match(r"record ([\d,]+)", tip.inner_text())[1].replace(",", ""))


def pixels_apart(page, xy, row, other) -> float:
    """How far two records are drawn apart."""
    scale = page.evaluate(_PIXELS, [0.0, 0.0])[2:]
    return float(np.hypot(*((xy[row].astype(float) - xy[other]) * scale)))


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this")
def test_hover_names_the_record_under_the_pointer_and_a_click_reads_it(mapped, monkeypatch):
    pipeline, xy = mapped
    monkeypatch.setenv("WINNOW_HOME", str(pipeline.workspace.folder.parent))
    with running_app(pipeline.workspace.folder.parent) as address, browser_page() as page:
        sent = []  # what the browser tells the server, as bytes

        def remember(socket):
            socket.on("framesent", lambda frame: sent.append(frame.encode() if isinstance(frame, str) else frame))

        page.on("websocket", remember)
        page.goto(f"{address}/map?workspace=sample")
        page.locator(".js-plotly-plot .nsewdrag").wait_for(state="attached")
        settled(page)
        page.wait_for_timeout(1000)
        rows = np.random.default_rng(5).choice(len(xy), 8, replace=False).tolist()
        for row in rows[:6]:
            named = hover(page, xy, row)
            assert pixels_apart(page, xy, row, named) <= 1.5, (row, named)
        for mouse, row in (("draw", rows[6]), ("move", rows[7])):
            page.get_by_role("radio", name=mouse).click(force=True)
            settled(page)
            page.wait_for_timeout(500)
            named = hover(page, xy, row)
            page.mouse.down()
            page.mouse.up()
            reader = page.locator("[class*='st-key-reader-focus-'] .record").first
            reader.get_by_text(re.compile(rf"^record {named:,} ")).wait_for()
            page.get_by_text(f"Cluster {pipeline.array('cluster')[named]}", exact=True).wait_for()
        assert pixels_apart(page, xy, row, named) <= 1.5 and any(_CLICK in frame for frame in sent)
        page.get_by_role("radio", name="draw").click(force=True)
        settled(page)
        page.wait_for_timeout(500)
        # A line ends where it began, here on a record, and is no click on that record.
        x, y, *_ = page.evaluate(_PIXELS, [float(v) for v in xy[named]])
        box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
        left, top = (x - box["x"]) / box["width"], (y - box["y"]) / box["height"]
        across, down = 0.2 if left < 0.7 else -0.2, 0.2 if top < 0.7 else -0.2
        sent.clear()
        lasso(page, [(left, top), (left + across, top), (left + across, top + down), (left, top + down)])
        page.get_by_text("records inside the line").wait_for()
        page.wait_for_timeout(1000)
        assert page.get_by_text("records inside the line").count() and not any(_CLICK in frame for frame in sent)
        check_page(page)
