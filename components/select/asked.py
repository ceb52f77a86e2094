"""What the form asks for: it begins with the current selection, and is kept while the reader looks at other pages."""

import dataclasses
from typing import Any

import streamlit as st

from components.session import state
from components.session.uninterrupted import uninterrupted
from core.run.pipeline import Pipeline
from core.selection.method import FAMILIES, METHODS
from core.selection.params import GROUPED, PROPOSED, SelectionParams
from core.selection.stage import last_selection_key


def begin(pipeline: Pipeline, offered: list[str]) -> tuple[str, SelectionParams]:
    """Return (budget as it was written, the rest of what the form shows now). offered: the methods that can be chosen."""
    current, key = state.get(), last_selection_key(pipeline)
    if current.select_asked[0] != key or not current.select_asked[1]:
        last = pipeline.params("select") or SelectionParams(**PROPOSED)
        if not isinstance(last, SelectionParams):
            last = SelectionParams(last.budget)
        current.select_asked = (key, dataclasses.asdict(last))
        current.select_form += 1
    asked = dict(current.select_asked[1])
    if asked["method"] not in offered:
        asked |= {
            "method": offered[0],
            "groups": "domains",
            "replacement": False,
            "quota": _kept_quota(offered[0], asked),
        }
        current.select_asked = (key, asked)
    for family in FAMILIES:
        held = asked["method"] if METHODS[asked["method"]].family == family else None
        st.session_state.setdefault(key_of(family), held)
    return asked["budget"], SelectionParams(**asked | {"budget": "10%"})


def key_of(family: str) -> str:
    """Return the key of the list of a family's methods."""
    return f"methods-{family}-{state.get().select_form}"


@uninterrupted
def pick(family: str) -> None:
    """Ask for the method that was picked in the list of a family: it is no longer picked in the others."""
    method = st.session_state[key_of(family)]
    if method is None:  # the browser's echo of what was picked in another list
        return
    for other in FAMILIES:
        if other != family:
            st.session_state[key_of(other)] = None
    based_on, asked = state.get().select_asked
    picked = dataclasses.asdict(SelectionParams(method=method))
    kept = {name: asked[name] for name in ("budget", "tokenizer", "at_least", "at_most")}
    kept["quota"] = _kept_quota(method, asked)
    state.get().select_asked = (based_on, picked | kept)


def _kept_quota(method: str, asked: dict[str, Any]) -> str:
    """Return the quota that was asked for, where another method can go by it too."""
    return asked["quota"] if asked["quota"] in GROUPED and "quota" in METHODS[method].options else "size"


def keep(values: dict[str, Any]) -> None:
    """Keep what the form asks. values: of SelectionParams."""
    based_on, asked = state.get().select_asked
    state.get().select_asked = (based_on, asked | values)


@uninterrupted
def discard() -> None:
    """Ask for what is selected again."""
    state.get().select_asked = ("", {})


def applied(pipeline: Pipeline) -> None:
    """Go on from what was just selected: what the form asks is what there is."""
    state.get().select_asked = (last_selection_key(pipeline), state.get().select_asked[1])
