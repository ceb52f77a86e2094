"""A map's layers as bytes: positions, colours, what is picked, names, stars. Arrays in, bytes out; `js/hub.js` reads them.

Point j of a layer is record (j * stride) mod n: any beginning of them is a fair sample, so the browser can draw that first.
"""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.canvas.colouring import Colouring
from components.charts.palette import faded, rgb
from core.vectors.raster import View, in_polygon

_LEVELS = 65535


@dataclasses.dataclass(frozen=True)
class Frame:
    """The square that holds the map: both axes at one scale. x, y: its middle; side: its side, in the map's own units."""

    x: float
    y: float
    side: float
    bounds: tuple[float, float]

    @classmethod
    def around(cls, xy: np.ndarray) -> "Frame":
        """Return the frame of (n, 2) points. bounds: how much of the square's width and height they fill, 0..1."""
        low, high = (np.array([end(xy[:, axis]) for axis in (0, 1)], float) for end in (np.min, np.max))
        side = max(float((high - low).max()), 1e-6)
        across, up = ((high - low) / side).tolist()
        return cls(*((low + high) / 2).tolist(), side, (max(across, 1e-3), max(up, 1e-3)))

    @property
    def view(self) -> View:
        """Return the square as (x0, x1, y0, y1)."""
        half = self.side / 2
        return self.x - half, self.x + half, self.y - half, self.y + half

    def to_unit(self, xy: np.ndarray) -> np.ndarray:
        """Return places in the unit square."""
        return (xy - [self.x, self.y]) / self.side + 0.5

    def inside(self, xy: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """Return (n,) bool: which of (n, 2) points lie inside a line whose (m, 2) corners are in the unit square."""
        corners = (np.asarray(corners, np.float64) - 0.5) * self.side + [self.x, self.y]
        return in_polygon(xy, corners[:, 0], corners[:, 1])


def stride_of(n: int) -> int:
    """Return the stride between records that follow each other in a layer: near the golden section, prime to n."""
    stride = max(1, round(n * 0.6180339887))
    while math.gcd(stride, n) != 1:
        stride += 1
    return stride


def order_of(n: int) -> np.ndarray:
    """Return (n,) int64: the record of every point of a layer."""
    return np.arange(n, dtype=np.int64) * stride_of(n) % max(n, 1)


def points_layer(name: str, xy: np.ndarray, frame: Frame, order: np.ndarray) -> bytes:
    """Return the positions, 16 bits an axis."""
    places = np.clip(frame.to_unit(xy) * _LEVELS + 0.5, 0, _LEVELS).astype("<u2")  # rounded
    header = {"n": len(xy), "stride": stride_of(len(xy)), "bounds": frame.bounds}
    return _layer(name, "points", header, np.ascontiguousarray(places[order]).tobytes())


def colours_layer(name: str, colouring: Colouring, order: np.ndarray, dark: bool = False) -> bytes:
    """Return a byte a point, its colours, what they fade to where others are picked, and the legend with counts."""
    codes = colouring.codes()
    counts = np.bincount(codes, minlength=len(colouring.colours))
    legend = [
        dataclasses.asdict(entry) | {"count": int(counts[entry.first : entry.last + 1].sum())}
        for entry in colouring.legend
    ]
    header = {
        "id": colouring.id,
        "title": colouring.title,
        "colours": rgb(list(colouring.colours)).tolist(),
        "faded": rgb(faded(list(colouring.colours), dark)).tolist(),
        "rest": list(colouring.rest),
        "n_rest": int(counts[list(colouring.rest)].sum()) if colouring.rest else 0,
        "legend": [entry for entry in legend if entry["count"]],
    }
    return _layer(name, "colours", header, codes.astype(np.uint8)[order].tobytes())


def picked_layer(name: str, rows: np.ndarray | None, order: np.ndarray) -> bytes:
    """Return a bit a point, or where `rows` is None a layer that says that nothing is picked."""
    if rows is None:
        return _layer(name, "picked", {"n_picked": -1})
    flags = np.zeros(len(order), bool)
    flags[rows] = True
    return _layer(name, "picked", {"n_picked": int(flags.sum())}, np.packbits(flags[order]).tobytes())


Placed = tuple[float, float, str]  # a name with its place in the unit square


def names_layer(name: str, names: Sequence[Placed], regions: Sequence[Placed] = ()) -> bytes:
    """Return the names of clusters, the most important first, and those of regions, which stand for them from afar."""
    rounded = [[[round(x, 5), round(y, 5), text] for x, y, text in placed] for placed in (names, regions)]
    return _layer(name, "names", dict(zip(("names", "regions"), rounded, strict=True)))


Star = tuple[float, float, str, str]  # an example's place in the unit square, its label and its text


def stars_layer(name: str, stars: Sequence[Star]) -> bytes:
    """Return the examples of a target, to be drawn over the points."""
    return _layer(name, "stars", {"stars": [[round(x, 5), round(y, 5), label, text] for x, y, label, text in stars]})


def _layer(name: str, part: str, header: dict[str, Any], payload: bytes = b"") -> bytes:
    head = json.dumps({"map": name, "part": part} | header).encode()
    return len(head).to_bytes(4, "little") + head + payload
