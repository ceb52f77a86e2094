"""One group opened: the record that is kept beside the others, what differs marked, and why each counts as its near-duplicate."""

import numpy as np
import streamlit as st

from components.duplicates import marked, pager, side
from components.duplicates.threshold_panel import Asked, kept_or_first
from components.session import opened, state
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
        st.markdown(f"## Group {group + 1:,}: {counted(len(members), 'record')}")
        st.button(
            "Look at on the map",
            type="tertiary",
            icon=":material/scatter_plot:",
            key=f"group_look-{group}",
            on_click=_look_at,
            args=(pipeline, members),
        )
    shown = pager.places(len(others), _PER_PAGE, f"group-{kept}-{len(members)}")
    part = slice(shown.start, shown.stop)
    records = opened.records(pipeline).take(np.concatenate([[kept], others[part]]), ["prompt", "response", "source"])
    first, *rest = records.to_pylist()
    for record, row, cosine in zip(rest, others[part].tolist(), cosines[order][part].tolist(), strict=True):
        _pair((first, kept), (record, row), cosine, statuses)
    pager.show(len(others), _PER_PAGE, f"group-{kept}-{len(members)}", "near-duplicates, the most alike first")


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
        for place, (record, row), parts, is_kept in zip(
            st.columns(2, gap="medium"), (kept, other), differing_words(*texts), (True, False), strict=True
        ):
            with place:
                _side(record, row, parts, is_kept, int(statuses[row]))


def _side(record: dict, row: int, parts: Parts, is_kept: bool, status: int) -> None:
    side.show_head(record, row, status, "kept" if is_kept else "", can_drop=not is_kept)
    marked.show(parts, "differing")


def _text_of(record: dict) -> str:
    return "\n".join(filter(None, (record["prompt"], record["response"])))
