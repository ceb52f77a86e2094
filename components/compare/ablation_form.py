"""Ablation: what to compare and how, and the button that trains."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.frame.fields import field
from components.session import offered, opened, people, trouble
from core.base import access
from core.base.errors import CurationError
from core.evidence.ablation.arm_names import ARMS, OTHERS
from core.evidence.ablation.params import GROUPINGS, SIZE_WORDS, SIZES, AblationParams
from core.evidence.versions import versions
from core.models.scratch_lm import SmallLmParams
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.method import METHODS

_GROUP_WORDS = {"auto": "source, else cluster", "source": "source", "cluster": "cluster"}
_HELD_WORDS = {"group": "as many of each group", "random": "at random"}
_SHOWN = ("steps", "width", "layers")  # of the small model; the command line has more


def show(pipeline: Pipeline, last: AblationParams, busy: bool) -> None:
    """Draw the form, which begins as the last ablation was, and its button."""
    asked = {"methods": _methods(pipeline, last)} | _extent(pipeline, last) | _model(last)
    if busy and job_panel.in_place(pipeline, "ablate"):
        return
    if st.button(
        "Train and compare",
        type="primary",
        icon=":material/model_training:",
        **people.off(access.RUN, busy),
        key="ablate",
    ):
        try:
            params = AblationParams(**asked, seed=last.seed)
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(pipeline, "Training on each selection", [Step("ablate", params.as_dict())])
        st.rerun()


def _methods(pipeline: Pipeline, last: AblationParams) -> tuple[str, ...]:
    there = offered.methods(pipeline, ARMS, by_source=False)
    there += [f"version:{version.name}" for version in versions(pipeline.workspace)]
    written = [arm for arm in last.methods if arm not in ARMS and not arm.startswith("version:")]
    options = list(dict.fromkeys([*there, *written]))
    about = "  \n".join(f"**{name}**: {text}" for name, text in OTHERS.items() if name not in METHODS)
    chosen = st.multiselect(
        "Methods",
        options,
        default=[method for method in last.methods if method in options],
        key="ablation_methods",
        accept_new_options=True,
        help=f"{about}  \nType a method with options of its own, such as `kmeans-random:quota=equal` or `random:500`.",
    )
    return tuple(chosen)


def _extent(pipeline: Pipeline, last: AblationParams) -> dict[str, Any]:
    """Draw how much is selected, how often, and what is held out; return those params."""
    one, two, three, four = st.columns(4)
    asked = {
        "budget": field(one, last, "budget", key="ablation_budget"),
        "n_seeds": field(two, last, "n_seeds", key="ablation_seeds"),
        "most_seeds": field(three, last, "most_seeds", key="ablation_most_seeds"),
        "contrast": field(four, last, "contrast", key="ablation_contrast", placeholder="first method against random"),
    }
    one, two, three, four = st.columns(4)
    most = max(1, len(pipeline.workspace.records()) // 2)
    limits = {"value": min(last.held_out, most), "max_value": most}
    there = {"source": bool(opened.sources(pipeline)[0]), "cluster": bool(pipeline.current("cluster"))}
    groupings = [name for name in GROUPINGS if there.get(name, any(there.values()))]
    return asked | {
        "held_out": field(one, last, "held_out", key="ablation_held", **limits),
        "held_out_by": field(two, last, "held_out_by", key="ablation_held_by", words=_HELD_WORDS),
        "by": field(three, last, "by", key="ablation_by", choices=groupings, words=_GROUP_WORDS),
        "tokenizer": field(four, last, "tokenizer", key="ablation_tokenizer", placeholder="the encoder's own"),
    }


def _model(last: AblationParams) -> dict[str, Any]:
    """Draw which model is trained; return those params."""
    one, two, three, four, five = st.columns([2, 1, 1, 1, 2])
    size = field(one, last, "model_size", key="ablation_size", words=SIZE_WORDS)
    small = last.small if size == last.model_size else {}
    usual = SmallLmParams.from_dict(SIZES[size])
    now = SmallLmParams.from_dict(SIZES[size] | small)
    places = dict(zip(_SHOWN, (two, three, four), strict=True))
    least = {"width": {"min_value": min(8, now.width)}}
    values = {
        name: field(place, now, name, key=f"ablation_{name}_{size}", **least.get(name, {}))
        for name, place in places.items()
    }
    base = field(five, last, "base", key="ablation_base", placeholder="a path or a hub name")
    others = {name: value for name, value in small.items() if name not in _SHOWN}
    if changed := _differing(others, usual):
        st.caption(
            as_markdown(f"As the last time: {', '.join(f'{name} {value:g}' for name, value in changed.items())}.")
        )
    return {
        "model_size": size,
        "base": base,
        "small": {} if base else _differing(others | values, usual),
        "lora": last.lora if base else {},
    }


def _differing(values: Mapping[str, Any], usual: SmallLmParams) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != getattr(usual, name)}
