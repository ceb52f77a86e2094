"""Renaming, merging and splitting the cluster that is looked at: decisions like any other, which undo takes back."""

import numpy as np
import streamlit as st

from components.session import decide, opened, people
from components.session.focus import look_at_cluster
from core.base import access
from core.base.text import shorten
from core.run.pipeline import Pipeline

_MOST_PARTS = 20


def show(pipeline: Pipeline, cluster: int, near: list[int]) -> None:
    """Draw the three buttons. near: the clusters nearest to it, offered first to merge it with."""
    names, clustering = opened.cluster_names(pipeline), pipeline.current("cluster")
    sizes = np.bincount(opened.labels(pipeline), minlength=len(names))
    with st.container(horizontal=True, key="shape_cluster"):
        with st.popover("Rename"):
            name = st.text_input("Its name", names[cluster], key=f"rename-{cluster}-{clustering}")
            if st.button("Rename it", key="rename_cluster", type="primary", **people.off(access.DECIDE)):
                decide.rename_cluster(cluster, name, clustering)
                _look_again(cluster)
        with st.popover("Merge"):
            others = [c for c in dict.fromkeys([*near, *range(len(names))]) if sizes[c] and c != cluster]
            chosen = st.multiselect(
                "With these, the nearest first",
                others,
                format_func=lambda c: f"{c} · {shorten(names[c], 50)} · {sizes[c]:,}",
                key=f"merge-{cluster}-{clustering}",
            )
            if st.button("Merge them", key="merge_clusters", type="primary", **people.off(access.DECIDE, not chosen)):
                decide.merge_clusters([cluster, *chosen], clustering)
                _look_again(min(cluster, *chosen))
        with st.popover("Split", disabled=sizes[cluster] < 2):
            most = int(max(2, min(_MOST_PARTS, sizes[cluster])))
            parts = st.number_input("Into how many parts", 2, most, 2, key=f"split-{cluster}-{clustering}")
            st.caption("k-means among its own records. The largest part keeps the number.")
            if st.button("Split it", key="split_cluster", type="primary", **people.off(access.DECIDE)):
                decide.split_cluster(cluster, int(parts), clustering=clustering)
                _look_again(cluster)


def _look_again(cluster: int) -> None:
    """Look at the cluster as it is now; where nothing came of it, it is what it was."""
    look_at_cluster(cluster)
    st.rerun()  # the whole page
