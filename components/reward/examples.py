"""The records at the top, at the cut and at the bottom of DaaR's order, each with why."""

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.reward_figures import shown_entropy
from components.session import opened
from components.session.focus import look_at_record
from core.base.text import shorten
from core.run.pipeline import Pipeline

_SHOWN = 3


def show(pipeline: Pipeline, names: list[str], table: pa.Table, chosen: np.ndarray, cuts: np.ndarray) -> None:
    """Draw them. chosen: (n,) bool. cuts: (k,) the least reward that was drawn of each domain, NaN where none was."""
    reward, domain = table["reward"].to_numpy(), table["domain"].to_numpy()
    order = np.argsort(-reward, kind="stable")
    fifth = reward[order[len(order) // 5]]  # where the cut would be, while nothing is selected
    cuts = np.where(np.isfinite(cuts), cuts, fifth)
    nearest = np.argsort(np.abs(reward - cuts[domain]), kind="stable")[:_SHOWN]
    places = {
        "At the top": order[:_SHOWN],
        "At the cut": nearest[np.argsort(-reward[nearest], kind="stable")],
        "At the bottom": order[-_SHOWN:],
    }
    for column, (title, rows) in zip(st.columns(3, gap="large"), places.items(), strict=True):
        with column:
            st.markdown(f"## {as_markdown(title)}")
            texts = opened.records(pipeline).take(rows, ["prompt", "response"])
            prompts, responses = (texts[name].to_pylist() for name in ("prompt", "response"))
            for row, prompt, response in zip(rows.tolist(), prompts, responses, strict=True):
                with st.container(border=True):
                    _show_one(names, table, row, prompt or response, bool(chosen[row]), title)


def _show_one(names: list[str], table: pa.Table, row: int, text: str, is_selected: bool, title: str) -> None:
    entropy = float(shown_entropy(table["reward"][row].as_py()))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(
            f"record {row:,} · entropy {entropy:.3f} · {'selected' if is_selected else 'not selected'}", width="content"
        )
        st.button("Read", key=f"read-{title}-{row}", type="tertiary", on_click=look_at_record, args=(row,))
    st.text(shorten(text, 160))
    chances = [100 * float(table[f"p{k}"][row].as_py()) for k in range(len(names))]
    st.dataframe(
        pd.DataFrame({"domain": names, "probability": chances}),
        hide_index=True,
        key=f"bars-{title}-{row}",
        column_config={
            "domain": st.column_config.TextColumn("Domain", width="small"),
            "probability": st.column_config.ProgressColumn(
                "Probability", min_value=0.0, max_value=100.0, format="%.1f %%"
            ),
        },
    )
