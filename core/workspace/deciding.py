"""Deciding on a workspace: records and clusters pinned, dropped, weighted or cleared; what follows from all decisions."""

from collections.abc import Callable, Sequence

import numpy as np

from ..base.errors import CurationError, lacking
from ..data.records import content_hash
from .decisions import Decision, Overrides, resolve_overrides, rows_by_hash
from .results import Results
from .workspace import Workspace

CLUSTERING = "cluster"  # the stage whose groups of records people decide on as one


def decide_records(workspace: Workspace, action: str, rows: np.ndarray, who: str = "", note: str = "") -> Decision:
    """Pin, drop or clear records. rows: (m,) row ids. Raises CurationError for a row out of range or no row."""
    rows = np.unique(np.asarray(rows, dtype=np.int64))
    if not len(rows):
        raise CurationError(f"No record to {action}; name at least one.")
    raws = workspace.records().take(rows, ["raw"])["raw"].to_pylist()
    return workspace.ledger.add_decision(
        Decision(
            action=action,
            rows=rows,
            hashes=tuple(content_hash(raw) for raw in raws),
            fingerprint=workspace.dataset().fingerprint,
            who=who,
            note=note,
        )
    )


def decide_cluster(
    results: Results,
    action: str,
    cluster: int,
    who: str = "",
    note: str = "",
    value: float = 1.0,
    clustering: str = "",
    refers: int = 0,
) -> Decision:
    """Pin, drop, clear or weight a cluster of the current clustering. Raises CurationError where there is no such.

    clustering: the key of the clustering that the caller has in mind, if any; another one now is an error.
    refers: the decision about an earlier clustering that this one carries over.
    """
    if clustering and clustering != results.current(CLUSTERING):
        raise CurationError(f"The clusters have changed since cluster {cluster} was looked at; nothing was decided.")
    clustering = results.current(CLUSTERING)
    if not clustering:
        raise lacking("There are no clusters yet, or they are out of date", CLUSTERING, results.workspace.folder)
    n_clusters = len(results.info(CLUSTERING)["sizes"])
    if not 0 <= cluster < n_clusters:
        raise CurationError(f"cluster is {cluster}; the clusters are 0 to {n_clusters - 1}.")
    results.forget()
    return results.workspace.ledger.add_decision(
        Decision(
            action=action,
            target="cluster",
            cluster=cluster,
            clustering=clustering,
            value=value,
            who=who,
            note=note,
            refers=refers,
        )
    )


def revise(
    workspace: Workspace, action: str, find: Callable[[Sequence[Decision]], int | None], who: str = ""
) -> Decision:
    """Take back or restore a decision. action: "undo" or "redo". find: `next_undo` or `next_redo`, or gives a decision's id.

    Raises CurationError where there is none.
    """
    refers = find(workspace.ledger.decisions())
    if refers is None:
        raise CurationError(f"There is nothing to {action}.")
    return workspace.ledger.add_decision(Decision(action=action, refers=refers, who=who))


def overrides_of(results: Results) -> Overrides:
    """Return the curators' decisions as constraints on the current records and clusters."""
    workspace = results.workspace
    return results.once(
        "overrides",
        lambda: resolve_overrides(
            workspace.ledger.decisions(),
            workspace.dataset().n_records,
            results.array(CLUSTERING),
            results.current(CLUSTERING),
            rows_of=lambda decision: decided_rows(workspace, decision),
        ),
    )


def decided_rows(workspace: Workspace, decision: Decision) -> np.ndarray:
    """Return the rows that a record decision is about in today's data; records no longer there are left out."""
    if decision.fingerprint == workspace.dataset().fingerprint:
        return decision.rows
    return rows_by_hash(decision.hashes, workspace.hashes())
