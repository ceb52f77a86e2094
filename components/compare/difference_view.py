"""What differs between two selections: on the map, by cluster, and as records to read; and how steady their methods are."""

import numpy as np
import streamlit as st

from components.canvas import beside
from components.canvas.canvas_map import tip_of
from components.canvas.colouring import Colouring, Entry
from components.charts.escaping import as_markdown
from components.charts.theme import category_colours, is_dark, status_colours
from components.compare.measure_view import unlike
from components.frame import job_panel
from components.records import record_reader
from components.session import opened, people, trouble
from core.base import access
from core.base.params import codes_digest, digest
from core.base.text import counted
from core.evidence.candidates import Choice
from core.evidence.redraw import overlap_warning
from core.evidence.stability import StabilityParams, known_stability
from core.measures.compare import Difference, by_cluster, compare
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.method import is_seeded
from core.selection.params import SelectionParams
from core.workspace.deciding import overrides_of

_PARTS = ("only_a", "only_b", "both")


def show(pipeline: Pipeline, chosen: list[Choice], busy: bool) -> None:
    """Draw the difference of two of `chosen`."""
    if len(chosen) < 2:
        st.info("Pick two selections above to see what differs.", icon=":material/balance:")
        return
    names = [choice.id for choice in chosen]
    held = dict(zip(names, chosen, strict=True))
    left, right = st.columns(2)
    a = held[left.selectbox("A", names, format_func=lambda n: held[n].title, key="compare_a")]
    b = held[right.selectbox("B", names, index=1, format_func=lambda n: held[n].title, key="compare_b")]
    found = compare(opened.chosen_rows(pipeline, a), opened.chosen_rows(pipeline, b))
    n_a, n_b, shared = len(found.only_a) + len(found.both), len(found.only_b) + len(found.both), len(found.both)
    st.markdown(
        f"## They share {counted(shared, 'record')}: {shared / max(n_a, 1):.0%} of A, {shared / max(n_b, 1):.0%} of B"
    )
    words = {"only_a": "Only in A", "only_b": "Only in B", "both": "In both"}
    columns = st.columns(4)
    for column, part in zip(columns, _PARTS, strict=False):
        column.metric(words[part], f"{len(getattr(found, part)):,}", help="Records of the two selections above.")
    columns[3].metric(
        "Jaccard", f"{found.jaccard:.2f}", help="Shared of all that either holds: 1 is the same, 0 nothing shared."
    )
    chart, side = st.columns([17, 9], gap="large")
    with chart:
        _map(pipeline, found, words)
    with side:
        part = st.segmented_control(
            "Read", _PARTS, default="only_a", format_func=words.get, key="compare_part", required=True
        )
        rows = getattr(found, part or "only_a")
        with st.container(height=520, border=False):
            if len(rows):
                statuses = opened.statuses(pipeline, overrides_of(pipeline))
                record_reader.show(pipeline, rows, statuses, key=f"compare-{part}-{digest(a.id, b.id)}")
            else:
                st.caption("No records here.")
    _clusters(pipeline, found, a, b)
    _steadiness(pipeline, [a, b], busy)


def _map(pipeline: Pipeline, found: Difference, words: dict[str, str]) -> None:
    xy = opened.positions(pipeline)
    if xy is None:
        st.caption("No map yet; prepare it on the Data page.")
        return
    dark = is_dark()
    parts = [category_colours(4, dark)[i] for i in (3, 1, 2)]  # magenta, orange, blue: apart for any eyes
    codes = np.zeros(len(xy), np.uint8)
    for i, part in enumerate(_PARTS, 1):
        codes[getattr(found, part)] = i
    says = ["in neither", *(words[part].lower() for part in _PARTS)]
    legend = [*(Entry(words[part], i, i) for i, part in enumerate(_PARTS, 1)), Entry("in neither", 0, 0)]
    id = f"difference {codes_digest(codes)}"
    colouring = Colouring(id, "", lambda: codes, [status_colours(dark)[0], *parts], legend, (0,))
    beside.show(pipeline, "difference_map", colouring, lambda row: [*tip_of(pipeline, row), says[codes[row]]], 560)


def _clusters(pipeline: Pipeline, found: Difference, a: Choice, b: Choice) -> None:
    labels = opened.labels(pipeline)
    if labels is None:
        return
    st.dataframe(
        by_cluster(found, labels, opened.cluster_names(pipeline)),
        hide_index=True,
        key="difference_clusters",
        height=260,
        column_config={
            "cluster": st.column_config.NumberColumn("Cluster", width="small"),
            "name": "Name",
            "held": st.column_config.NumberColumn("Held", format="localized"),
            "only_a": st.column_config.NumberColumn("Only in A", format="localized", help=as_markdown(a.title)),
            "only_b": st.column_config.NumberColumn("Only in B", format="localized", help=as_markdown(b.title)),
            "both": st.column_config.NumberColumn("In both", format="localized"),
        },
    )


def _steadiness(pipeline: Pipeline, chosen: list[Choice], busy: bool) -> None:
    """Say how alike a method's selections are over five seeds: a difference within that is chance."""
    asked = {
        title: StabilityParams(choice.params)
        for title, choice in zip(unlike(chosen), chosen, strict=True)
        if is_seeded(choice.params) and pipeline.key("select", SelectionParams.from_dict(choice.params))
    }
    if not asked:
        return
    known = {title: known_stability(pipeline, params) for title, params in asked.items()}
    for title, value in known.items():
        if value is not None:
            st.caption(
                f"{as_markdown(title)}: over {counted(value.n_seeds, 'seed')}, two of its selections share "
                f"{value.overlap:.0%} of their records on average (mean Jaccard {value.jaccard:.2f})."
            )
            if warning := overlap_warning(asked[title].select["method"], value.overlap, value.n_seeds):
                trouble.warn(warning)
    missing = [params for title, params in asked.items() if known[title] is None]
    if missing and busy and job_panel.in_place(pipeline, "stability"):
        return
    if missing and st.button(
        "How much of this is chance?",
        **people.off(
            access.RUN,
            busy,
            help="Selects with five seeds each, clusters and probes drawn anew too, and compares the results: a difference no "
            "larger than that is chance.",
        ),
        key="stability",
    ):
        job_panel.start(pipeline, "Trying seeds", [Step("stability", params.as_dict()) for params in missing])
        st.rerun()
