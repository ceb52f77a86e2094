"""One group opened: the record that is kept beside the others, what differs marked, and why each counts as its near-duplicate."""

import numpy as np
import streamlit as st

from components.charts.theme import STATUS_BADGES, STATUS_NAMES
from components.duplicates import marked
from components.duplicates.threshold_panel import Asked, kept_or_first
from components.session import decide, opened, state
from components.session.state import Focus
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.vectors.duplicates.by_words import jaccard
from core.vectors.duplicates.differing import Parts, differing_words

_PER_PAGE = 4


def show(pipeline: Pipeline, asked: Asked, group: int, statuses: np.ndarray) -> None:
    """Draw a group. statuses: (n,) int8."""
    members, kept = asked.found.groups.members(group), kept_or_first(asked.found, group)
    others = members[members != kept]
    order, cosines = _nearest_first(pipeline, kept, others)
    others = others[order]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### Group {group + 1:,}: {counted(len(members), 'record')}")
        st.button(
            "Look at on the map",
            type="tertiary",
            icon=":material/scatter_plot:",
            key=f"group_look-{group}",
            on_click=_look_at,
            args=(pipeline, members),
        )
    pages = -(-len(others) // _PER_PAGE)
    page = 0
    if pages > 1:
        page = (
            int(st.number_input(f"Page of {pages:,}", 1, pages, 1, key=f"group_page-{kept}-{len(members)}", width=180))
            - 1
        )
    part = slice(page * _PER_PAGE, (page + 1) * _PER_PAGE)
    records = opened.records(pipeline).take(np.concatenate([[kept], others[part]]), ["prompt", "response", "source"])
    first, *rest = records.to_pylist()
    for record, row, cosine in zip(rest, others[part].tolist(), cosines[order][part].tolist(), strict=True):
        _pair((first, kept), (record, row), cosine, statuses)


def _nearest_first(pipeline: Pipeline, kept: int, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    embeddings = pipeline.array("embed")
    cosines = embeddings[others] @ embeddings[kept]
    return np.lexsort((others, -cosines)), cosines


def _look_at(pipeline: Pipeline, members: np.ndarray) -> None:
    label = f"{counted(len(members), 'near-duplicate')} in a group"
    state.get().look_at(Focus("picked", label, members, made_on=opened.shown_keys(pipeline)))
    state.say("The group is picked on the Map page.")


def _pair(kept: tuple[dict, int], other: tuple[dict, int], cosine: float, statuses: np.ndarray) -> None:
    texts = [_text_of(record) for record, _ in (kept, other)]
    shared = jaccard(*texts)
    same = texts[0] == texts[1]
    with st.container(border=True, key=f"pair-{kept[1]}-{other[1]}"):
        st.caption(
            "The same text." if same else f"Cosine {min(cosine, 1):.3f} · words in common (Jaccard) {shared:.3f}"
        )
        for place, (record, row), parts, what in zip(
            st.columns(2, gap="medium"), (kept, other), differing_words(*texts), ("kept", "near-duplicate"), strict=True
        ):
            with place:
                _side(record, row, parts, what, int(statuses[row]))


def _side(record: dict, row: int, parts: Parts, what: str, status: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"record {row:,}, {what}")
        if record["source"]:
            st.text(record["source"])
        if status in STATUS_BADGES:
            st.badge(STATUS_NAMES[status], color=STATUS_BADGES[status])
    marked.show(parts, "differing")
    if what != "kept":
        st.button(
            "Drop this one", type="tertiary", icon=":material/block:", key=f"pair_drop-{row}",
            on_click=decide.on_records, args=("drop", np.array([row])), disabled=STATUS_NAMES[status] == "dropped",
        )  # fmt: skip


def _text_of(record: dict) -> str:
    return "\n".join(filter(None, (record["prompt"], record["response"])))
