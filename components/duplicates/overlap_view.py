"""The hits, the strongest first, a page at a time; the one picked is shown beside the item it hits, what they share marked."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import STATUS_NAMES
from components.duplicates import marked, pager, side
from components.duplicates.overlap_panel import Shown
from components.session import opened
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.vectors.overlap.hits import Hits, items_of
from core.vectors.overlap.marking import shared_words
from core.vectors.overlap.stage import COSINE

PER_PAGE = 25
_ROW = 6  # words in a row that are marked where meaning counts


def show(pipeline: Pipeline, shown: Shown, statuses: np.ndarray) -> None:
    """Draw the list and the hit picked, at first the strongest. statuses: (n,) int8."""
    places = pager.places(len(shown.hits), PER_PAGE, f"overlap-{shown.key}")
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
            "score": st.column_config.TextColumn("Alike", width=90),
            "evaluation": st.column_config.TextColumn("Evaluation", width=110),
            "status": st.column_config.TextColumn("Status", width=95),
            "record": st.column_config.TextColumn("Record", width=400),
            "item": st.column_config.TextColumn("Item", width=400),
        },
    ).selection.rows
    pager.show(len(shown.hits), PER_PAGE, f"overlap-{shown.key}", "hits, the clearest first")
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
            side.show_head(record, row, status)
            marked.show(ours, "shared")
        with right:
            name = shown.params.evaluations[hits.evaluations[at]].name
            with st.container(horizontal=True, vertical_alignment="center", height=40, border=False):
                st.caption(as_markdown(f"item {hits.items[at]:,} of {name}"))
            marked.show(theirs, "shared")


def _text(record: dict) -> str:
    return "\n".join(filter(None, (record["prompt"], record["response"])))
