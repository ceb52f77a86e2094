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
from core.selection.over_draws import words_of

_SHOWN = 3


def show(
    pipeline: Pipeline,
    names: list[str],
    table: pa.Table,
    chosen: np.ndarray,
    cuts: np.ndarray,
    over_draws: tuple[np.ndarray, int] | None = None,
) -> None:
    """Draw them. chosen: (n,) bool. cuts: (k,) the least reward that was drawn of each domain, NaN where none was.

    over_draws: ((n,) in how many draws' own selections each is, the number of draws), where there are several.
    """
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
                    said = "selected" if chosen[row] else "not selected"
                    _show_one(names, table, row, prompt or response, said + _of_draws(over_draws, row), title)


def _of_draws(over_draws: tuple[np.ndarray, int] | None, row: int) -> str:
    """Return how many draws take a record, in words."""
    if over_draws is None:
        return ""
    count, n = int(over_draws[0][row]), over_draws[1]
    word = f" ({words_of([count], n)[0]})" if count else ""
    return f" · taken by {count} of {n} draws{word}"


def _show_one(names: list[str], table: pa.Table, row: int, text: str, said: str, title: str) -> None:
    entropy = f"{float(shown_entropy(table['reward'][row].as_py())):.3f}"
    if "spread" in table.column_names:
        entropy += f" ± {table['spread'][row].as_py():.3f}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"record {row:,} · entropy {entropy} · {said}", width="content")
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
