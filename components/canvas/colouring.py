"""How a map's points are coloured: a code a record, what every code looks like, and the legend that names and filters them."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from components.charts.theme import category_colours, scale_colours, status_colours

MOST_CATEGORIES = 12
PALETTE = 48
_RUNS = 6  # entries in the legend of a scale
_SPREAD = (1, 99)  # percentiles between which a scale's colours change


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a legend: the codes `first` to `last` are called `name`."""

    name: str
    first: int
    last: int


@dataclasses.dataclass(frozen=True)
class Colouring:
    """id: changes whenever codes, colours or legend do. codes: gives (n,) uint8 rows of `colours` (hex), at most 256.

    title: over the legend, "" for none. An empty legend shows none.
    """

    id: str
    title: str
    codes: Callable[[], np.ndarray]
    colours: Sequence[str]
    legend: Sequence[Entry] = ()


def by_category(
    id: str, title: str, names: Sequence[str], codes: Callable[[], np.ndarray], dark: bool, colours: Sequence[str] = ()
) -> Colouring:
    """Colour (n,) integer codes, negative for none, by name. Beyond the first MOST_CATEGORIES all are "other"."""
    shown = list(names[:MOST_CATEGORIES])
    colours = [*(colours or category_colours(len(shown), dark)), status_colours(dark)[0]]

    def cut() -> np.ndarray:
        held = codes()
        return np.where((held < 0) | (held >= len(shown)), len(shown), held).astype(np.uint8)

    legend = [Entry(name, code, code) for code, name in enumerate([*shown, "other"])]
    return Colouring(id, title, cut, colours, legend)


def by_value(
    id: str, title: str, values: np.ndarray, dark: bool, text: Callable[[float], str] = "{:.2f}".format
) -> Colouring:
    """Colour (n,) numbers, NaN for none, on a scale from low to high; what few values lie outside of most has its ends' colours."""
    known = values[np.isfinite(values)]
    low, high = (float(v) for v in np.percentile(known, _SPREAD)) if len(known) else (0.0, 1.0)
    if high <= low:
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    scale = scale_colours(dark)
    steps = len(scale)

    def codes() -> np.ndarray:
        at = np.clip((values - low) / max(high - low, 1e-12) * steps, 0, steps - 1)
        return np.where(np.isfinite(values), at, steps).astype(np.uint8)

    edges = np.linspace(0, steps, min(_RUNS, steps) + 1).round().astype(int).tolist()
    at = [low + (high - low) * edge / steps for edge in edges]
    ends = list(itertools.pairwise(edges))
    legend = [Entry(f"{text(at[i])} to {text(at[i + 1])}", a, b - 1) for i, (a, b) in enumerate(ends)][::-1]
    rest = [Entry("no value", steps, steps)] if len(known) < len(values) else []
    return Colouring(id, title, codes, [*scale, status_colours(dark)[0]], [*legend, *rest])


def by_cluster(id: str, labels: np.ndarray, dark: bool) -> Colouring:
    """Colour by cluster: neighbours by number differ, colours come again after PALETTE clusters."""
    return Colouring(id, "", lambda: (labels % PALETTE).astype(np.uint8), category_colours(PALETTE, dark))
