"""The report's pictures: the map as PNG, charts as SVG that take on the reader's light or dark. Arrays in, bytes out."""

import io
import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...base.text import shorten
from ...evidence.ablation.forest import ForestRow
from ...refine.history import LEAST
from ...selection.status import DROPPED, SELECTED
from ...vectors.raster import View, draw_points, full_view
from .blocks import line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
# As on the app's pages. What is not selected is half transparent, so that it steps back on a light and on a dark ground.
STATUS_COLOURS = ("#898b8b9e", "#0f7f74", "#b9690b", "#b4434f")
PLAIN = "#80868c"
# Alike in lightness, neighbours far apart in hue: each stands out on white and on black.
_LINE_COLOURS = (
    *("#049c89", "#c46dbd", "#708501", "#647ee0", "#d37812", "#078a9b"),
    *("#cc5a82", "#3eab5e", "#8962c5", "#a38209", "#069ce4", "#c35141"),
)
VERDICTS = {"better": STATUS_COLOURS[SELECTED], "worse": STATUS_COLOURS[DROPPED], "chance": PLAIN}
_MAP_SIZE = (1280, 800)  # pixels
_FEW = 20_000  # up to so many records a point is drawn wider, to be seen
_WIDTH = 9.6  # inches, which a browser shows as 922 pixels
_INK = "#22262b"  # stands for the reader's text colour
_INK_STYLE = "svg{color:#22262a}@media (prefers-color-scheme:dark){svg{color:#e6e4df}}"


