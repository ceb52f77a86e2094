"""The log of decisions as JSONL: what people decided, with the hashes by which records are known in any import of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..base import access
from ..base.params import digest, rows_digest
from ..data.manifest import write_jsonl
from ..workspace.decisions import Decision
from ..workspace.results import Results
from ..workspace.shape import CLUSTERING, is_about_today
from ..workspace.told import told
from ..workspace.workspace import Workspace, hashes_in

FORMAT = "winnow-decisions/1"
_PLAIN = ("id", "at", "who", "action", "target", "note", "refers", "origin", "field", "text", "sign")


def origin_of(decision: Decision) -> str:
    """Return by what a decision is known wherever it was replayed: where it was made first."""
    if decision.origin:
        return decision.origin
    about = [getattr(decision, name) for name in ("id", "at", "who", "action", "target", "note", "refers", "cluster")]
    return digest(*about, decision.clustering, decision.fingerprint, rows_digest(decision.rows))


def log_lines(results: Results) -> Iterator[bytes]:
    """Yield the log, a decision a line, oldest first, behind a line that says what it is.

    A decision on a cluster tells its members, where they are known, the first time that the cluster comes up.
    """
    access.require(access.EXPORT)
    workspace = results.workspace
    made = workspace.ledger.decisions()
    dataset = workspace.dataset()
    told_members: set[tuple[str, int, str]] = set()
    head = {"format": FORMAT, "data": dataset.name, "sha256": dataset.sha256, "n_decisions": len(made)}
    yield _line(head)
    for decision in made:
        facts: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(decision, name)) not in ("", 0)}
        facts |= {"said": told(decision), "origin": origin_of(decision)}
        if decision.action == "weight":
            facts["value"] = decision.value
        if decision.target == "cluster":
            facts |= {"cluster": decision.cluster, "clustering": decision.clustering}
            facts |= {"numbers": decision.numbers} if decision.numbers else {}
            for cluster in (decision.cluster, *(decision.numbers if decision.action == "merge" else ())):
                name = (decision.clustering, cluster, decision.sign)
                if name not in told_members and (members := _members(results, decision, cluster)) is not None:
                    told_members.add(name)
                    yield _line({"cluster": cluster, "clustering": name[0], "sign": name[2], "members": members})
        elif len(decision.rows):
            facts |= {"rows": decision.rows.tolist(), "hashes": _hashes(workspace, decision)}
        yield _line(facts)


def write_log(results: Results, out: Path) -> int:
    """Write the log to a file, whole or not at all; return how many decisions it has."""
    write_jsonl(log_lines(results), out)
    return len(results.workspace.ledger.decisions())


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def _hashes(workspace: Workspace, decision: Decision) -> list[str]:
    """Return the hashes of the records in the order of the rows; none where nothing tells them any more."""
    if decision.hashes:
        return [each.hex() for each in decision.hashes]
    return _hex(hashes_in(workspace, decision.fingerprint), decision.rows)


def _members(results: Results, decision: Decision, cluster: int) -> list[str] | None:
    """Return the hashes of the records of a cluster that a decision is about, None where nothing tells them any more."""
    workspace = results.workspace
    if cluster == decision.cluster and decision.action != "merge" and len(decision.rows):
        return _hashes(workspace, decision)
    if decision.sign or not is_about_today(results, decision):
        return None  # the labels of an earlier clustering may be of other data
    members = np.flatnonzero(workspace.array(CLUSTERING, decision.clustering) == cluster)
    return _hex(workspace.hashes(), members)


def _hex(hashes: np.ndarray | None, rows: np.ndarray) -> list[str]:
    return [] if hashes is None else [each.hex() for each in hashes[rows].tolist()]
