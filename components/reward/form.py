"""Run DaaR: the button that trains the probes and selects by their rewards."""

import streamlit as st

from components.frame import job_panel
from components.frame.fields import field
from components.reward import domain_editor
from components.session import trouble
from core.base.errors import CurationError
from core.daar.domains import Domain, domain_as_dict
from core.daar.params import ASSIGNMENTS, DaarParams
from core.daar.saved_domains import kept_only
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import SelectionParams


def show(pipeline: Pipeline, busy: bool, domains: tuple[Domain, ...]) -> None:
    """Draw the form."""
    last = pipeline.params("reward") or DaarParams()
    chosen = pipeline.params("select")
    left, middle, right = st.columns([2, 3, 3])
    budget = left.text_input("Budget", "20%", key="reward_budget", help="The paper takes a fifth.")
    names = [domain.name for domain in domains if domain.name]
    favoured = getattr(chosen, "target_domain", "")
    target_domain = middle.selectbox(
        "Favour a domain",
        ["", *names],
        index=names.index(favoured) + 1 if favoured in names else 0,
        key="reward_customise",
        format_func=lambda name: name or "none",
        help="Half of its records for every tenth of each other domain's.",
    )
    assignment = field(right, last, "assignment", key="reward_assignment")
    right.caption(ASSIGNMENTS[assignment])
    with st.expander("Settings"):
        one, two, three = st.columns(3)
        values = {
            "model": field(one, last, "model", key="reward_model", placeholder="the embeddings that are there"),
            "layer": field(two, last, "layer", key="reward_layer", max_value=max(200, last.layer)),
            "encoder": field(three, last, "encoder", key="reward_encoder"),
            "sample": field(one, last, "sample", key="reward_sample"),
            "seed": field(two, last, "seed", key="reward_seed"),
        }
    if busy and job_panel.in_place(pipeline, "reward"):
        return
    if st.button("Train and select", type="primary", icon=":material/emoji_objects:", disabled=busy, key="reward_run"):
        if not domain_editor.save(pipeline, domains):
            return
        try:
            params = DaarParams(
                tuple(domain_as_dict(kept_only(domain)) for domain in domains),
                assignment=assignment,
                **values,
            )
            selection = SelectionParams(budget, "daar", seed=values["seed"], target_domain=target_domain)
            selection.check_size(pipeline.workspace.dataset().n_records)
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(
            pipeline, "Training on domains", [Step("reward", params.as_dict()), Step("select", selection.as_dict())]
        )
        st.rerun()
