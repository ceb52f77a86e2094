"""How much of what DaaR selected is its seed: what the cut says, and draws beside each other."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.session import people
from core.base import access
from core.evidence.redraw import LEAST_OVERLAP, overlap_warning
from core.evidence.stability import StabilityParams, known_stability
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.stage import last_selection_key

_DRAWS = 2


def warnings(pipeline: Pipeline) -> list[str]:
    """Return what a curator must know of the selection by DaaR, how alike it is when drawn again included."""
    asked = _asked(pipeline)
    if asked is None:
        return []
    found = known_stability(pipeline, asked)
    alike = overlap_warning("daar", found.overlap, found.n_seeds) if found is not None else ""
    told = pipeline.workspace.info("select", last_selection_key(pipeline))["warnings"]
    return [*told, *([alike] if alike else [])]


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw how alike the selection by DaaR is when seeds and probes are drawn again, or the button that finds out."""
    asked = _asked(pipeline)
    if asked is None:
        return
    found = known_stability(pipeline, asked)
    if found is not None:
        several = getattr(pipeline.params("reward"), "draws", 1)
        what = "draws of seeds and probes" if several == 1 else f"means of {several} draws, all drawn anew,"
        st.caption(f"{found.n_seeds} {as_markdown(what)} share {found.overlap:.0%} of what they select.")
        return
    if busy and job_panel.in_place(pipeline, "stability"):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Draw it again and compare",
            icon=":material/casino:",
            **people.off(access.RUN, busy),
            key="reward_stability",
            width="content",
        ):
            job_panel.start(pipeline, "Drawing again", [Step("stability", asked.as_dict())])
            st.rerun()
        st.caption(
            "Trains all probes once more from another random seed and counts what both select: below "
            f"{LEAST_OVERLAP:.0%}, the seed decides more than the records do."
        )


def _asked(pipeline: Pipeline) -> StabilityParams | None:
    params = pipeline.params("select")
    by_it = params is not None and params.method == "daar" and last_selection_key(pipeline)
    return StabilityParams(params.as_dict(), _DRAWS) if by_it else None
