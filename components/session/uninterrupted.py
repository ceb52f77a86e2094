"""Callbacks that run to their end. Streamlit breaks a callback off, and drops it, where another click asks for a whole rerun while
it runs: at its first look into the session's state. A decision would be lost that way, or an undo made twice.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

P = ParamSpec("P")
R = TypeVar("R")


def uninterrupted(callback: Callable[P, R]) -> Callable[P, R]:
    """Return the callback, run to its end whatever is asked for meanwhile; what was asked for follows after it."""

    @functools.wraps(callback)
    def run(*arguments: P.args, **named: P.kwargs) -> R:
        context = get_script_run_ctx(suppress_warning=True)
        state = getattr(context, "session_state", None)
        if not hasattr(state, "_yield_callback"):  # outside of a session, or another Streamlit than the one pinned
            return callback(*arguments, **named)
        yields = state._yield_callback
        object.__setattr__(
            state, "_yield_callback", _go_on
        )  # it takes no other way: attributes of it are the session's
        try:
            return callback(*arguments, **named)
        finally:
            object.__setattr__(state, "_yield_callback", yields)

    return run


def _go_on() -> None:
    """Do not stop here."""
