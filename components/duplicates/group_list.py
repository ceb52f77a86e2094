"""The groups, the largest first, a page at a time; one can be picked."""

import pandas as pd
import streamlit as st

from components.duplicates import pager
from components.duplicates.threshold_panel import Asked, kept_or_first
from components.session import opened
from core.base.text import shorten
from core.run.pipeline import Pipeline

PER_PAGE = 25


def show(pipeline: Pipeline, asked: Asked) -> int | None:
    """Draw the list; return the group picked, at first the largest. None where there is none."""
    groups = asked.found.groups
    if not len(groups):
        return None
    key = f"{asked.threshold.by}-{asked.threshold.cosine}-{asked.threshold.jaccard}"
    shown = pager.places(len(groups), PER_PAGE, f"groups-{key}")
    rows = [kept_or_first(asked.found, group) for group in shown]
    records = opened.records(pipeline).take(rows, ["text", "source"]).to_pylist()
    frame = pd.DataFrame(
        {
            "records": groups.sizes[shown.start : shown.stop],
            "kept": rows,
            "source": [record["source"] or "" for record in records],
            "text": [shorten(record["text"], 160) for record in records],
        }
    )
    picked = st.dataframe(
        frame,
        key=f"groups-{key}-{shown.start}",
        hide_index=True,
        height=min(252, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}},
        column_config={
            "records": st.column_config.NumberColumn("Records", format="localized", width=70),
            "kept": st.column_config.NumberColumn("Kept", format="localized", width=80, help="The record that stays."),
            "source": st.column_config.TextColumn("Source", width=130),
            "text": st.column_config.TextColumn("Text of the record that is kept", width=1200),
        },
    )
    pager.show(len(groups), PER_PAGE, f"groups-{key}", "groups, the largest first")
    chosen = picked.selection.rows
    return shown[chosen[0]] if chosen else shown[0]
