"""Deciding on a workspace: records and clusters pinned, dropped, weighted or cleared; what follows from all decisions."""

import collections
import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base.arrays import ascending
from ..base.errors import CurationError, lacking
from ..base.params import digest
from .contested import Overruled, overruled
from .decisions import REVISIONS, Decision, Overrides, in_force, made_together, resolve_overrides
from .found_again import rows_today
from .results import RECORDS, Results
from .shape import CLUSTERING, Shape, shape_now
from .workspace import Workspace


def decide_records(
    workspace: Workspace, action: str, rows: np.ndarray, who: str = "", note: str = "", origin: str = ""
) -> Decision:
    """Pin, drop or clear records. rows: (m,) row ids. origin: which decision of a log it is, where one is replayed.

    Raises CurationError for a row out of range or no row.
    """
    rows = ascending(rows)
    if not len(rows):
        raise CurationError(f"No record to {action}; name at least one.")
    fingerprint = check_rows(workspace, rows)
    return workspace.ledger.add_decision(
        Decision(action=action, rows=rows, fingerprint=fingerprint, who=who, note=note, origin=origin)
    )


def check_rows(workspace: Workspace, rows: np.ndarray) -> str:
    """Return the fingerprint by which rows (ascending) can be written down: the records' hashes are kept under it.

    Raises CurationError for a row out of range.
    """
    dataset = workspace.dataset()
    if len(rows) and (rows[0] < 0 or rows[-1] >= dataset.n_records):
        wrong = rows[-1] if rows[-1] >= dataset.n_records else rows[0]
        raise CurationError(f"record {wrong} is not one of 0 to {dataset.n_records - 1}.")
    workspace.hashes()
    return dataset.fingerprint


def decide_cluster(
    results: Results,
    action: str,
    cluster: int,
    who: str = "",
    note: str = "",
    value: float = 1.0,
    clustering: str = "",
    refers: int = 0,
    origin: str = "",
    numbers: tuple[int, ...] = (),
) -> Decision:
    """Pin, drop, clear or weight a cluster of the current clustering. Raises CurationError where there is no such.

    clustering: the key of the clustering that the caller has in mind, if any; another one now is an error.
    refers: the decision about an earlier clustering that this one carries over. numbers: see `decide_clusters`.
    """
    about = {"who": who, "note": note, "refers": refers, "origin": origin, "numbers": numbers}
    made = _about_cluster(results, action, cluster, value, clustering, about)
    results.forget()
    return results.workspace.ledger.add_decision(made)


def decide_clusters(
    results: Results,
    action: str,
    clusters: Sequence[int],
    who: str = "",
    note: str = "",
    value: float = 1.0,
    clustering: str = "",
) -> list[Decision]:
    """Pin, drop, clear or weight several clusters together: a decision each, all of them or none; undo takes all back.

    See `decide_cluster`. Raises CurationError where there is no such cluster, or none at all.
    """
    clusters = list(dict.fromkeys(clusters))
    if not clusters:
        raise CurationError(f"No cluster to {action}; name at least one.")
    last = results.workspace.ledger.last_decision_id()
    together = (int(digest(last, action, clusters, who, note, value)[:8], 16),) if len(clusters) > 1 else ()
    about = {"who": who, "note": note, "numbers": together}
    made = [_about_cluster(results, action, cluster, value, clustering, about) for cluster in clusters]
    results.forget()
    return results.workspace.ledger.add_decisions(made)


def _about_cluster(
    results: Results, action: str, cluster: int, value: float, clustering: str, about: dict[str, Any]
) -> Decision:
    shape = checked_cluster(results, cluster, clustering)
    if sign := shape.sign(
        cluster
    ):  # its records are written down: they can't be told from the clustering as it was found
        rows = np.flatnonzero(results.array(CLUSTERING) == cluster)
        about = about | {"rows": rows, "fingerprint": results.key(RECORDS)}
    return Decision(
        action=action, target="cluster", cluster=cluster, clustering=shape.base, value=value, sign=sign, **about
    )


def checked_cluster(results: Results, cluster: int, clustering: str = "") -> Shape:
    """Return the shape that the current clustering has. Raises CurationError where it has no such cluster with records.

    clustering: the key of the clustering that the caller has in mind, if any; another one now is an error.
    """
    if clustering and clustering != results.current(CLUSTERING):
        raise CurationError(f"The clusters have changed since cluster {cluster} was looked at; nothing was decided.")
    if not results.current(CLUSTERING):
        raise lacking("There are no clusters yet, or they are out of date", CLUSTERING, results.workspace.folder)
    sizes = results.info(CLUSTERING)["sizes"]
    if not 0 <= cluster < len(sizes):
        raise CurationError(f"cluster is {cluster}; the clusters are 0 to {len(sizes) - 1}.")
    if not sizes[cluster]:
        raise CurationError(f"Cluster {cluster} has no records: it was merged into another, which can be decided on.")
    return shape_now(results)


