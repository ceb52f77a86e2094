"""What is done on a map, handed on: lines, clicks, Escape. The whole page follows, in one run, as it does after a button."""

import dataclasses
from collections.abc import Callable

import numpy as np
import streamlit as st

from components.canvas import scripts
from components.canvas.colouring import Colouring
from components.canvas.layers import Frame
from components.session.uninterrupted import uninterrupted

JOINS = ("", "add", "subtract")  # to what is picked: instead of it, besides, taken away

_desk = st.components.v2.component("winnow_map_desk", **scripts.DESK)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a page does about its map. pick(rows, join): a line was drawn; join: one of JOINS. click(row, join): a record was
    clicked. clear(): Escape was pressed.
    """

    pick: Callable[[np.ndarray, str], None]
    click: Callable[[int, str], None]
    clear: Callable[[], None]


def show(name: str, xy: np.ndarray, frame: Frame, colouring: Callable[[], Colouring], answers: Answers) -> None:
    """Listen to a map; to be called where a whole run of the page follows, outside of fragments.

    name: of the map among all. xy: (n, 2) float32 places, in `frame`. colouring: gives what the map is coloured by now; the
    legend hides records by it.
    """
    key = f"{name}-desk"

    def heard(what: str) -> Callable[[], None]:
        return uninterrupted(lambda: _hand_on(what, st.session_state[key].get(what)))

    def _hand_on(what: str, told) -> None:
        if what == "escape" and told:
            answers.clear()
        elif what == "click" and told and 0 <= int(told["row"]) < len(xy):
            answers.click(int(told["row"]), _join(told["join"]))
        elif what == "lasso" and told:
            answers.pick(_inside(told, xy, frame, colouring), _join(told["join"]))

    _desk(
        key=key,
        data={"map": name},
        on_lasso_change=heard("lasso"),
        on_click_change=heard("click"),
        on_escape_change=heard("escape"),
    )


def _inside(told: dict, xy: np.ndarray, frame: Frame, colouring: Callable[[], Colouring]) -> np.ndarray:
    """Return the rows inside a line, less those that the legend hides."""
    inside = frame.inside(xy, told["corners"])
    if told["hidden"] and told["colouring"] == (shown := colouring()).id:
        inside &= ~np.isin(shown.codes(), told["hidden"])
    return np.flatnonzero(inside)


def _join(join: str) -> str:
    return join if join in JOINS else ""
