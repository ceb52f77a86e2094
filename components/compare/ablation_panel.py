"""Proof by training: what to prove, the button, and what came out."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.measure_figures import losses_with_intervals
from components.charts.theme import is_dark
from components.frame import job_panel
from components.session import offered, opened, trouble
from core.base.errors import CurationError
from core.base.text import counted
from core.evidence.ablation.latest import LastProof, last_proof
from core.evidence.ablation.losses import ProofLine, with_half
from core.evidence.ablation.params import GROUPINGS, OTHERS, PROVED, ProveParams
from core.evidence.versions import versions
from core.models.scratch_lm import SmallLmParams
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.method import METHODS

_GROUP_WORDS = {"auto": "source, else cluster", "source": "source", "cluster": "cluster"}


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the panel."""
    st.caption(
        "Each method selects anew from records that are not held out; the same model is trained on each selection, on as many "
        "tokens; then every one is asked for the held-out responses. A small model from scratch is a proxy: it shows what a "
        "selection teaches in minutes, not how a large model would do."
    )
    proof = last_proof(pipeline)
    if proof and proof.lines:
        _results(proof)
        for warning in proof.warnings:
            trouble.warn(warning)
    with st.expander("Prove", expanded=not (proof and proof.lines)):
        _form(pipeline, proof.params if proof else ProveParams(), busy)


def _results(proof: LastProof) -> None:
    lines, params = proof.lines, proof.params
    st.plotly_chart(
        losses_with_intervals(lines, is_dark()), key="proof_losses", theme=None, config={"displayModeBar": False}
    )
    frame = pd.DataFrame([_row(line) for line in lines])
    numbers = {name: st.column_config.NumberColumn(format="%.4f") for name in frame if frame[name].dtype == float}
    shares = [name for name in frame if name.startswith("share of ")]
    numbers |= {name: st.column_config.NumberColumn(format="percent") for name in shares}
    numbers["times read"] = st.column_config.NumberColumn(
        format="%.2f", help="How often a training read the selection; below 1 a part of it was never read."
    )
    numbers["seeds' overlap"] = st.column_config.NumberColumn(
        format="percent", help="The share of records that two seeds select both, on average."
    )
    st.dataframe(frame, hide_index=True, key="proof_table", column_config=numbers)
    what = f"{as_markdown(params.base)}, tuned by LoRA" if params.base else "A small model from scratch"
    st.caption(
        f"{what}; budget {as_markdown(params.budget)}, {counted(params.n_seeds, 'seed')}, "
        f"{counted(params.held_out, 'record')} held out. ± is half a 95 % confidence interval over the seeds. Below 0 against "
        f"random: better than chance. {as_markdown(proof.varied)}"
    )


def _row(line: ProofLine) -> dict[str, str | float | int]:
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


def _form(pipeline: Pipeline, last: ProveParams, busy: bool) -> None:
    options = offered.methods(pipeline, PROVED, by_source=False)
    options += [f"version:{version.name}" for version in versions(pipeline.workspace)]
    methods = st.multiselect(
        "Methods",
        options,
        default=[method for method in last.methods if method in options],
        key="prove_methods",
        help="  \n".join(f"**{name}**: {text}" for name, text in OTHERS.items() if name not in METHODS),
    )
    one, two, three, four = st.columns(4)
    budget = one.text_input("Budget", last.budget, key="prove_budget")
    n_seeds = two.number_input("Seeds", 1, max(20, last.n_seeds), last.n_seeds, key="prove_seeds")
    most = max(1, len(pipeline.workspace.records()) // 2)
    held_out = three.number_input("Records held out", 1, most, min(last.held_out, most), key="prove_held")
    there = {"source": bool(opened.sources(pipeline)[0]), "cluster": bool(pipeline.current("cluster"))}
    groupings = [name for name in GROUPINGS if there.get(name, any(there.values()))]
    by = four.selectbox(
        "Summed up by",
        groupings,
        groupings.index(last.by) if last.by in groupings else 0,
        format_func=_GROUP_WORDS.get,
        key="prove_by",
    )
    small = last.small_params()
    one, two, three, four = st.columns(4)
    steps = one.number_input(
        "Steps",
        0,
        max(100_000, small.steps),
        small.steps,
        key="prove_steps",
        help="0: as many as it takes to read the longest selection once, 400 at least.",
    )
    width = two.number_input(
        "Width", min(8, small.width), max(4096, small.width), small.width, step=8, key="prove_width"
    )
    layers = three.number_input("Layers", 1, max(64, small.layers), small.layers, key="prove_layers")
    base = four.text_input(
        "Or tune a real model",
        last.base,
        key="prove_base",
        placeholder="a path or a hub name",
        help="A causal language model, tuned by LoRA on each selection instead.",
    ).strip()
    others = {name: value for name, value in last.small.items() if name not in ("steps", "width", "layers")}
    usual = SmallLmParams().as_dict()
    if changed := [f"{name} {value:g}" for name, value in others.items() if value != usual[name]]:
        st.caption(as_markdown(f"As the last time: {', '.join(changed)}."))
    if st.button("Train and compare", type="primary", icon=":material/model_training:", disabled=busy, key="prove"):
        try:
            values = {} if base else last.small | {"steps": int(steps), "width": int(width), "layers": int(layers)}
            params = ProveParams(
                tuple(methods),
                budget,
                int(n_seeds),
                int(held_out),
                by,
                last.seed,
                base,
                small=SmallLmParams.from_dict(values).as_dict() if values else {},
                lora=last.lora if base else {},
            )
        except CurationError as error:
            trouble.show(error)
            return
        job_panel.start(pipeline, "Proving by training", [Step("prove", params.as_dict())])
        st.rerun()
