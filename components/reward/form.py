"""Run DaaR: the button that trains the probes and selects by their rewards."""

from typing import Any

import streamlit as st

from components.frame import job_panel
from components.frame.fields import field
from components.reward import domain_editor
from components.session import opened, people, trouble
from core.base import access
from core.base.errors import CurationError
from core.daar.domains import Domain, domain_as_dict
from core.daar.inputs import MOST_LABELS
from core.daar.params import ASSIGNMENTS, LABELS, MOST_DRAWS, USUAL_DRAWS, DaarParams
from core.daar.saved_domains import kept_only
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import SelectionParams

_WORDS = {"pseudo": "the ones described above", "source": "the records' own source labels"}
_WHY_DRAWS = (
    f"{USUAL_DRAWS} are recommended: what one draw of seeds and probes selects depends on the draw as much as on the records. "
    "Each draw takes its time, and is kept."
)


def show(pipeline: Pipeline, busy: bool, domains: tuple[Domain, ...]) -> None:
    """Draw the form."""
    ran = pipeline.params("reward")
    last = ran or DaarParams(draws=USUAL_DRAWS)
    budget, target_domain, values = _main_fields(pipeline, last, domains)
    with st.expander("Settings"):
        one, two, three = st.columns(3)
        values |= {
            "model": field(one, last, "model", key="reward_model", placeholder="the embeddings that are there"),
            "layer": field(two, last, "layer", key="reward_layer", max_value=max(200, last.layer)),
            "encoder": field(three, last, "encoder", key="reward_encoder"),
            "sample": field(one, last, "sample", key="reward_sample"),
            "seed": field(two, last, "seed", key="reward_seed"),
        }
    if busy and job_panel.in_place(pipeline, "reward"):
        return
    if st.button(
        "Train and select",
        type="primary",
        icon=":material/emoji_objects:",
        **people.off(access.RUN, busy),
        key="reward_run",
    ):
        described = values["labels"] == "pseudo"
        if described and not domain_editor.save(pipeline, domains):
            return
        try:
            given = tuple(domain_as_dict(kept_only(domain)) for domain in domains) if described else ()
            params = DaarParams(given, **values)
            selection = SelectionParams(budget, "daar", seed=values["seed"], target_domain=target_domain)
            selection.check_size(pipeline.workspace.dataset().n_records)
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(
            pipeline, "Training on domains", [Step("reward", params.as_dict()), Step("select", selection.as_dict())]
        )
        st.rerun()


def _main_fields(pipeline: Pipeline, last: DaarParams, domains: tuple[Domain, ...]) -> tuple[str, str, dict[str, Any]]:
    """Draw what everybody decides; return the budget, the favoured domain and fields of `DaarParams`."""
    left, middle, right = st.columns([2, 3, 3])
    below_left, below_middle, below_right = st.columns([2, 3, 3])
    budget = left.text_input("Budget", "20%", key="reward_budget", help="The paper takes a fifth.")
    sources = opened.sources(pipeline)[0]
    by_source = 2 <= len(sources) <= MOST_LABELS
    choices = [name for name in LABELS if name != "source" or by_source]
    labels = field(below_middle, last, "labels", key="reward_labels", choices=choices, words=_WORDS)
    draws = field(below_left, last, "draws", key="reward_draws", max_value=MOST_DRAWS)
    below_right.caption(_WHY_DRAWS)
    described = labels == "pseudo"
    names = [domain.name for domain in domains if domain.name] if described else [str(name) for name in sources]
    target_domain = _favoured(middle, pipeline, names)
    assignment = last.assignment
    if described:
        assignment = field(right, last, "assignment", key="reward_assignment")
        right.caption(ASSIGNMENTS[assignment])
    else:
        right.caption("Neither the domains above nor their seeds have an effect: the labels are the domains.")
    return budget, target_domain, {"labels": labels, "draws": draws, "assignment": assignment}


def _favoured(place: Any, pipeline: Pipeline, names: list[str]) -> str:
    favoured = getattr(pipeline.params("select"), "target_domain", "")
    return place.selectbox(
        "Favour a domain",
        ["", *names],
        index=names.index(favoured) + 1 if favoured in names else 0,
        key="reward_customise",
        format_func=lambda name: name or "none",
        help="Half of its records for every tenth of each other domain's.",
    )
