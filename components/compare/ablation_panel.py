"""Ablation: what came out, as a forest plot and a table; the form that asks for one is `ablation_form`."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts import ablation_figures, shown
from components.charts.escaping import as_markdown
from components.charts.percent import PERCENT, in_percent
from components.charts.theme import is_dark
from components.compare import ablation_form
from components.session import trouble
from core.base.budget import in_words
from core.base.text import counted
from core.evidence.ablation.latest import LastAblation, last_ablation, p_in_words
from core.evidence.ablation.losses import AblationLine, with_half
from core.evidence.ablation.params import SIZE_WORDS, AblationParams
from core.run.pipeline import Pipeline

_FORMULA = (
    "What so many seeds show four times in five: (b + t) · s / √n, with the stop rule's boundary b, Student's 80 % point t, the "
    "standard deviation s of the paired differences, and n seeds."
)


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
        ablation_form.show(pipeline, ablation.params if ablation else AblationParams(), busy)


def _results(ablation: LastAblation) -> None:
    lines, params = ablation.lines, ablation.params
    if any(line.base for line in lines):
        shown.show(ablation_figures.forest(lines, is_dark()), "ablation_forest", ablation_figures.in_words(lines))
    else:
        says = "The held-out loss of each method with its interval; the table below has the figures."
        shown.show(ablation_figures.losses_with_intervals(lines, is_dark()), "ablation_losses", says)
    if ablation.stopping:
        st.markdown(as_markdown(ablation.stopping))
    _table(lines)
    size = f"A small model from scratch ({SIZE_WORDS[params.model_size]}"
    what = f"{params.base}, tuned by LoRA" if params.base else f"{size}{_set(params)})"
    st.caption(
        as_markdown(
            f"{what}; budget {in_words(params.budget)}, {counted(ablation.n_seeds, 'seed')}, {counted(params.held_out, 'record')} "
            "held out. ± is half a 95 % confidence interval over the seeds; against random, of the differences of the same seeds. "
            "Ahead, behind, can't tell: those tests at 5 %, after Holm's correction over the methods, so an interval may "
            f"leave out 0 where that can't tell. {ablation.varied}"
        )
    )


def _set(params: AblationParams) -> str:
    return "".join(f"; {name} {value:g}" for name, value in params.small.items())


def _table(lines: list[AblationLine]) -> None:
    frame = pd.DataFrame([_row(line) for line in lines])
    numbers = {name: st.column_config.NumberColumn(format="%.4f") for name in frame if frame[name].dtype == float}
    shares = [name for name in frame if name.startswith("share of ")]
    numbers |= {name: st.column_config.NumberColumn(format=PERCENT) for name in shares}
    numbers["method"] = st.column_config.TextColumn(width="medium")
    numbers["times read"] = st.column_config.NumberColumn(
        format="%.2f", help="How often a training read the selection; below 1 a part of it was never read."
    )
    numbers["seeds' overlap"] = st.column_config.NumberColumn(
        format=PERCENT, help="The share of records that two seeds select both, on average."
    )
    numbers["could show"] = st.column_config.NumberColumn(format="%.4f", help=_FORMULA)
    frame = in_percent(frame, [*shares, "seeds' overlap"])
    st.dataframe(frame, hide_index=True, key="ablation_table", column_config=numbers)


def _row(line: AblationLine) -> dict[str, str | float | int]:
    gap, worst = (
        with_half(f"{mean:+.4f}", half) if np.isfinite(mean) else "–"
        for mean, half in ((line.against, line.against_half), (line.worst_against, line.worst_half))
    )
    row = {
        "method": line.method,
        "says": line.verdict or "–",
        "against random": gap,
        "p, Holm": p_in_words(line.adjusted) if np.isfinite(line.adjusted) else "–",
        "could show": line.least,
        "loss": line.macro,
        "±": line.macro_half,
        "worst": line.worst,
        "worst on": line.worst_group,
        "worst against random": worst,
        "records": int(np.mean(line.n_records)),
        "times read": line.read,
        "seeds' overlap": line.overlap,
    }
    for name, loss in line.groups.items():
        row |= {f"on {name}": loss, f"share of {name}": line.shares[name]}
    return row