def revise(
    workspace: Workspace,
    action: str,
    find: Callable[[Sequence[Decision]], int | None],
    who: str = "",
    note: str = "",
    origin: str = "",
) -> Decision:
    """Take back or restore a decision. action: "undo" or "redo". find: `next_undo` or `next_redo`, or gives a decision's id.

    Nobody decides between finding it and writing that down. Raises CurationError where there is none.
    """

    def make(decisions: list[Decision]) -> list[Decision]:
        refers = _meant(decisions, action, find)
        return [Decision(action=action, refers=refers, who=who, note=note, origin=origin)]

    return workspace.ledger.decide(make)[0]


def revise_together(
    workspace: Workspace, action: str, find: Callable[[Sequence[Decision]], int | None], who: str = "", note: str = ""
) -> list[Decision]:
    """Take back or restore a decision with all those that were made together with it; see `revise`, `decide_clusters`.

    Raises CurationError where somebody was faster: it is taken back, or stands, already.
    """

    def make(decisions: list[Decision]) -> list[Decision]:
        refers = _meant(decisions, action, find)
        _check_stands(decisions, action, refers)
        others = [each for each in made_together(decisions, refers, stands=action == "undo") if each != refers]
        return [Decision(action=action, refers=each, who=who, note=note) for each in (*others, refers)]

    return workspace.ledger.decide(make)


def _meant(decisions: Sequence[Decision], action: str, find: Callable[[Sequence[Decision]], int | None]) -> int:
    refers = find(decisions)
    if refers is None:
        raise CurationError(f"There is nothing to {action}.")
    return refers


def _check_stands(decisions: Sequence[Decision], action: str, refers: int) -> None:
    """Raise CurationError where a decision that is to be taken back is so already, or one to be restored stands."""
    if any(each.id == refers for each in in_force(decisions)) == (action == "undo"):
        return
    last = next((each for each in reversed(decisions) if each.refers == refers and each.action in REVISIONS), None)
    by = f" by {last.who}" if last is not None and last.who else ""
    is_so = f"was taken back{by} already" if action == "undo" else "stands already"
    raise CurationError(f"Decision {refers} {is_so}; nothing was changed.")


def contested_in(results: Results) -> list[Overruled]:
    """Return which decisions on records of today's data stand against what somebody else had decided; see `overruled`."""
    made, today = results.workspace.ledger.decisions(), results.key(RECORDS)
    name = (results.workspace.folder.resolve(), today, len(made), (made[-1].id, made[-1].at) if made else ())
    held = _contested.get("last")  # of the workspace asked for last: reruns of a page ask again and again
    if held is None or held[0] != name:
        held = _contested["last"] = (name, overruled(made, today, results.n_records()))
    return held[1]


_contested: dict[str, tuple[tuple, list[Overruled]]] = {}


def members_then(results: Results, decision: Decision) -> np.ndarray | None:
    """Return the rows that the cluster of a decision had when it was made; None where nothing tells any more."""
    if decision.sign:
        return rows_today(results.workspace, decision.fingerprint, decision.rows)
    if not results.workspace.has(CLUSTERING, decision.clustering):
        return None
    labels = results.workspace.array(CLUSTERING, decision.clustering)
    return np.flatnonzero(labels == decision.cluster) if len(labels) == results.n_records() else None


def overrides_of(results: Results) -> Overrides:
    """Return the curators' decisions as constraints on the current records and clusters. Their arrays are read-only."""
    return results.once("overrides", lambda: _overrides(results))


# Constraints found before in this process, the latest asked for last: reruns of a page ask again and again.
_found: collections.OrderedDict[tuple, Overrides] = collections.OrderedDict()
_finding = threading.Lock()
_MOST_FOUND = 6


def _overrides(results: Results) -> Overrides:
    workspace, today = results.workspace, results.key(RECORDS)
    made = workspace.ledger.decisions()
    last = (made[-1].id, made[-1].at, made[-1].who) if made else ()
    name = (workspace.folder.resolve(), today, results.current(CLUSTERING), len(made), *last)
    with _finding:
        if name in _found:
            _found.move_to_end(name)
            return _found[name]
    shape = shape_now(results)
    found = resolve_overrides(
        made,
        results.n_records(),
        results.array(CLUSTERING),
        shape.base if results.current(CLUSTERING) else "",
        rows_of=lambda d: rows_today(workspace, d.fingerprint, d.rows, d.hashes, today),
        sign_of=shape.sign,
        members_then=lambda d: members_then(results, d),
    )
    if shape.aside:
        found = dataclasses.replace(found, set_aside=(*found.set_aside, *shape.aside))
    for rows in (found.pinned, found.dropped):
        rows.setflags(write=False)
    with _finding:
        _found[name] = found
        while len(_found) > _MOST_FOUND:
            _found.popitem(last=False)
    return found
