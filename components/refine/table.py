"""The clusters of a round as a table, and the one picked: why its weight moved, and what a curator can do about it."""

import streamlit as st

from components.charts.theme import ICONS
from components.session import decide, state
from core.base.text import counted
from core.refine.history import History, round_table, why
from core.refine.run import RefineRun, Round
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.workspace.deciding import overrides_of

_COLUMNS = {
    "cluster": st.column_config.NumberColumn("No.", width=60),
    "name": st.column_config.TextColumn("Cluster", width="medium"),
    "weight": st.column_config.NumberColumn(
        "Weight before",
        format="%.2f",
        help="What the round drew by, curators' multipliers counted in: 1 is an equal share of its budget, 2 twice that.",
    ),
    "multiplier": st.column_config.NumberColumn("Curator ×", format="%g"),
    "score": st.column_config.NumberColumn("Score", format="%.3f", help="Higher: the model has more to learn here."),
    "factor": st.column_config.NumberColumn(
        "Factor", format="%.3f", help="What the score does to the weight; 1 leaves it."
    ),
    "after": st.column_config.NumberColumn(
        "Weight after", format="%.2f", help="What the next round draws by, multipliers counted in: 1 is an equal share."
    ),
    "held by": st.column_config.TextColumn(
        "Held by", help="floor: raised to the floor. cap: it holds less than its share. override: a curator decided."
    ),
    "quota": st.column_config.NumberColumn("Quota", format="localized"),
    "taken": st.column_config.NumberColumn("Taken", format="localized"),
    "left": st.column_config.NumberColumn("Left", format="localized", help="What it could still give."),
}


def show(rounds: Rounds, run: RefineRun, made: Round) -> None:
    """Draw the table of a round."""
    frame = round_table(rounds, run, made)
    n_scored = rounds.workspace.info("feedback", made.feedback)["n_scored"] if made.feedback else 0
    scored = f", {counted(n_scored, 'record')} scored" if n_scored else ", not scored"
    st.markdown(f"##### Round {made.number}: {counted(int(frame['taken'].sum()), 'record')} taken{scored}")
    key = f"round-{made.key}-{made.feedback}"
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        height=min(340, 38 + 35 * len(frame)),
        on_select=lambda: _on_select(key),
        selection_mode="single-row",
        column_config=_COLUMNS,
    )


def _on_select(key: str) -> None:
    rows = st.session_state[key].selection.rows
    state.get().refine_cluster = int(rows[0]) if rows else -1


def show_cluster(pipeline: Pipeline, rounds: Rounds, run: RefineRun, made: Round | None, history: History) -> None:
    """Draw the picked cluster beside the charts."""
    cluster = state.get().refine_cluster
    if not 0 <= cluster < len(history.names):
        st.markdown("##### No cluster picked")
        st.caption(
            "Click a row of the table below to see why its weight moved, and to weight, pin or drop it for the next round."
        )
        return
    st.caption(f"Cluster {cluster:d}")
    st.text(history.names[cluster])
    if made is not None:
        st.text(why(rounds, run, made, cluster))
    if rounds.state(run.id) in ("stale", "reversed"):
        return
    clustering = run.inputs["cluster"]
    weights = overrides_of(pipeline).multipliers
    key = f"refine-weight-{cluster}-{weights.get(cluster, 1.0)}"
    st.number_input(
        "Multiply its weight by",
        min_value=0.0,
        max_value=max(100.0, float(weights.get(cluster, 1.0))),
        value=float(weights.get(cluster, 1.0)),
        step=0.25,
        format="%g",
        key=key,
        help="2 doubles its share, 0 takes nothing but pinned records, 1 takes this off.",
        on_change=lambda: decide.on_cluster("weight", cluster, clustering, float(st.session_state[key])),
    )
    with st.container(horizontal=True):
        for action, label in (("pin", "Pin all"), ("drop", "Drop all"), ("clear", "Clear")):
            st.button(
                label,
                icon=ICONS[action],
                key=f"refine_{action}",
                on_click=decide.on_cluster,
                args=(action, cluster, clustering),
            )
    ahead = "from the next round on" if rounds.state(run.id) != "done" else "once the last round is selected anew"
    st.caption(f"A drop takes its records out at once; its places are filled, and pins and weights count, {ahead}.")
