"""Points to a picture: every record of the data as pixels, drawn on the server. Arrays in, PNG bytes out."""

import io

import numpy as np
from PIL import Image

View = tuple[float, float, float, float]
_TILES = 96  # a side; a point in a tile that no edge of a polygon is near is as the tile is
_FEW = 20_000  # points that are looked at one by one


def full_view(xy: np.ndarray, margin: float = 0.04) -> View:
    """Return (x0, x1, y0, y1) that holds all of (n, 2) points, with a margin."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    pad = np.maximum((high - low) * margin, 1e-3)
    return tuple(float(v) for v in (low[0] - pad[0], high[0] + pad[0], low[1] - pad[1], high[1] + pad[1]))


def inside_view(xy: np.ndarray, view: View) -> np.ndarray:
    """Return (n,) bool: which points lie in the view."""
    x0, x1, y0, y1 = view
    return (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1)


def draw_points(
    xy: np.ndarray, codes: np.ndarray, colours: np.ndarray, view: View, size: tuple[int, int], crowd: int
) -> bytes:
    """Return a PNG (RGBA, transparent ground) of the points in `view`.

    xy: (n, 2). codes: (n,) int rows of `colours` ((c, 3) uint8). size: (width, height) in pixels. crowd: how many points
    share the whole map; the more, the smaller each is. A pixel has the mean colour of its points and grows denser with
    their number.
    """
    shown = inside_view(xy, view)
    radius = 2.2 if crowd < 20_000 else 1.4 if crowd < 300_000 else 0.8
    layer = _layer(xy[shown], colours[codes[shown]], view, size, radius)
    buffer = io.BytesIO()
    Image.fromarray(layer, "RGBA").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _layer(xy: np.ndarray, colours: np.ndarray, view: View, size: tuple[int, int], radius: float) -> np.ndarray:
    """Return (height, width, 4) uint8, colours not multiplied by alpha."""
    width, height = size
    x0, x1, y0, y1 = view
    column = np.clip(((xy[:, 0] - x0) / (x1 - x0) * width).astype(np.int64), 0, width - 1)
    row = np.clip(((y1 - xy[:, 1]) / (y1 - y0) * height).astype(np.int64), 0, height - 1)
    pixel = row * width + column
    planes = [np.bincount(pixel, colours[:, channel], width * height) for channel in range(3)]
    planes.append(np.bincount(pixel, minlength=width * height))
    sums = [_spread(plane.astype(np.float32).reshape(height, width), radius) for plane in planes]
    count = sums.pop()
    image = np.empty((height, width, 4), np.uint8)
    for channel, plane in enumerate(sums):
        image[..., channel] = plane / np.maximum(count, 1) + 0.5
    image[..., 3] = np.where(count > 0, 255 - 97 * np.exp((1 - count) / 3), 0)
    return image


def _spread(plane: np.ndarray, radius: float) -> np.ndarray:
    """Add a (height, width) plane to itself shifted over a disc, so that every point covers it."""
    reach = int(radius)
    padded = np.pad(plane, reach)
    height, width = plane.shape
    total = np.zeros_like(plane)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy <= radius * radius:
                total += padded[reach + dy : reach + dy + height, reach + dx : reach + dx + width]
    return total


def in_polygon(xy: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (n,) bool: which of the (n, 2) points lie inside the polygon with corners x, y (even-odd rule)."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    inside = np.zeros(len(xy), bool)
    if len(x) < 3:
        return inside
    view = (x.min(), x.max(), y.min(), y.max())
    near = np.flatnonzero(inside_view(xy, view))
    if len(near) <= _FEW or view[0] == view[1] or view[2] == view[3]:
        inside[near] = _by_edges(xy[near], x, y)
        return inside
    tiles = _tiles(xy[near], view)
    middles = (np.arange(_TILES) + 0.5) / _TILES
    across, up = np.meshgrid(view[0] + middles * (view[1] - view[0]), view[2] + middles * (view[3] - view[2]))
    is_inside = _by_edges(np.column_stack([across.ravel(), up.ravel()]), x, y)
    hits = is_inside[tiles]
    edge = np.flatnonzero(_touched(x, y, view)[tiles])
    hits[edge] = _by_edges(xy[near[edge]], x, y)
    inside[near] = hits
    return inside


def _by_edges(xy: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (m,) bool, an edge of the polygon after the other."""
    px, py = xy[:, 0].astype(np.float64), xy[:, 1].astype(np.float64)
    hits = np.zeros(len(xy), bool)
    for xa, ya, xb, yb in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        if ya != yb:
            hits ^= ((ya > py) != (yb > py)) & (px < (xb - xa) * (py - ya) / (yb - ya) + xa)
    return hits


def _tiles(xy: np.ndarray, view: View) -> np.ndarray:
    """Return (m,) int64: the tile, of _TILES times _TILES in `view`, that each point lies in."""
    at = [
        np.clip((xy[:, axis] - low) * (_TILES / (high - low)), 0, _TILES - 1).astype(np.int64)
        for axis, low, high in ((0, *view[:2]), (1, *view[2:]))
    ]
    return at[1] * _TILES + at[0]


def _touched(x: np.ndarray, y: np.ndarray, view: View) -> np.ndarray:
    """Return (tiles,) bool: the tiles that an edge goes through, and all around these."""
    touched = np.zeros((_TILES, _TILES), bool)
    steps = np.linspace(0, 1, 2 * _TILES)  # no edge is longer than the view's sides, so that none steps over a tile
    for xa, ya, xb, yb in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        line = np.column_stack([xa + (xb - xa) * steps, ya + (yb - ya) * steps])
        touched.reshape(-1)[_tiles(line, view)] = True
    grown = np.pad(touched, 1)
    return np.logical_or.reduce([grown[i : i + _TILES, j : j + _TILES] for i in range(3) for j in range(3)]).reshape(-1)
