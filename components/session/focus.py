"""What a reader looks at on a map: records, a cluster, or nothing."""

import numpy as np

from components.session import opened, state
from components.session.state import Focus


def look_at_record(row: int) -> None:
    """Look at the cluster that a record is in, the record first."""
    look_at_cluster(int(opened.labels(opened.pipeline())[row]), row)


def look_at_cluster(cluster: int, first: int = -1) -> None:
    """Look at a cluster. first: the record to read first, or -1."""
    pipeline = opened.pipeline()
    rows = np.flatnonzero(opened.labels(pipeline) == cluster)
    state.get().look_at(
        Focus("cluster", opened.cluster_names(pipeline)[cluster], rows, cluster, opened.shown_keys(pipeline), first)
    )
