"""What a reader remembers between reruns: the page, how texts are shown, what is unfolded, what was asked and done."""

import dataclasses
import secrets
from collections.abc import Callable

import numpy as np
import streamlit as st

_MOST = 6  # readers remembered in a session: each holds an order of its records


@dataclasses.dataclass
class Reading:
    """One reader's state. session: by which the browser knows that this is the server it spoke to. done: the last ask done.

    order: as it was chosen, "" for the usual one. at: the row that is read in the dialog, or -1. opened: the last wish to open
    the first record that was granted. mode: "written" or "rendered". whole: rows whose long texts are sent whole. original:
    rows shown as they came, not as corrected. similar: the row whose neighbours are listed, or -1. edit: the row to correct, or
    -1. ordered: (of what, order). explains: whether it was just asked why the record is selected; explained: (what stands, row)
    of the last answer.
    follow: what is to happen once the fragment has run: "" for nothing, "page" for the whole page anew, "turn" for that as soon as
    it is this session's turn, "map" for the map page. is_ahead: whether something was decided since the page was drawn.
    """

    session: str = dataclasses.field(default_factory=lambda: secrets.token_hex(8))
    done: int = 0
    page: int = 0
    order: str = ""
    at: int = -1
    opened: int = 0
    mode: str = "written"
    whole: set[int] = dataclasses.field(default_factory=set)
    original: set[int] = dataclasses.field(default_factory=set)
    similar: int = -1
    edit: int = -1
    ordered: tuple[str, np.ndarray] | None = None
    explains: bool = False
    explained: tuple = ()
    follow: str = ""
    is_ahead: bool = False

    def wants_page(self, in_turn: bool) -> None:
        """Ask for the page to be drawn anew. in_turn: as soon as it is this session's turn, unless it must be at once."""
        self.follow = "turn" if in_turn and self.follow != "page" else "page"

    def close_editor(self) -> None:
        """Correct no record any more."""
        self.edit = -1

    def in_order(self, of: str, order: Callable[[], np.ndarray]) -> np.ndarray:
        """Return an order that stays while `of` stays: a record must not move away under its reader who has just pinned it."""
        if self.ordered is None or self.ordered[0] != of:
            self.ordered = (of, order())
        return self.ordered[1]


def reading(key: str) -> Reading:
    """Return the state of the reader `key`; of readers not looked at for long it is forgotten."""
    held: dict[str, Reading] = st.session_state.setdefault("winnow_readers", {})
    if key in held:
        held[key] = held.pop(key)  # the latest last
    else:
        mode = next(reversed(held.values())).mode if held else "written"
        held[key] = Reading(mode=mode)
    while len(held) > _MOST:
        held.pop(next(iter(held)))
    return held[key]
