"""The decisions so far: who decided what, when, whether it stands, and a way to take back any of them."""

import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import ICONS
from components.review import log_files
from components.session import decide, opened, people, state
from core.base import access
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.vectors.reshaping import rename_cluster
from core.workspace.deciding import decide_cluster, members_then
from core.workspace.decisions import (
    ACTIONS,
    REVISIONS,
    Decision,
    Overrides,
    best_overlap,
    decision_states,
    next_redo,
    next_undo,
)
from core.workspace.shape import STRUCTURE, is_about_today, then_called
from core.workspace.told import about_shape, matching

_LEAST_OVERLAP = 0.3
_MOST_SHOWN = 2000


def show(pipeline: Pipeline, overrides: Overrides) -> None:
    """Draw the list."""
    decisions = pipeline.workspace.ledger.decisions()
    current = state.get()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Undo",
            icon=ICONS["undo"],
            on_click=decide.undo,
            **people.off(
                access.DECIDE,
                next_undo(decisions, current.who) is None,
                help="Takes back your last decision. One of another curator is taken back by choosing it in the list.",
            ),
            key="review_undo",
        )
        st.button(
            "Redo",
            icon=ICONS["redo"],
            on_click=decide.redo,
            **people.off(access.DECIDE, next_redo(decisions, current.who) is None),
            key="review_redo",
        )
        current.who = st.text_input("Decisions are signed", current.who, key="who", width=220, disabled=access.is_on())
        st.space("stretch")
        log_files.show(pipeline)
    if not decisions:
        st.info(
            "No decision yet. On the Map page, pin what must be in and drop what must not: records, clusters, all inside a line.",
            icon=":material/history:",
        )
        return
    _set_aside(pipeline, overrides)
    states = decision_states(decisions, overrides)
    shown = _filtered(decisions)
    if not shown:
        st.caption("No decision is like that.")
        return
    newest = shown[-_MOST_SHOWN:][::-1]
    if len(newest) < len(shown):
        st.caption(f"The newest {len(newest):,} of {counted(len(shown), 'decision')}.")
    frame = pd.DataFrame([_line(pipeline, decision, states) for decision in newest])
    event = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"decisions-{newest[0].id}-{len(newest)}",  # another list has another line under the mark
        height=min(520, 40 + 35 * len(frame)),
    )
    if event.selection.rows:
        _one(pipeline, newest[event.selection.rows[0]], states)


def _filtered(decisions: list[Decision]) -> list[Decision]:
    """Ask for a person, an action and words; return the decisions that are so, oldest first."""
    people = sorted({decision.who for decision in decisions})
    actions = [action for action in (*ACTIONS, *REVISIONS) if any(d.action == action for d in decisions)]
    person, kind, words = st.columns([2, 2, 3])
    who = person.selectbox(
        "Whose",
        [None, *people],
        format_func=lambda each: "Everybody's" if each is None else each or "Nobody's",
        key="whose",
    )
    action = kind.selectbox(
        "Action", [None, *actions], format_func=lambda each: "All" if each is None else each, key="log_action"
    )
    return matching(decisions, who, action, words.text_input("Words", key="log_words", placeholder="in what and why"))


def _line(pipeline: Pipeline, decision: Decision, states: dict[int, str]) -> dict:
    if decision.action in ACTIONS:
        what, stands = describe(pipeline, decision), states[decision.id]
    else:
        what, stands = f"decision {decision.refers}", ""
    return {
        "No.": decision.id,
        "When (UTC)": decision.at.replace("T", " ")[:19],
        "Who": decision.who,
        "Action": decision.action,
        "What": what,
        "State": stands,
        "Note": decision.note,
    }


def describe(pipeline: Pipeline, decision: Decision) -> str:
    """Return what a decision is about, in words."""
    if decision.target == "records":
        rows = decision.rows
        field = f", {decision.field}" if decision.action == "edit" else ""
        return f"record {rows[0]:,}{field}" if len(rows) == 1 else counted(len(rows), "record")
    by = f" x {decision.value:g}" if decision.action == "weight" else about_shape(decision, " ")
    if is_about_today(pipeline, decision):
        name = then_called(pipeline, decision) if decision.action != "rename" else ""
        return f"cluster {decision.cluster}{f' ({name})' if name else ''}{by}"
    return f"cluster {decision.cluster} of an earlier clustering{by}"


def _one(pipeline: Pipeline, decision: Decision, states: dict[int, str]) -> None:
    if decision.action not in ACTIONS:
        return
    stands = states[decision.id] != "taken back"
    of = f" of {decision.who}" if decision.who not in ("", state.get().who) else ""
    st.button(
        as_markdown(f"{'Take back' if stands else 'Restore'} decision {decision.id}{of}"),
        icon=ICONS["undo" if stands else "redo"],
        on_click=decide.undo if stands else decide.redo,
        **people.off(access.DECIDE),
        args=(decision.id,),
        key="revise_one",
    )


def _set_aside(pipeline: Pipeline, overrides: Overrides) -> None:
    if overrides.lost:
        st.warning(
            f"{counted(len(overrides.lost), 'decision is', 'decisions are')} about records of an earlier import that nothing "
            "tells any more, without effect on today's.",
            icon=":material/history_toggle_off:",
        )
    if not overrides.set_aside:
        return
    st.warning(
        f"{counted(len(overrides.set_aside), 'decision is', 'decisions are')} about clusters of an earlier clustering, or "
        "of today's before somebody merged or split them. They have no effect.",
        icon=":material/update:",
    )
    matches = [(decision, *match) for decision in overrides.set_aside if (match := _match(pipeline, decision))]
    names = opened.cluster_names(pipeline)
    for decision, cluster, overlap in matches:
        becomes = f"cluster {cluster}, {names[cluster]} ({overlap:.0%} in common)"
        st.text(f"{decision.action} cluster {decision.cluster} would become {becomes}")
    if matches:
        st.button(
            "Carry these over", on_click=_carry, **people.off(access.DECIDE), args=(pipeline, matches), key="carry_over"
        )


def _match(pipeline: Pipeline, decision: Decision) -> tuple[int, float] | None:
    """Return (cluster, overlap) of the cluster that took the place of the decision's, None where none overlaps enough."""
    new = opened.labels(pipeline)
    members = None if new is None or decision.action in STRUCTURE else members_then(pipeline, decision)
    if members is None:
        return None
    cluster, overlap = best_overlap(members, new)
    return (cluster, overlap) if overlap >= _LEAST_OVERLAP else None


def _carry(pipeline: Pipeline, matches: list[tuple[Decision, int, float]]) -> None:
    for decision, cluster, _ in matches:
        note = f"carried over from decision {decision.id}"
        original = decision.refers or decision.id
        if decision.action == "rename":
            rename_cluster(pipeline, cluster, decision.text, state.get().who, note, refers=original)
        else:
            decide_cluster(pipeline, decision.action, cluster, state.get().who, note, decision.value, refers=original)
    state.say(f"{counted(len(matches), 'decision')} carried over.")
