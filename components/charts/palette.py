"""Every colour that stands for something in data, in both themes, and how those between are mixed. Draws nothing.

Chosen so that each has a contrast of 3 to 1 or more against the page (WCAG 2.2, 1.4.11) and that those which are told apart
are so by eyes that lack a kind of cone too; `tests/test_palette.py` measures both.
"""

import functools

import numpy as np

GROUND = ("#fdfcfa", "#16191c")  # light, dark: of the page
TEXT = ("#22262a", "#e6e4df")
QUIET = ("#5a5e61", "#b0afab")  # captions
STATUS = (
    ("#908d89", "#0b6158", "#c4790f", "#bd1a96"),
    ("#757169", "#62d6c8", "#f0aa2b", "#ef45bd"),
)  # not selected, selected, pinned, dropped
VERDICT = {
    "better": ("#1c5bb0", "#7db8ff"),
    "chance": ("#84817d", "#8d8982"),
    "worse": ("#b8500a", "#ffa14f"),
}  # of a value beside those of random selections
_WEIGHT = (
    ("#7a3200", "#b8500a", "#8f8d8a", "#2c6fc4", "#0b3a80"),
    ("#ffc78f", "#f08a34", "#77736c", "#4d94ea", "#a9d2ff"),
)  # from less than an equal share to more
_SCALE = (
    ("#b88a1f", "#7d8f6a", "#3f8299", "#2f5596", "#231f5c"),
    ("#5b5fc4", "#4f8fc8", "#62b5a6", "#b5cf72", "#fbf07a"),
)  # from low to high
_CATEGORIES = (
    "#03635d #ce7d1b #4c5ad8 #bd3698 #906900 #720681 #179ace #943033 #228753 #442f02 #7e69c3 #042a5f".split(),
    "#79d0c8 #f69518 #569dff #e262a9 #eded84 #aa54c8 #b8dcff #c14125 #5abe65 #a0834e #cba9fe #4168a2".split(),
)
_LIGHTNESS = ((0.55, 0.42, 0.6), (0.7, 0.84, 0.6))  # of the categories after these, in turn
_CHROMA = (0.13, 0.1)
_GOLDEN = 2 * np.pi * 0.381966
STEPS = 64  # of a scale
FADED = (1.8, 2.3)  # contrast with the page of what stands behind something picked: on a dark page less is seen
_GREYER = 0.45  # of a faded colour's chroma is left
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear red, green and blue

# OKLab, where equal distances look equal: B. Ottosson, "A perceptual color space for image processing", 2020.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@functools.cache
def categories(n: int, dark: bool) -> tuple[str, ...]:
    """Return n hex colours; colour i is always the same, and of the same hue in both themes. The first 12 differ most."""
    first = _CATEGORIES[dark]
    more = np.arange(max(n - len(first), 0))
    hue, lightness = more * _GOLDEN, np.array(_LIGHTNESS[dark])[more % 3]
    chroma = np.array(_CHROMA)[more % 2]
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    return (*first, *_hex_of(lab))[:n]


@functools.cache
def scale(dark: bool) -> tuple[str, ...]:
    """Return STEPS hex colours from low to high, for a number."""
    return _between(_SCALE[dark])


@functools.cache
def weights(dark: bool) -> tuple[str, ...]:
    """Return STEPS hex colours from less to more than an equal share, which is grey."""
    return _between(_WEIGHT[dark])


def faded(colours: list[str] | tuple[str, ...], dark: bool) -> tuple[str, ...]:
    """Return what stands for hex colours where others are picked: greyer, all of the contrast FADED, so none is lost or loud."""
    ground, lab = _lab_of((GROUND[dark],)), _lab_of(tuple(colours)) * [1, _GREYER, _GREYER]
    low, high = np.zeros((len(lab), 1)), np.ones((len(lab), 1))
    for _ in range(12):  # halving finds how far each goes towards the ground
        part = (low + high) / 2
        seen = _contrast(lab + part * (ground - lab), ground) > FADED[dark]
        low, high = np.where(seen[:, None], part, low), np.where(seen[:, None], high, part)
    return _hex_of(lab + low * (ground - lab))


def rgb(colours: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return (n, 3) uint8 of hex colours."""
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], np.uint8)


def _between(stops: tuple[str, ...]) -> tuple[str, ...]:
    lab = _lab_of(stops)
    at = np.linspace(0, len(stops) - 1, STEPS)
    return _hex_of(np.stack([np.interp(at, range(len(stops)), lab[:, axis]) for axis in range(3)], axis=1))


def _contrast(lab: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return the contrast of (n, 3) OKLab with (1, 3), as WCAG 2.2 defines it."""
    light, under = (_linear(each) @ _LUMINANCE + 0.05 for each in (lab, ground))
    return np.maximum(light, under) / np.minimum(light, under)


def _lab_of(colours: tuple[str, ...]) -> np.ndarray:
    part = rgb(colours) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T


def _linear(lab: np.ndarray) -> np.ndarray:
    return np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T, 0, 1)


def _hex_of(lab: np.ndarray) -> tuple[str, ...]:
    """Return the hex colours of (n, 3) OKLab; what a screen can't show is cut to what it can."""
    linear = _linear(lab)
    part = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (part * 255).round().astype(int).tolist())
