"""How much of what DaaR selected is its seed: what the cut says, and draws beside each other."""

import streamlit as st

from components.frame import job_panel
from components.session import trouble
from core.evidence.redraw import LEAST_OVERLAP, overlap_warning
from core.evidence.stability import StabilityParams, known_stability
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.stage import last_selection_key

_DRAWS = 2


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw warnings about the selection by DaaR, and how alike it is when seeds and probes are drawn again."""
    params, key = pipeline.params("select"), last_selection_key(pipeline)
    if params is None or params.method != "daar" or not key:
        return
    for warning in pipeline.workspace.info("select", key)["warnings"]:
        trouble.warn(warning)
    asked = StabilityParams(params.as_dict(), _DRAWS)
    found = known_stability(pipeline, asked)
    if found is not None:
        if warning := overlap_warning(params.method, found.overlap, found.n_seeds):
            trouble.warn(warning)
        else:
            st.caption(f"{found.n_seeds} draws of seeds and probes share {found.overlap:.0%} of what they select.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Draw it again and compare",
            icon=":material/casino:",
            disabled=busy,
            key="reward_stability",
            width="content",
        ):
            job_panel.start(pipeline, "Drawing again", [Step("stability", asked.as_dict())])
            st.rerun()
        st.caption(
            "Trains the probes once more from other seeds and counts what both select: below "
            f"{LEAST_OVERLAP:.0%}, the seed decides more than the records do."
        )
