"""Which selections are compared, and which question is asked of them."""

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import navigation
from components.frame.choices import switch
from components.session import decide, opened, people, state
from core.base import access
from core.evidence.candidates import Choice, choices
from core.evidence.current import current_selection, is_current
from core.run.pipeline import Pipeline

VIEWS = {
    "measures": "Measures",
    "difference": "What differs",
    "pareto": "Quality and diversity",
    "ablation": "Ablation",
    "versions": "Versions",
}
_TRIED = 12


def show(pipeline: Pipeline) -> tuple[str, list[Choice]]:
    """Draw both; return (view, the selections picked, at least one)."""
    current = state.get()
    held = {choice.id: choice for choice in choices(pipeline)}
    if not held:
        st.info(
            "Nothing to compare: what was selected was selected from other data. Select again on the Select page.",
            icon=":material/balance:",
        )
        navigation.next_page(pipeline, "select", "Go to")
        st.stop()
    before = [name for name in current.compared if name in held] or _at_first(pipeline, list(held.values()))
    current.compare_view = switch("Question", VIEWS, current.compare_view, "compare_view")
    picked = before
    if current.compare_view in ("measures", "difference"):
        picked = st.multiselect(
            "Selections",
            list(held),
            default=before,
            format_func=lambda name: f"{held[name].title} · {held[name].n:,}",
            key="compared",
            help="Every selection made so far, with its number, and every version saved.",
        )
        current.compared = tuple(picked)
        _make_current(pipeline, [held[name] for name in picked])
    return current.compare_view, [held[name] for name in picked]


def _make_current(pipeline: Pipeline, picked: list[Choice]) -> None:
    """Say which selection is the current one, with a button for each picked one that isn't."""
    now = current_selection(pipeline)
    with st.container(horizontal=True, vertical_alignment="center"):
        if now:
            st.caption(f"Current selection: **{as_markdown(now.title)}**", width="content")
        for choice in picked:
            if not is_current(pipeline, choice.id):
                st.button(
                    f"Make {as_markdown(choice.title)} current",
                    icon=":material/check:",
                    type="tertiary",
                    key=f"use-{choice.id}",
                    on_click=decide.use,
                    **people.off(access.RUN, help="It is then what is exported, saved and reported."),
                    args=(choice.id,),
                )


def _at_first(pipeline: Pipeline, held: list[Choice]) -> list[str]:
    """Return the first selection and the next that holds other records: a version often is what was just selected."""
    rows = opened.chosen_rows(pipeline, held[0])
    others = (choice for choice in held[1:_TRIED] if not np.array_equal(opened.chosen_rows(pipeline, choice), rows))
    other = next(others, None)
    return [held[0].id] + ([other.id] if other else [])
