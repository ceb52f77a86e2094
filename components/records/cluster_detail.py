"""A cluster opened: its numbers, the terms that set it apart, its telling records, the clusters near it."""

import dataclasses

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.records import cluster_shaping
from components.session import opened
from components.session.focus import look_at_cluster
from core.base.text import counted, shorten
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED
from core.vectors.cluster_facts import (
    Telling,
    Term,
    distinctive_terms,
    main_sources,
    nearest_clusters,
    redundancy,
    telling_records,
    words_of_clusters,
)
from core.vectors.topics import regions_of_clusters
from core.workspace.decisions import Overrides

N_TELLING = 4  # records of each kind
_N_NEAREST = 5
_READ, _READ_OUTSIDE = 200, 1500  # records whose words are counted, of the cluster and of all
_KINDS = {
    "typical": "Nearest to the cluster's centre.",
    "extreme": "Farthest from the centre.",
    "contested": "Nearly as near to another cluster's centre, which is named.",
}


@dataclasses.dataclass(frozen=True)
class Detail:
    """What is shown of a cluster. alike: see `redundancy`. words: the typical length. source: the main one, or "". read: how
    many records the terms were counted in. nearest: (cluster, cosine) each."""

    alike: float
    words: float
    source: str
    source_share: float
    terms: list[Term]
    read: int
    telling: Telling
    nearest: list[tuple[int, float]]


@st.fragment
def show(pipeline: Pipeline, cluster: int, statuses: np.ndarray, overrides: Overrides) -> None:
    """Draw what there is to know of a cluster, once somebody wants to. statuses: (n,) int8 of all records."""
    about = st.expander("About this cluster", key="about_cluster", on_change="rerun")
    if about.open:
        with about:
            _draw(pipeline, cluster, statuses, overrides)


def _draw(pipeline: Pipeline, cluster: int, statuses: np.ndarray, overrides: Overrides) -> None:
    detail, names = _detail(pipeline, cluster), opened.cluster_names(pipeline)
    cluster_shaping.show(pipeline, cluster, [other for other, _ in detail.nearest])
    st.caption(as_markdown(_numbers(pipeline, cluster, statuses, overrides, detail)))
    if regions := regions_of_clusters(pipeline):
        st.caption(as_markdown(f"In the region {regions[cluster]}"))
    if (called := opened.cluster_terms(pipeline)[cluster]) != names[cluster]:
        st.caption(as_markdown(f"By its terms: {called}"))
    if detail.terms:
        st.caption(f"**Terms that set it apart**, and how many of {detail.read:,} of its records hold them")
        st.caption(as_markdown(" · ".join(f"{term.term} {term.count:,}" for term in detail.terms)))
    _telling(pipeline, cluster, detail, names)
    if detail.nearest:
        st.caption("**Nearest clusters**, by the cosine of their centres")
        with st.container(gap=None, key="list-nearest"):
            for other, cosine in detail.nearest:
                words = as_markdown(f"{cosine:.2f} · {other} · {shorten(names[other], 60)}")
                if st.button(words, key=f"near-{cluster}-{other}", type="tertiary"):
                    _look_at(other)


def _numbers(pipeline: Pipeline, cluster: int, statuses: np.ndarray, overrides: Overrides, detail: Detail) -> str:
    mine = opened.labels(pipeline) == cluster
    held = np.bincount(statuses[mine], minlength=4)
    parts = [
        counted(int(held.sum()), "record"),
        f"{int(held[SELECTED] + held[PINNED]):,} selected",
        f"{int(held[PINNED]):,} pinned",
        f"{int(held[DROPPED]):,} dropped",
        f"weight × {overrides.multipliers.get(cluster, 1.0):g}",
    ]
    if (quality := opened.quality(pipeline)) is not None:
        parts.append(f"mean quality {quality[mine].mean():.2f}")
    parts += [f"alike {detail.alike:.2f}", f"typically {detail.words:.0f} words"]
    if detail.source:
        parts.append(f"{detail.source_share:.0%} from {detail.source}")
    return " · ".join(parts)


def _telling(pipeline: Pipeline, cluster: int, detail: Detail, names: list[str]) -> None:
    kind = st.segmented_control(
        "Records that tell what it is", list(_KINDS), default="typical", required=True, key="telling"
    )
    st.caption(_KINDS[kind])
    rows = getattr(detail.telling, kind)
    table = opened.records(pipeline).take(rows, ["prompt", "response"]).to_pylist()
    with st.container(gap=None, key="list-telling"):
        for i, (row, record) in enumerate(zip(rows.tolist(), table, strict=True)):
            rival = int(detail.telling.rivals[i]) if kind == "contested" else -1
            words = shorten(record["prompt"] or record["response"], 90)
            words += f" (or {rival}: {shorten(names[rival], 40)})" if rival >= 0 else ""
            if st.button(as_markdown(words), key=f"tell-{kind}-{row}", type="tertiary", help="Read it first"):
                _look_at(cluster, row)
        if not len(rows):
            st.caption("There is no other cluster.")


def _look_at(cluster: int, first: int = -1) -> None:
    look_at_cluster(cluster, first)
    st.rerun()  # the whole page


def _detail(pipeline: Pipeline, cluster: int) -> Detail:
    where = str(pipeline.workspace.folder.resolve())
    return _known_detail(where, pipeline.key("records"), pipeline.current("cluster"), cluster, pipeline)


@st.cache_data(max_entries=128, show_spinner=False)
def _known_detail(folder: str, records: str, clustering: str, cluster: int, _pipeline: Pipeline) -> Detail:
    labels = opened.labels(_pipeline)
    centroids, distances = (_pipeline.array("cluster", f".{name}.npy") for name in ("centroids", "distances"))
    sizes = np.bincount(labels, minlength=len(centroids))
    sources, codes = opened.sources(_pipeline)
    best, share = main_sources(labels, codes, len(centroids), max(len(sources), 1))
    terms, read = _terms(_pipeline, labels, distances, cluster)
    embeddings = _pipeline.array("embed")
    near = nearest_clusters(centroids, sizes, cluster, _N_NEAREST)
    return Detail(
        alike=float(redundancy(centroids, labels, distances)[cluster]),
        words=float(words_of_clusters(_pipeline)[cluster]),
        source=sources[best[cluster]] if best[cluster] >= 0 else "",
        source_share=float(share[cluster]),
        terms=terms,
        read=read,
        telling=telling_records(embeddings, labels, centroids, distances, cluster, N_TELLING),
        nearest=list(zip(near[0].tolist(), near[1].tolist(), strict=True)),
    )


def _terms(pipeline: Pipeline, labels: np.ndarray, distances: np.ndarray, cluster: int) -> tuple[list[Term], int]:
    """Return the terms, and the number of records they were counted in: spread from the cluster's middle to its rim."""
    members = np.flatnonzero(labels == cluster)
    members = members[np.argsort(distances[members], kind="stable")]
    inside = members[np.unique(np.linspace(0, len(members) - 1, min(_READ, len(members))).astype(np.int64))]
    outside = np.unique(np.linspace(0, len(labels) - 1, min(_READ_OUTSIDE, len(labels))).astype(np.int64))
    records = opened.records(pipeline)
    read = [records.take(rows, ["text"])["text"].to_pylist() for rows in (inside, outside)]
    return distinctive_terms(*read), len(inside)
