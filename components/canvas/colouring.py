"""How a map's points are coloured: a code a record, what every code looks like, and the legend that names and filters them."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from components.charts.theme import category_colours, scale_colours, status_colours, weight_colours

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

    title: over the legend, "" for none. An empty legend shows none. rest: codes of records that nothing is said of ("other", "not
    selected"): they are drawn first and smaller, the others over them.
    """

    id: str
    title: str
    codes: Callable[[], np.ndarray]
    colours: Sequence[str]
    legend: Sequence[Entry] = ()
    rest: Sequence[int] = ()


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
    return Colouring(id, title, cut, colours, legend, (len(shown),))


def by_value(
    id: str, title: str, values: np.ndarray, dark: bool, text: Callable[[float], str] = "{:.2f}".format
) -> Colouring:
    """Colour (n,) numbers, NaN for none, on a scale from low to high; what few values lie outside of most has its ends' colours."""
    known = values[np.isfinite(values)]
    low, high = (float(v) for v in np.percentile(known, _SPREAD)) if len(known) else (0.0, 1.0)
    if high <= low:
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return _on_scale(id, title, values, (low, high), scale_colours(dark), dark, text)


def by_weight(id: str, logs: np.ndarray, dark: bool) -> Colouring:
    """Colour (n,) logarithms, base 2, of multiples of an equal share, from less to more; grey in the middle is an equal share."""
    reach = max(0.5, float(np.abs(logs).max(initial=0)))
    scale = weight_colours(dark)
    return _on_scale(id, "× an equal share", logs, (-reach, reach), scale, dark, lambda log: f"{2.0**log:.2f}")


def _on_scale(
    id: str,
    title: str,
    values: np.ndarray,
    ends: tuple[float, float],
    scale: Sequence[str],
    dark: bool,
    text: Callable[[float], str],
) -> Colouring:
    (low, high), steps = ends, len(scale)

    def codes() -> np.ndarray:
        at = np.clip((values - low) / max(high - low, 1e-12) * steps, 0, steps - 1)
        return np.where(np.isfinite(values), at, steps).astype(np.uint8)

    known = np.isfinite(values)
    edges = np.linspace(0, steps, min(_RUNS, steps) + 1).round().astype(int).tolist()
    at = [low + (high - low) * edge / steps for edge in edges]
    runs = list(itertools.pairwise(edges))
    legend = [Entry(f"{text(at[i])} to {text(at[i + 1])}", a, b - 1) for i, (a, b) in enumerate(runs)][::-1]
    rest = [] if known.all() else [Entry("no value", steps, steps)]
    return Colouring(id, title, codes, [*scale, status_colours(dark)[0]], [*legend, *rest], (steps,))


def by_cluster(id: str, labels: np.ndarray, dark: bool) -> Colouring:
    """Colour by cluster: neighbours by number differ, colours come again after PALETTE clusters."""
    return Colouring(id, "", lambda: (labels % PALETTE).astype(np.uint8), category_colours(PALETTE, dark))
