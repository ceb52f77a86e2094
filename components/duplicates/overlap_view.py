"""The hits, the strongest first, a page at a time; the one picked is shown beside the item it hits, what they share marked."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import STATUS_BADGES, STATUS_NAMES
from components.duplicates import marked, pager
from components.duplicates.overlap_panel import Shown
from components.session import decide, opened
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.vectors.overlap.hits import Hits, items_of
from core.vectors.overlap.marking import shared_words
from core.vectors.overlap.stage import COSINE

PER_PAGE = 25
_ROW = 6  # words in a row that are marked where meaning counts


def show(pipeline: Pipeline, shown: Shown, statuses: np.ndarray) -> None:
    """Draw the list and the hit picked, at first the strongest. statuses: (n,) int8."""
    places = pager.show(len(shown.hits), PER_PAGE, f"overlap-{shown.key}", "hits")
    hits = shown.hits.take(np.arange(places.start, places.stop))
    records = opened.records(pipeline).take(hits.rows, ["prompt", "response", "source"]).to_pylist()
    items = items_of(pipeline, hits)
    picked = st.dataframe(
        _frame(shown, hits, records, items, statuses),
        key=f"overlap_hits-{shown.key}-{places.start}",
        hide_index=True,
        height=min(252, 38 + 35 * len(hits)),
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}},
        column_config={
            "score": st.column_config.TextColumn("Alike", width=100),
            "evaluation": st.column_config.TextColumn("Evaluation", width=130),
            "status": st.column_config.TextColumn("Status", width=95),
            "record": st.column_config.TextColumn("Record", width="large"),
            "item": st.column_config.TextColumn("Item", width="large"),
        },
    ).selection.rows
    at = picked[0] if picked else 0
    _pair(shown, hits, at, records[at], items[at], int(statuses[hits.rows[at]]))


def _frame(shown: Shown, hits: Hits, records: list[dict], items: list[dict], statuses: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "score": [_alike(hits, i) for i in range(len(hits))],
            "evaluation": [shown.params.evaluations[which].name for which in hits.evaluations],
            "status": [STATUS_NAMES[status] for status in statuses[hits.rows]],
            "record": [shorten(_text(record), 160) for record in records],
            "item": [shorten(_text(item), 160) for item in items],
        }
    )


def _alike(hits: Hits, i: int) -> str:
    return f"cosine {hits.scores[i]:.3f}" if hits.ways[i] == COSINE else counted(int(hits.scores[i]), "word")


def _pair(shown: Shown, hits: Hits, at: int, record: dict, item: dict, status: int) -> None:
    row, by_meaning = int(hits.rows[at]), hits.ways[at] == COSINE
    n = _ROW if by_meaning else min(shown.params.words, int(hits.scores[at]))
    ours, theirs = shared_words(_text(record), _text(item), n)
    with st.container(border=True, key=f"overlap_pair-{row}-{hits.items[at]}"):
        by = f"Cosine {hits.scores[at]:.3f}" if by_meaning else f"{counted(int(hits.scores[at]), 'word')} in a row"
        st.caption(f"{by} · marked: {counted(n, 'word')} in a row, or more, that both have")
        left, right = st.columns(2, gap="medium")
        with left:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                source = f", {shorten(record['source'], 60)}" if record["source"] else ""
                st.caption(as_markdown(f"record {row:,}{source}"), width="content")
                if status in STATUS_BADGES:
                    st.badge(STATUS_NAMES[status], color=STATUS_BADGES[status])
            marked.show(ours, "shared")
            st.button(
                "Drop this one", type="tertiary", icon=":material/block:", key=f"overlap_drop-{row}",
                on_click=decide.on_records, args=("drop", np.array([row])), disabled=STATUS_NAMES[status] == "dropped",
            )  # fmt: skip
        with right:
            name = shown.params.evaluations[hits.evaluations[at]].name
            st.caption(as_markdown(f"item {hits.items[at]:,} of {name}"))
            marked.show(theirs, "shared")


def _text(record: dict) -> str:
    return "\n".join(filter(None, (record["prompt"], record["response"])))
