"""Select: the method and the budget; the button starts the job."""

import streamlit as st

from components.frame import job_panel, navigation
from components.session import offered, trouble
from core.base.errors import CurationError
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import BANDED, BANDS, DRAWING, GROUPS, SelectionParams
from core.selection.method import METHODS
from core.workspace.deciding import overrides_of

_CHANCES = {
    "proportional": "Twice the quality, twice the chance.",
    "softmax": "By the exponential of quality; also for negative scores.",
}


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the form."""
    last = pipeline.params("select") or SelectionParams()
    if not isinstance(last, SelectionParams):
        last = SelectionParams(last.budget)
    methods, groups = offered.methods(pipeline, METHODS), offered.groups(pipeline)
    with st.form("select", border=True):
        budget = st.text_input(
            "Budget",
            last.budget,
            help="How many records to choose: a count such as 500, or a percentage such as 10%.",
            key="budget",
        )
        method = st.radio(
            "Method",
            methods,
            index=methods.index(last.method) if last.method in methods else 0,
            captions=[METHODS[name] for name in methods],
            key="method",
        )
        with st.expander("Settings"):
            quota = st.radio(
                "A cluster's share of the budget",
                ("size", "equal"),
                index=int(last.quota == "equal"),
                captions=("Large clusters give more.", "Every cluster gives the same, as far as it can."),
                horizontal=True,
            )
            chances = offered.probabilities(pipeline)
            probability = st.radio(
                "In kmq, a record's chance",
                chances,
                index=chances.index(last.probability) if last.probability in chances else 0,
                captions=[_CHANCES[name] for name in chances],
                horizontal=True,
            )
            replacement = st.toggle(
                "Draw with replacement",
                last.replacement,
                help=f"A record may then be chosen, and exported, more than once. Only in {', '.join(DRAWING)}.",
            )
            threshold = st.slider(
                "In deita, too much alike from",
                0.0,
                1.0,
                last.threshold,
                0.01,
                help="The cosine above which a record counts as a repeat.",
            )
            alpha = st.slider(
                "In qdit, the weight of quality",
                0.0,
                1.0,
                last.alpha,
                0.05,
                help="0 only brings every record near to something taken, 1 only takes the best.",
            )
            customise = _favour(pipeline, last) if "daar" in methods else ""
            band, by = _bands(last, groups) if groups else (last.band, "domains")
            seed = st.number_input(
                "Seed", 0, max(2**31 - 1, last.seed), last.seed, help="The same seed draws the same records."
            )
        pressed = st.form_submit_button("Select", type="primary", icon=":material/filter_alt:", disabled=busy)
    if "domains" not in groups:
        st.caption(
            "daar, and bands by domains, go by what the Reward page learns; it has not run on this data as it is."
        )
        navigation.next_page(pipeline, "reward", "Go to")
    if pressed:
        again = replacement and method in DRAWING
        values = (budget, method, quota, probability, again, int(seed), threshold, alpha, customise, band)
        _start(pipeline, *values, by if method in BANDED else "domains")


def _favour(pipeline: Pipeline, last: SelectionParams) -> str:
    names = ["", *(domain["name"] for domain in pipeline.params("reward").domains)]
    return st.selectbox(
        "In daar, favour a domain",
        names,
        index=names.index(last.customise) if last.customise in names else 0,
        format_func=lambda name: name or "none",
    )


def _bands(last: SelectionParams, groups: list[str]) -> tuple[str, str]:
    band = st.radio(
        "In inter-band and intra-band",
        BANDS,
        index=BANDS.index(last.band),
        horizontal=True,
        help="From the least alike, 0-20, to the most, 80-100.",
    )
    by = st.radio(
        "Bands go by",
        groups,
        index=groups.index(last.groups) if last.groups in groups else 0,
        captions=[GROUPS[name] for name in groups],
        horizontal=True,
    )
    return band, by


def _start(pipeline: Pipeline, *values) -> None:
    try:
        params = SelectionParams(*values)
        wanted = params.n_records(pipeline.workspace.dataset().n_records)
        if wanted < (n_pinned := len(overrides_of(pipeline).pinned)):
            raise CurationError(
                f"{counted(n_pinned, 'record is', 'records are')} pinned, but the budget is {wanted:,}; raise the budget or unpin "
                f"{n_pinned - wanted:,}."
            )
    except CurationError as error:
        trouble.show(error)
        return
    job_panel.start(pipeline, "Choosing records", [Step("select", params.as_dict())])
    st.rerun()
