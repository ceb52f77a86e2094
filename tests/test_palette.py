"""Colours, measured: contrast as WCAG 2.2 defines it, and how far apart they are for eyes that lack a kind of cone.

Text needs 4.5 to 1 (1.4.3), what tells something without words 3 to 1 (1.4.11). Distances are CIEDE2000, after Brettel, Viénot and
Mollon (1997) for protan and deutan eyes; about 2 is the least that is seen side by side, 10 is plain at a glance.
"""

import itertools
import tomllib
from pathlib import Path

import pytest
from coloraide import Color

from components.charts import palette
from components.charts.theme import button_ink, verdict_colours

TOLD_APART = 10.0
EYES = (None, "protan", "deutan")
CONFIG = tomllib.loads(
    (Path(__file__).parent.parent / "app" / ".streamlit" / "config.toml").read_text(encoding="utf-8")
)["theme"]


def contrast(colour, ground):
    return Color(colour).contrast(ground, method="wcag21")


def distance(colours, eyes):
    """Return the least distance between any two of `colours` as these eyes see them."""
    seen = [Color(each) if eyes is None else Color(each).filter(eyes, method="brettel") for each in colours]
    return min(one.delta_e(other, method="2000") for one, other in itertools.combinations(seen, 2))


def theme_of(dark):
    return CONFIG["dark" if dark else "light"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_colour_of_a_point_stands_out_from_the_page(dark):
    ground = palette.GROUND[dark]
    for name, colours in {
        "status": palette.STATUS[dark],
        "verdict": verdict_colours(dark).values(),
        "categories": palette.categories(48, dark),
        "scale": palette.scale(dark),
        "weights": palette.weights(dark),
    }.items():
        low = min(colours, key=lambda colour: contrast(colour, ground))
        assert contrast(low, ground) >= 3, (name, low, contrast(low, ground))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_is_faded_is_seen_and_below_what_is_not(dark):
    ground = palette.GROUND[dark]
    for colour, faded in zip(
        palette.categories(48, dark), palette.faded(palette.categories(48, dark), dark), strict=True
    ):
        assert (
            0.9 * palette.FADED[dark] <= contrast(faded, ground) <= 1.1 * palette.FADED[dark] < contrast(colour, ground)
        )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_colours_are_told_apart_by_any_eyes(dark, eyes):
    assert distance(palette.STATUS[dark], eyes) >= TOLD_APART
    assert distance(verdict_colours(dark).values(), eyes) >= TOLD_APART
    weights = palette.weights(dark)
    assert distance([weights[0], weights[31], weights[-1]], eyes) >= TOLD_APART
    assert distance([palette.STATUS[dark][0], *palette.categories(6, dark)], eyes) >= 0.7 * TOLD_APART
    assert distance([*palette.scale(dark)[::16], palette.scale(dark)[-1]], eyes) >= 0.8 * TOLD_APART


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_read_on_every_ground(dark):
    theme = theme_of(dark)
    assert (theme["backgroundColor"], theme["textColor"]) == (palette.GROUND[dark], palette.TEXT[dark])
    assert theme["primaryColor"] == palette.STATUS[dark][1]  # the one accent is what is selected
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        for name in ("textColor", "linkColor", "primaryColor", "orangeTextColor", "redTextColor", "violetTextColor"):
            assert contrast(theme[name], ground) >= 4.5, (name, theme[name], ground)
        assert contrast(palette.QUIET[dark], ground) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_words_of_a_button_are_read(dark):
    assert contrast(button_ink(dark), theme_of(dark)["primaryColor"]) >= 4.5
