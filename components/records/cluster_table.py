"""The clusters as a table: what each holds and what was taken. A click on a row looks at that cluster."""

import numpy as np
import pandas as pd
import streamlit as st

from components.session import opened
from components.session.focus import look_at_cluster
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED


def cluster_frame(
    labels: np.ndarray, names: list[str], statuses: np.ndarray, quality: np.ndarray | None, weights: dict[int, float]
) -> pd.DataFrame:
    """Return one row a cluster. labels: (n,) int, statuses: (n,) int8, quality: (n,) float or None, weights: multipliers."""
    k = len(names)
    sizes = np.bincount(labels, minlength=k)

    def count(*wanted: int) -> np.ndarray:
        return np.bincount(labels[np.isin(statuses, wanted)], minlength=k)

    frame = pd.DataFrame(
        {
            "cluster": np.arange(k),
            "name": names,
            "records": sizes,
            "selected": count(SELECTED, PINNED),
            "share": count(SELECTED, PINNED) / np.maximum(sizes, 1),
            "pinned": count(PINNED),
            "dropped": count(DROPPED),
            "weight": [weights.get(cluster, 1.0) for cluster in range(k)],
        }
    )
    if quality is not None:
        frame["quality"] = np.bincount(labels, quality, minlength=k) / np.maximum(sizes, 1)
    return frame


def show(pipeline: Pipeline, statuses: np.ndarray, weights: dict[int, float], height: int = 320) -> None:
    """Draw the table."""
    frame = cluster_frame(
        opened.labels(pipeline), opened.cluster_names(pipeline), statuses, opened.quality(pipeline), weights
    )
    key = f"clusters-{pipeline.current('cluster')}"
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        height=height,
        on_select=lambda: _on_select(key),
        selection_mode="single-row",
        column_config={
            "cluster": st.column_config.NumberColumn(
                "No.", width=60, help="The clusters are numbered by size, the largest is 0."
            ),
            "name": st.column_config.TextColumn(
                "Cluster", width="large", help="The words that set it apart from the others."
            ),
            "records": st.column_config.NumberColumn("Records", format="localized"),
            "selected": st.column_config.NumberColumn("Selected", format="localized", help="Pinned ones included."),
            "share": st.column_config.ProgressColumn("Share selected", format="percent", min_value=0, max_value=1),
            "pinned": st.column_config.NumberColumn("Pinned", format="localized"),
            "dropped": st.column_config.NumberColumn("Dropped", format="localized"),
            "weight": st.column_config.NumberColumn(
                "Weight ×", format="%g", help="1 leaves the cluster's share of the budget as it is."
            ),
            "quality": st.column_config.NumberColumn("Mean quality", format="%.2f"),
        },
    )


def _on_select(key: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        look_at_cluster(int(rows[0]))
