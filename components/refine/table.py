"""The clusters of a round as a table; a click on a row picks one."""

import streamlit as st

from components.session import state
from core.base.text import counted
from core.refine.history import round_table
from core.refine.run import RefineRun, Round
from core.refine.runs import Rounds
from core.refine.weights import FEW

_COLUMNS = {
    "cluster": st.column_config.NumberColumn("No.", width=60),
    "name": st.column_config.TextColumn("Cluster", width="medium"),
    "weight": st.column_config.NumberColumn(
        "Weight before",
        format="%.2f",
        help="What the round drew by, curators' weights counted in: 1 is an equal share of its budget, 2 twice that.",
    ),
    "multiplier": st.column_config.NumberColumn("Curator ×", format="%g"),
    "score": st.column_config.NumberColumn("Score", format="%.3f", help="Higher: the model has more to learn here."),
    "scored": st.column_config.NumberColumn(
        "Scored",
        format="localized",
        help=f"The records that its score is the mean of. Below {FEW} it is mostly chance.",
    ),
    "factor": st.column_config.NumberColumn(
        "Factor", format="%.3f", help="What the score does to the weight; 1 leaves it."
    ),
    "after": st.column_config.NumberColumn(
        "Weight after",
        format="%.2f",
        help="What the next round draws by, curators' weights counted in: 1 is an equal share.",
    ),
    "held by": st.column_config.TextColumn(
        "Held by", help="floor: raised to the floor. cap: it holds less than its share. decision: a curator decided."
    ),
    "quota": st.column_config.NumberColumn("Quota", format="localized"),
    "taken": st.column_config.NumberColumn("Taken", format="localized"),
    "left": st.column_config.NumberColumn("Left", format="localized", help="What it could still give."),
}
_DRAWN = "refine_table"  # the key of the table on the page


def show(rounds: Rounds, run: RefineRun, made: Round) -> None:
    """Draw the table of a round."""
    frame = round_table(rounds, run, made)
    n_scored = rounds.workspace.info("feedback", made.feedback)["n_scored"] if made.feedback else 0
    scored = f", {counted(n_scored, 'record')} scored" if n_scored else ", not scored"
    st.markdown(f"## Round {made.number}: {counted(int(frame['taken'].sum()), 'record')} taken{scored}")
    current = state.get()
    key = f"round-{made.key}-{made.feedback}-{current.refine_picks}"  # anew where a chart picked another cluster
    picked = [current.refine_cluster] if 0 <= current.refine_cluster < len(frame) else []
    st.session_state[_DRAWN] = key
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        height=min(340, 38 + 35 * len(frame)),
        on_select=lambda: _on_select(key),
        selection_mode="single-row",
        selection_default={"selection": {"rows": picked, "columns": [], "cells": []}},
        column_config=_COLUMNS,
    )


def _on_select(key: str) -> None:
    if st.session_state[_DRAWN] != key:
        return  # a table that went away says so as if its row had been let go
    rows = st.session_state[key].selection.rows
    state.get().refine_cluster = int(rows[0]) if rows else -1
