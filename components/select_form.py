"""Select: the method and the budget; the button starts the job."""

import streamlit as st

from components import job_panel, trouble
from core.errors import CurationError
from core.pipeline import Pipeline
from core.selection import BANDED, BANDS, GROUPS, METHODS, SelectionParams
from core.steps import Step
from core.words import counted


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the form."""
    last = pipeline.params("select") or SelectionParams()
    if not isinstance(last, SelectionParams):
        last = SelectionParams(last.budget)
    with st.form("select", border=True):
        budget = st.text_input(
            "Budget",
            last.budget,
            help="How many records to choose: a count such as 500, or a percentage such as 10%.",
            key="budget",
        )
        method = st.radio(
            "Method",
            list(METHODS),
            index=list(METHODS).index(last.method),
            captions=list(METHODS.values()),
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
            probability = st.radio(
                "In kmq, a record's chance",
                ("proportional", "softmax"),
                index=int(last.probability == "softmax"),
                captions=(
                    "Twice the quality, twice the chance.",
                    "By the exponential of quality; also for negative scores.",
                ),
                horizontal=True,
            )
            replacement = st.toggle(
                "Draw with replacement",
                last.replacement,
                help="A record may then be chosen, and exported, more than once.",
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
            names = ["", *(domain["name"] for domain in getattr(pipeline.params("reward"), "domains", ()))]
            customise = st.selectbox(
                "In daar, favour a domain",
                names,
                index=names.index(last.customise) if last.customise in names else 0,
                format_func=lambda name: name or "none",
            )
            band = st.radio(
                "In inter-band and intra-band",
                BANDS,
                index=BANDS.index(last.band),
                horizontal=True,
                help="From the least alike, 0-20, to the most, 80-100.",
            )
            groups = st.radio(
                "Bands go by",
                list(GROUPS),
                index=list(GROUPS).index(last.groups),
                captions=list(GROUPS.values()),
                horizontal=True,
            )
            seed = st.number_input(
                "Seed", 0, max(2**31 - 1, last.seed), last.seed, help="The same seed draws the same records."
            )
        pressed = st.form_submit_button("Select", type="primary", icon=":material/filter_alt:", disabled=busy)
    if pressed:
        values = (budget, method, quota, probability, replacement, int(seed), threshold, alpha, customise, band)
        _start(pipeline, *values, groups if method in BANDED else "domains")


def _start(pipeline: Pipeline, *values) -> None:
    try:
        params = SelectionParams(*values)
        wanted = params.n_records(pipeline.workspace.dataset().n_records)
        if wanted < (n_pinned := len(pipeline.overrides().pinned)):
            raise CurationError(
                f"{counted(n_pinned, 'record is', 'records are')} pinned, but the budget is {wanted:,}; raise the budget or unpin "
                f"{n_pinned - wanted:,}."
            )
    except CurationError as error:
        trouble.show(error)
        return
    job_panel.start(pipeline, "Choosing records", [Step("select", params.as_dict())])
    st.rerun()
