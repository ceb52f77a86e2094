"""Select: the method and the budget; the button starts the job."""

import streamlit as st

from components.frame import job_panel, navigation
from components.frame.fields import field
from components.session import offered, trouble
from core.base.errors import CurationError
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.workspace.deciding import overrides_of


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the form."""
    last = pipeline.params("select") or SelectionParams()
    if not isinstance(last, SelectionParams):
        last = SelectionParams(last.budget)
    methods, groups = offered.methods(pipeline, METHODS), offered.groups(pipeline)
    with st.form("select", border=True):
        values = {
            "budget": field(st, last, "budget", key="budget"),
            "method": field(st, last, "method", key="method", choices=methods, wide=True),
        }
        with st.expander("Settings"):
            values |= _settings(pipeline, last, methods, groups)
        pressed = st.form_submit_button("Select", type="primary", icon=":material/filter_alt:", disabled=busy)
    if "domains" not in groups:
        st.caption(
            "daar, and bands by domains, go by what the Reward page finds; it has not run on this data as it is."
        )
        navigation.next_page(pipeline, "reward", "Go to")
    if pressed:
        # A setting of another method has no effect here.
        goes_by = METHODS[values["method"]].options
        unused = {name for name in ("replacement", "groups") if name not in goes_by}
        _start(pipeline, {name: value for name, value in values.items() if name not in unused})


def _settings(pipeline: Pipeline, last: SelectionParams, methods: list[str], groups: list[str]) -> dict:
    drawing = ", ".join(name for name, method in METHODS.items() if method.can_repeat)
    values = {
        "quota": field(st, last, "quota", wide=True, horizontal=True),
        "sampling_probability": field(
            st, last, "sampling_probability", choices=offered.probabilities(pipeline), wide=True, horizontal=True
        ),
        "replacement": field(
            st,
            last,
            "replacement",
            help=f"A record may then be chosen, and exported, more than once. Only in {drawing}.",
        ),
        "similarity_threshold": field(st, last, "similarity_threshold"),
        "alpha": field(st, last, "alpha"),
    }
    if "daar" in methods:
        values["target_domain"] = _favour(pipeline, last)
    if groups:
        values["band"] = field(st, last, "band", wide=True, horizontal=True)
        values["groups"] = field(st, last, "groups", choices=groups, wide=True, horizontal=True)
    return values | {"seed": field(st, last, "seed")}


def _favour(pipeline: Pipeline, last: SelectionParams) -> str:
    names = ["", *(domain["name"] for domain in pipeline.params("reward").domains)]
    return st.selectbox(
        "In daar, favour a domain",
        names,
        index=names.index(last.target_domain) if last.target_domain in names else 0,
        format_func=lambda name: name or "none",
    )


def _start(pipeline: Pipeline, values: dict) -> None:
    try:
        params = SelectionParams(**values)
        wanted = params.n_records(pipeline.n_records())
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
