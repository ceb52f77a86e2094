"""From where on two records count as near-duplicates, which of a group is kept, how many that drops, and the button for it."""

import dataclasses

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.session import decide, opened, people, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.text import counted, duration, shorten
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.vectors.duplicates.groups import Groups
from core.vectors.duplicates.params import KEEP, DuplicateParams, Threshold
from core.vectors.duplicates.stage import Found, groups_at, keep_best, note_of

_SECONDS = 6e-4  # a record, on two cores: 37 s for 67,193
_WAYS = {"cosine": "Meaning", "words": "Words", "either": "Either"}
_KEEP = {"quality": "Best quality", "longest": "Longest", "first": "First in the data", "source": "An order of sources"}


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the page shows: groups at a threshold, and what the rule keeps and drops."""

    threshold: Threshold
    found: Found


def show(pipeline: Pipeline) -> Asked | None:
    """Draw the panel; return what it asks for, None where nothing was looked for yet or the rule can't be followed."""
    st.caption(
        "Records that say nearly the same thing teach a model little more than one of them. Here they stand in groups; one of "
        "each is kept, the others are dropped, and undo takes that back."
    )
    if not pipeline.current("duplicates"):
        _offer(pipeline)
        return None
    left, middle, right = st.columns([4, 4, 4], gap="medium")
    with left:
        by = st.segmented_control(
            "Alike in",
            list(_WAYS),
            format_func=_WAYS.get,
            default="cosine",
            required=True,
            key="duplicates_by",
            help="Meaning: the cosine of the embeddings. Words: the share of their words that both have.",
        )
    with middle:
        threshold = _threshold(pipeline.params("duplicates"), by)
    with right:
        keep, order = _rule(pipeline)
    try:
        groups = _groups(str(pipeline.workspace.folder.resolve()), pipeline.current("duplicates"), threshold, pipeline)
        found = keep_best(pipeline, groups, keep, order)
    except CurationError as error:
        trouble.warn(error.on_page)
        return None
    _count(found, note_of(threshold, keep, order))
    return Asked(threshold, found)


def _offer(pipeline: Pipeline) -> None:
    stale = pipeline.state("duplicates") == "stale"
    said = "The embeddings have changed since." if stale else "Nobody has looked for near-duplicates yet."
    n_records = pipeline.workspace.dataset().n_records
    lasts = duration(_SECONDS * n_records)
    st.info(f"{said} It takes about {lasts} for {counted(n_records, 'record')}.", icon=":material/content_copy:")
    if job_panel.in_place(pipeline, "duplicates"):
        return
    params = pipeline.params("duplicates") or DuplicateParams()
    steps = [Step("duplicates", params.as_dict())]
    st.button(
        "Find near-duplicates",
        type="primary",
        icon=":material/play_arrow:",
        on_click=job_panel.start,
        args=(pipeline, "Finding near-duplicates", steps),
        key="duplicates_find",
        **people.off(access.RUN),
    )


def _threshold(params: DuplicateParams, by: str) -> Threshold:
    usual = Threshold()
    cosine, jaccard = usual.cosine, usual.jaccard
    if by in ("cosine", "either") and params.least_cosine < 1:
        about = _range(params.least_cosine, cosine)
        cosine = st.slider("Cosine from", key="duplicates_cosine", **about)
    if by in ("words", "either") and params.least_jaccard < 1:
        about = _range(params.least_jaccard, jaccard)
        jaccard = st.slider("Jaccard from", key="duplicates_jaccard", **about)
    return Threshold(by, round(cosine, 3), round(jaccard, 3))


def _range(least: float, usual: float) -> dict[str, object]:
    about = {"min_value": float(least), "max_value": 1.0, "value": max(usual, least), "step": 0.005, "format": "%.3f"}
    return about | {"help": "1 is the same; lower takes more records for near-duplicates."}


def _rule(pipeline: Pipeline) -> tuple[str, list[str]]:
    names = opened.sources(pipeline)[0]
    can = {"quality": opened.quality(pipeline) is not None, "source": bool(names)}
    rules = [rule for rule in KEEP if can.get(rule, True)]
    keep = st.selectbox("Keep of each group", rules, format_func=_KEEP.get, key="duplicates_keep")
    if keep != "source":
        return keep, []
    order = st.multiselect(
        "Sources, the best first",
        names,
        default=names[:1],
        format_func=lambda name: shorten(name, 40),
        key="duplicates_sources",
        help="A group keeps its record from the first of these that it has one of.",
    )
    return keep, order


def _count(found: Found, note: str) -> None:
    groups = found.groups
    if not len(groups):
        st.info("No two records are that much alike. Try a lower threshold.", icon=":material/check_circle:")
        return
    left, right = st.columns([7, 4], vertical_alignment="center", gap="medium")
    left.markdown(
        f"**{counted(len(groups), 'group')}** of {counted(len(groups.rows), 'record')}; "
        f"**{counted(len(found.drop), 'record')}** would be dropped."
    )
    right.button(
        f"Drop {counted(len(found.drop), 'record')}" if len(found.drop) else "All of them are dropped",
        icon=":material/block:",
        type="primary",
        on_click=decide.on_records,
        **people.off(
            access.DECIDE,
            not len(found.drop),
            help=as_markdown(f"One decision, noted as “{note}”. What is pinned stays."),
        ),
        args=("drop", found.drop, note),
        key="duplicates_apply",
        width="stretch",
    )


@st.cache_resource(max_entries=6, show_spinner=False)
def _groups(folder: str, key: str, threshold: Threshold, _pipeline: Pipeline) -> Groups:
    return groups_at(_pipeline, threshold)


def kept_or_first(found: Found, group: int) -> int:
    """Return the row of a group that the others are compared with."""
    return int(found.keep[group]) if found.keep[group] >= 0 else int(np.min(found.groups.members(group)))
