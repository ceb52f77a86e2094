"""Ablation: what to compare, the button, and what came out."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts import shown
from components.charts.escaping import as_markdown
from components.charts.measure_figures import losses_with_intervals
from components.charts.percent import PERCENT, in_percent
from components.charts.theme import is_dark
from components.frame import job_panel
from components.frame.fields import field
from components.session import offered, opened, trouble
from core.base.errors import CurationError
from core.base.text import counted
from core.evidence.ablation.arm_names import ARMS, OTHERS
from core.evidence.ablation.latest import LastAblation, last_ablation
from core.evidence.ablation.losses import AblationLine, with_half
from core.evidence.ablation.params import GROUPINGS, AblationParams
from core.evidence.versions import versions
from core.models.scratch_lm import SmallLmParams
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.method import METHODS

_GROUP_WORDS = {"auto": "source, else cluster", "source": "source", "cluster": "cluster"}


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the panel: the verdict first."""
    ablation = last_ablation(pipeline)
    if ablation and ablation.lines:
        st.markdown(f"## {as_markdown(ablation.verdict)}")
    st.caption(
        "Each method selects anew from records that are not held out; the same model is trained on each selection, on as many "
        "tokens; then every one is asked for the held-out responses. A small model from scratch is a proxy: it shows what a "
        "selection teaches in minutes, not how a large model would do."
    )
    if ablation and ablation.lines:
        _results(ablation)
        for warning in ablation.warnings:
            trouble.warn(warning)
    with st.expander("Ablation", expanded=not (ablation and ablation.lines)):
        _form(pipeline, ablation.params if ablation else AblationParams(), busy)


def _results(ablation: LastAblation) -> None:
    lines, params = ablation.lines, ablation.params
    says = "The held-out loss of each method with its interval; the table below has the figures."
    shown.show(losses_with_intervals(lines, is_dark()), "ablation_losses", says)
    frame = pd.DataFrame([_row(line) for line in lines])
    numbers = {name: st.column_config.NumberColumn(format="%.4f") for name in frame if frame[name].dtype == float}
    shares = [name for name in frame if name.startswith("share of ")]
    numbers |= {name: st.column_config.NumberColumn(format=PERCENT) for name in shares}
    numbers["times read"] = st.column_config.NumberColumn(
        format="%.2f", help="How often a training read the selection; below 1 a part of it was never read."
    )
    numbers["seeds' overlap"] = st.column_config.NumberColumn(
        format=PERCENT, help="The share of records that two seeds select both, on average."
    )
    frame = in_percent(frame, [*shares, "seeds' overlap"])
    st.dataframe(frame, hide_index=True, key="ablation_table", column_config=numbers)
    what = f"{as_markdown(params.base)}, tuned by LoRA" if params.base else "A small model from scratch"
    st.caption(
        f"{what}; budget {as_markdown(params.budget)}, {counted(params.n_seeds, 'seed')}, "
        f"{counted(params.held_out, 'record')} held out. ± is half a 95 % confidence interval over the seeds. Below 0 against "
        f"random: better than chance. {as_markdown(ablation.varied)}"
    )


def _row(line: AblationLine) -> dict[str, str | float | int]:
    gap = with_half(f"{line.against:+.4f}", line.against_half)
    row = {
        "method": line.method,
        "loss": line.macro,
        "±": line.macro_half,
        "against random": gap if np.isfinite(line.against) else "–",
        "worst": line.worst,
        "worst on": line.worst_group,
        "records": int(np.mean(line.n_records)),
        "times read": line.read,
        "seeds' overlap": line.overlap,
    }
    for name, loss in line.groups.items():
        row |= {f"on {name}": loss, f"share of {name}": line.shares[name]}
    return row


def _form(pipeline: Pipeline, last: AblationParams, busy: bool) -> None:
    options = offered.methods(pipeline, ARMS, by_source=False)
    options += [f"version:{version.name}" for version in versions(pipeline.workspace)]
    methods = st.multiselect(
        "Methods",
        options,
        default=[method for method in last.methods if method in options],
        key="ablation_methods",
        help="  \n".join(f"**{name}**: {text}" for name, text in OTHERS.items() if name not in METHODS),
    )
    one, two, three, four = st.columns(4)
    budget = field(one, last, "budget", key="ablation_budget")
    n_seeds = field(two, last, "n_seeds", key="ablation_seeds")
    most = max(1, len(pipeline.workspace.records()) // 2)
    held_out = field(three, last, "held_out", key="ablation_held", value=min(last.held_out, most), max_value=most)
    there = {"source": bool(opened.sources(pipeline)[0]), "cluster": bool(pipeline.current("cluster"))}
    groupings = [name for name in GROUPINGS if there.get(name, any(there.values()))]
    by = field(four, last, "by", key="ablation_by", choices=groupings, words=_GROUP_WORDS)
    small = last.small_params()
    one, two, three, four = st.columns(4)
    steps = field(one, small, "steps", key="ablation_steps")
    width = field(two, small, "width", key="ablation_width", min_value=min(8, small.width))
    layers = field(three, small, "layers", key="ablation_layers")
    base = field(four, last, "base", key="ablation_base", placeholder="a path or a hub name")
    others = {name: value for name, value in last.small.items() if name not in ("steps", "width", "layers")}
    usual = SmallLmParams().as_dict()
    if changed := [f"{name} {value:g}" for name, value in others.items() if value != usual[name]]:
        st.caption(as_markdown(f"As the last time: {', '.join(changed)}."))
    if busy and job_panel.in_place(pipeline, "ablate"):
        return
    if st.button("Train and compare", type="primary", icon=":material/model_training:", disabled=busy, key="ablate"):
        try:
            values = {} if base else last.small | {"steps": steps, "width": width, "layers": layers}
            params = AblationParams(
                methods=tuple(methods),
                budget=budget,
                n_seeds=n_seeds,
                held_out=held_out,
                by=by,
                seed=last.seed,
                base=base,
                small=SmallLmParams.from_dict(values).as_dict() if values else {},
                lora=last.lora if base else {},
            )
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(pipeline, "Training on each selection", [Step("ablate", params.as_dict())])
        st.rerun()