def map_picture(xy: np.ndarray, statuses: np.ndarray) -> bytes:
    """Return the map as PNG bytes. xy: (n, 2). statuses: (n,) int, FREE to DROPPED; the later lie above the earlier."""
    view = _in_proportion(full_view(xy))
    whole = Image.new("RGBA", _MAP_SIZE)
    for status, colour in enumerate(STATUS_COLOURS):
        here = xy[statuses == status]
        if len(here):
            drawn = _widened(here, view) if len(xy) < _FEW else here
            *rgb, alpha = bytes.fromhex(f"{colour[1:]}ff")[:4]
            layer = draw_points(
                drawn, np.zeros(len(drawn), np.int64), np.array([rgb], np.uint8), view, _MAP_SIZE, len(xy)
            )
            picture = Image.open(io.BytesIO(layer))
            picture.putalpha(picture.getchannel("A").point(lambda value, alpha=alpha: value * alpha // 255))
            whole.alpha_composite(picture)
    buffer = io.BytesIO()
    whole.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _widened(xy: np.ndarray, view: View) -> np.ndarray:
    """Return every point many times over, spread over a disc of 3 pixels around it."""
    steps = np.array([(x, y) for x in range(-3, 4) for y in range(-3, 4) if x * x + y * y <= 10])
    pixel = (view[1] - view[0]) / _MAP_SIZE[0]
    return (xy[:, None] + pixel * steps).reshape(-1, 2)


def _in_proportion(view: View) -> View:
    """Return the view widened one way until a step across is as long as a step up."""
    x0, x1, y0, y1 = view
    scale = max((x1 - x0) / _MAP_SIZE[0], (y1 - y0) / _MAP_SIZE[1]) / 2
    x, y, across, up = (x0 + x1) / 2, (y0 + y1) / 2, scale * _MAP_SIZE[0], scale * _MAP_SIZE[1]
    return x - across, x + across, y - up, y + up


def weight_lines(titles: Sequence[str], names: Sequence[str], relative: np.ndarray, named: np.ndarray) -> bytes:
    """Return SVG lines of every cluster's weight; the `named` ones (ids) in colour. relative: (k, r), r >= 2; titles: r."""
    values = np.maximum(relative, LEAST)
    low, high = min(0.5, values.min() / 1.15), max(2.0, values.max() * 1.15)
    x = np.arange(len(titles), dtype=float)

    def draw(figure: "Figure") -> None:
        axes = figure.add_axes((0.075, 0.09, 0.575, 0.87))
        axes.set(yscale="log", ylim=(low, high), xlim=(-0.05, x[-1] + 0.02), ylabel="weight, times an equal share")
        axes.axhline(1, color=_INK, alpha=0.35, linewidth=0.8, linestyle=":")
        rest = np.delete(values, named, axis=0)
        if len(rest):  # one line with gaps is much less SVG than a line a cluster
            joined = np.hstack([rest, np.full((len(rest), 1), np.nan)]).ravel()
            axes.plot(np.tile([*x, np.nan], len(rest)), joined, color=_INK, alpha=0.16, linewidth=0.8)
        places = _spread_out(np.log(values[named, -1] / low) / np.log(high / low), 0.078)
        for cluster, place, colour in zip(named.tolist(), places, itertools.cycle(_LINE_COLOURS), strict=False):
            axes.plot(x, values[cluster], color=colour, linewidth=1.8, marker="o", markersize=4)
            _name_end(axes, f"{cluster} {shorten(names[cluster], 34)}", (x[-1], values[cluster, -1]), place, colour)
        axes.set_xticks(x, titles)
        ticks = [t for t in _round_numbers(high / low) if low <= t <= high]
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()

    return _svg(draw, 4.4)


def _name_end(axes: "Axes", text: str, end: tuple[float, float], place: float, colour: str) -> None:
    """Write a name beside the axes at the height `place` (0..1), with a line to the `end` that it belongs to."""
    leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.9, "relpos": (0, 0.5), "patchA": None}
    leader |= {"shrinkA": 3, "shrinkB": 4}
    axes.annotate(text, end, (1.09, place), textcoords="axes fraction", va="center", arrowprops=leader)


def _round_numbers(span: float) -> list[float]:
    steps = (1, 2, 5) if span > 6 else (1, 1.5, 2, 3, 5, 7)
    return [step * 10.0**power for power in range(-4, 6) for step in steps]


def _spread_out(places: np.ndarray, gap: float) -> np.ndarray:
    """Return heights in 0..1, descending as `places` are, at least `gap` apart as far as there is room."""
    gap = min(gap, 1 / max(len(places) - 1, 1))
    spread = places[::-1].astype(float)
    for i in range(1, len(spread)):
        spread[i] = max(spread[i], spread[i - 1] + gap)
    top = 1.0
    for i in reversed(range(len(spread))):
        spread[i] = top = min(spread[i], top)
        top -= gap
    return spread[::-1]


def measure_dots(
    titles: Sequence[str], values: Sequence[float], bands: Sequence[Sequence[float]], colours: Sequence[str]
) -> bytes:
    """Return SVG: a line a measure, its dot over the bar of its random band. Every line has a scale of its own."""

    def draw(figure: "Figure") -> None:
        figure.subplots_adjust(left=0.27, right=0.97, top=0.99, bottom=0.01)
        axes = figure.subplots()
        axes.set(xlim=(-0.04, 1.04), ylim=(len(titles) - 0.5, -0.5), xticks=[])
        axes.set_yticks(range(len(titles)), [line(title) for title in titles])
        axes.tick_params(length=0, pad=10)
        axes.spines[:].set_visible(False)
        for row, (value, band, colour) in enumerate(zip(values, bands, colours, strict=True)):
            low, high = min(value, *band), max(value, *band)
            place, *drawn = [(each - low) / (high - low) if high > low else 0.5 for each in (value, *band)]
            axes.plot((0, 1), (row, row), color=_INK, alpha=0.14, linewidth=0.8, zorder=1)
            ends = (min(drawn), max(drawn))
            axes.plot(ends, (row, row), color=_INK, alpha=0.2, linewidth=9, solid_capstyle="round", zorder=2)
            axes.scatter(drawn, [row] * len(drawn), s=26, marker="|", color=_INK, alpha=0.45, linewidths=0.9, zorder=3)
            axes.scatter([place], [row], s=62, color=colour, zorder=4)

    return _svg(draw, 0.33 * len(titles) + 0.1)


def share_bars(titles: Sequence[str], chosen: Sequence[float], everything: Sequence[float]) -> bytes:
    """Return SVG: two bars a source, its share of the selection above its share of the data, both 0..1."""
    height = 0.36 * len(titles) + 0.6

    def draw(figure: "Figure") -> None:
        figure.subplots_adjust(left=0.27, right=0.97, top=0.99, bottom=0.42 / height)
        axes = figure.subplots()
        rows = np.arange(len(titles))
        axes.barh(rows - 0.19, 100 * np.asarray(chosen), 0.34, color=STATUS_COLOURS[SELECTED])
        axes.barh(rows + 0.19, 100 * np.asarray(everything), 0.34, color=PLAIN)
        axes.set(ylim=(len(titles) - 0.5, -0.5), xlabel="share of the records, %")
        axes.set_yticks(rows, [shorten(title, 32) for title in titles])
        axes.tick_params(axis="y", length=0)

    return _svg(draw, height)


def forest(rows: Sequence[ForestRow]) -> bytes:
    """Return SVG: a line an arm, its difference from random with its interval and every seed, its words, its shares as parts."""
    height = 0.36 * len(rows) + 0.75

    def draw(figure: "Figure") -> None:
        bottom = 0.55 / height
        axes = figure.add_axes((0.255, bottom, 0.315, 1 - bottom - 0.05 / height))
        beside = figure.add_axes((0.785, bottom, 0.19, 1 - bottom - 0.05 / height))
        axes.axvline(0, color=_INK, alpha=0.6, linewidth=0.9, linestyle=":")
        for at, row in enumerate(rows):
            colour = VERDICTS.get(row.judged, PLAIN)
            if np.isfinite(row.half):
                axes.errorbar(row.mean, at, xerr=row.half, color=colour, linewidth=1.6, capsize=3)
            axes.scatter(row.gaps, [at] * len(row.gaps), s=24, marker="|", color=colour, alpha=0.6, linewidths=0.9)
            axes.scatter([row.mean], [at], s=46, color=colour, zorder=4)
            axes.text(1.03, at, row.said, transform=axes.get_yaxis_transform(), va="center")
        starts = np.zeros(len(rows))
        for part, colour in zip(
            np.array([row.shares for row in rows]).T * 100, part_colours(len(rows[0].shares)), strict=True
        ):
            beside.barh(range(len(rows)), part, 0.6, starts, color=colour)
            starts = starts + part
        for each in (axes, beside):
            each.set_ylim(len(rows) - 0.5, -0.5)
            each.tick_params(axis="y", length=0)
            each.spines["left"].set_visible(False)
        axes.set_yticks(range(len(rows)), [shorten(row.arm, 30) for row in rows])
        axes.set_xlabel("difference from random, nats a token; less is better")
        beside.set(yticks=[], xlim=(0, 100), xlabel="share of the selection, %")

    return _svg(draw, height)


def part_colours(n: int) -> list[str]:
    """Return n hex colours of parts of a whole; colour i is always the same, and none is that of a verdict."""
    return list(itertools.islice(itertools.cycle(_LINE_COLOURS[1:-1]), n))


def _svg(draw: Callable[["Figure"], None], height: float) -> bytes:
    """Return what `draw` puts on a figure as SVG, the same bytes for the same drawing. height: inches."""
    import matplotlib
    from matplotlib.figure import Figure

    settings = {"svg.hashsalt": "winnow", "svg.fonttype": "none", "text.parse_math": False, "font.size": 9.5}
    settings |= dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), _INK)
    settings |= {"axes.spines.top": False, "axes.spines.right": False}
    buffer = io.BytesIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of letters that matplotlib's font lacks; the reader's will do
        figure = Figure((_WIDTH, height))
        draw(figure)
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    text = buffer.getvalue().decode()
    text = text[text.index("<svg") :].replace(f": {_INK}", ": currentColor")
    return text.replace('<style type="text/css">', f'<style type="text/css">{_INK_STYLE}', 1).encode()
