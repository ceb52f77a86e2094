"""Beside the charts: the clusters that moved most, or the one picked: why it moved, what can be done about it, its records."""

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import ICONS
from components.records import record_reader
from components.session import decide, opened, people, state
from core.base import access
from core.base.text import counted, shorten
from core.refine.history import History, why
from core.refine.run import RefineRun, Round
from core.refine.runs import Rounds
from core.refine.weights import FEW
from core.run.pipeline import Pipeline
from core.workspace.deciding import overrides_of

_MOVED = 12  # clusters offered while none is picked
_READER_HEIGHT = 430


def pick(cluster: int) -> None:
    """Look at a cluster from now on; at none where it was looked at already."""
    current = state.get()
    current.refine_cluster = -1 if cluster == current.refine_cluster else int(cluster)
    current.refine_picks += 1


def show(pipeline: Pipeline, rounds: Rounds, run: RefineRun, made: Round, history: History) -> None:
    """Draw the panel. made: the round looked at."""
    cluster = state.get().refine_cluster
    if not 0 <= cluster < len(history.names):
        _show_moved(history)
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"## {cluster:d} {as_markdown(shorten(history.names[cluster], 60))}", width="content")
        st.button("Close", icon=":material/close:", key="refine_close", on_click=pick, args=(cluster,), type="tertiary")
    st.text(why(rounds, run, made, cluster))
    if rounds.state(run.id) not in ("stale", "reversed"):
        _show_decisions(pipeline, rounds, run, cluster)
    _show_records(pipeline, rounds, run, made, cluster)


def _show_moved(history: History) -> None:
    """Offer the clusters whose weight moved most, those that grew first."""
    st.markdown("## No cluster picked")
    st.caption(
        "Click a line, a column, a point or a row of the table to see why a weight moved, to read the cluster's records, and to "
        "weight, pin or drop it. These moved most:"
    )
    relative = history.relative
    shown = history.most_changed(_MOVED) if relative.shape[1] > 1 else []
    with st.container(gap=None, key="list-moved"):
        for cluster in sorted(shown, key=lambda c: -relative[c, -1] / max(relative[c, 0], 1e-9)):
            before, after = relative[cluster, 0], relative[cluster, -1]
            arrow = ":material/north_east:" if after >= before else ":material/south_east:"
            name = as_markdown(shorten(history.names[cluster], 38))
            st.button(
                f"{arrow} {before:.2f} → {after:.2f} · {cluster:d} {name}{_on_few(history, cluster)}",
                key=f"moved-{cluster}",
                type="tertiary",
                on_click=pick,
                args=(cluster,),
            )


def _on_few(history: History, cluster: int) -> str:
    """Return a mark where the cluster's last score rests on very few records."""
    counts = np.zeros(0, np.int64) if history.counts is None else history.counts[cluster]
    last = counts[counts > 0][-1:]
    return f" :orange[on {counted(int(last[0]), 'record')}]" if len(last) and last[0] < FEW else ""


def _show_decisions(pipeline: Pipeline, rounds: Rounds, run: RefineRun, cluster: int) -> None:
    clustering = run.inputs["cluster"]
    weight = float(overrides_of(pipeline).multipliers.get(cluster, 1.0))
    key = f"refine-weight-{cluster}-{weight}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Multiply its weight by",
            min_value=0.0,
            max_value=max(100.0, weight),
            value=weight,
            step=0.25,
            format="%g",
            key=key,
            width=150,
            **people.off(
                access.DECIDE, help="2 doubles its share, 0 takes nothing but pinned records, 1 takes this off."
            ),
            on_change=lambda: decide.on_clusters("weight", (cluster,), clustering, float(st.session_state[key])),
        )
        for action, label in (("pin", "Pin all"), ("drop", "Drop all"), ("clear", "Clear")):
            st.button(
                label,
                icon=ICONS[action],
                key=f"refine_{action}",
                on_click=decide.on_clusters,
                **people.off(access.DECIDE),
                args=(action, (cluster,), clustering),
            )
    ahead = "from the next round on" if rounds.state(run.id) != "done" else "once the last round is selected anew"
    st.caption(f"A drop takes its records out at once; its places are filled, and pins and weights count, {ahead}.")


def _show_records(pipeline: Pipeline, rounds: Rounds, run: RefineRun, made: Round, cluster: int) -> None:
    """Draw the cluster's records: those that its score rests on, what was taken of it so far, or all."""
    kinds = records_of(rounds, run, made, cluster)
    words = {name: f"{name} · {len(rows):,}" for name, rows in kinds.items()}
    kind = st.segmented_control(
        "Its records",
        list(kinds),
        default=next(iter(kinds)),
        required=True,
        format_func=words.get,
        key="refine_records",
    )
    rows = kinds.get(kind, next(iter(kinds.values())))
    with st.container(height=_READER_HEIGHT, border=False):
        if not len(rows):
            st.caption("None of its records yet.")
            return
        statuses = opened.statuses(pipeline, overrides_of(pipeline))
        record_reader.show(pipeline, rows, statuses, key="refine", ranked=True)


def records_of(rounds: Rounds, run: RefineRun, made: Round, cluster: int) -> dict[str, np.ndarray]:
    """Return row ids of a cluster by what they are to a round: "Scored", the worst for the model first, "Taken", "All".

    Without feedback on the round there are no scored ones; what is empty but "All" is left out.
    """
    labels = rounds.labels(run)
    kinds = {}
    if (table := rounds.scores(made)) is not None:
        rows, scores = table["row_id"].to_numpy(), table["score"].to_numpy()
        mine = labels[rows] == cluster
        kinds["Scored"] = rows[mine][np.argsort(-scores[mine], kind="stable")]
    taken = rounds.taken(run, made.number)
    kinds["Taken"] = taken[labels[taken] == cluster]
    kinds = {name: rows for name, rows in kinds.items() if len(rows)}
    return kinds | {"All": np.flatnonzero(labels == cluster)}
