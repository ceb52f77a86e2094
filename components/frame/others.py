"""What the others do: a line that says who decided last, and the page drawn anew as soon as somebody else decides.

Where many do at once, the line is there as soon, and the pages take turns (`session/turns.py`).
"""

import datetime
import sqlite3

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import running, state
from components.session.turns import TURNS
from core.base import access
from core.base.errors import CurationError
from core.base.text import shorten
from core.evidence.current import is_behind
from core.workspace.contested import told_overruled
from core.workspace.deciding import contested_in
from core.workspace.decisions import Decision
from core.workspace.ledger import Ledger
from core.workspace.results import Results
from core.workspace.told import ago, told

_BEHIND = -1  # no decision's: what is shown lacks some, whether or not more are made
_LONGEST = 40  # letters of a name
_WORTH_SAYING = datetime.timedelta(days=1)


def show(results: Results) -> None:
    """Draw the line, and watch the ledger from now on: one read a second, or where many are there fewer, which draws nothing but
    this line.

    What somebody else decided against the reader's own decisions, of late, is said until it is settled.
    """
    TURNS.drawn(running.session_id())
    ledger, me = results.workspace.ledger, state.get().who
    shown = _BEHIND if is_behind(results) else ledger.last_decision_id()
    against = (each for each in contested_in(results) if me and each.of.who == me)
    if (last := next(against, None)) and _is_of_late(last.by):
        st.caption(as_markdown(f"{told_overruled(last, me)}, {ago(last.by.at)}"))
    st.fragment(_watch, run_every=TURNS.look_every())(ledger, shown)


def _is_of_late(decision: Decision) -> bool:
    return datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(decision.at) <= _WORTH_SAYING


def _watch(ledger: Ledger, shown: int) -> None:
    TURNS.looks(running.session_id())
    if access.why_not(access.READ):
        st.rerun()  # taken off the list of roles: the whole page says so
    try:
        made = ledger.decisions()
    except (CurationError, OSError, sqlite3.Error):
        st.rerun()  # the whole page, which says what is wrong
    if running.draws_a_part() and (made[-1].id if made else 0) != shown and TURNS.take(running.session_id()):
        st.rerun()  # from a look alone: the page itself must come to its end
    me = state.get().who
    last = next((decision for decision in reversed(made) if decision.who != me), None)
    if last is None or not _is_of_late(last):
        return
    st.caption(as_markdown(f"{shorten(last.who, _LONGEST) or 'Somebody'} {shorten(told(last), 200)}, {ago(last.at)}"))
