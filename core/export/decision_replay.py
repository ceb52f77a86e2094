"""A log of decisions, replayed in another workspace with the same data: records by their hashes, clusters by their members.

What is replayed is decided anew, in order, and signed by whoever decided it; its note says when that was and who replayed it.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..base import access
from ..base.confinement import check_reading
from ..base.errors import CurationError
from ..base.text import counted
from ..vectors.reshaping import merge_clusters, rename_cluster, split_cluster
from ..workspace.deciding import decide_cluster, decide_records, revise
from ..workspace.decisions import ACTIONS, REVISIONS, Decision, best_overlap
from ..workspace.edits import edit_record
from ..workspace.matching import HashIndex, as_hashes
from ..workspace.results import Results
from ..workspace.shape import CLUSTERING, shape_now
from .decision_lines import FORMAT, origin_of

LEAST_OVERLAP = 0.3


@dataclasses.dataclass(frozen=True)
class Replayed:
    """What became of a log: how many decisions were made anew, how many were here before, and those that could not be.

    missing: (number in the log, what it was, why not), and of a decision made in part, what is missing of it.
    """

    n_made: int
    n_here_before: int
    missing: tuple[tuple[int, str, str], ...]


class _Unlike(Exception):
    """Why a decision of the log can't be made here."""


def replay_log(results: Results, log: Path | bytes, who: str = "") -> Replayed:
    """Replay a log that `log_lines` wrote. What was replayed before, or was decided here, is not decided again.

    who: who replays it. Raises CurationError where it is no such log; then nothing is decided.
    """
    decisions, members = _read(log)
    return _Replay(results, members, who).all(decisions)


def _read(log: Path | bytes) -> tuple[list[dict[str, Any]], dict[tuple, np.ndarray]]:
    """Return the decisions and {(clustering, cluster, sign): hashes of its records}."""
    name = "The log" if isinstance(log, bytes) else str(log)
    decisions, members = [], {}
    try:
        lines = (log if isinstance(log, bytes) else check_reading(log).read_bytes()).decode().split("\n")
        head, *facts = [json.loads(line) for line in lines if line.strip()]
        if head["format"] != FORMAT:
            raise CurationError(f"{name} has the format {head['format']!r}; this version reads {FORMAT!r}.")
        for each in facts:
            if "members" in each:
                members[each["clustering"], each["cluster"], each["sign"]] = _hashes(each["members"])
            else:
                _check(each)
                decisions.append(each)
    except OSError as error:
        raise CurationError(f"{name} can't be read ({error.strerror}); give the path of a log.") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise CurationError(f"{name} is not a log of decisions ({type(error).__name__}: {error}).") from error
    return decisions, members


def _hashes(texts: list[str]) -> np.ndarray:
    hashes = [bytes.fromhex(text) for text in texts]
    if any(len(each) != 16 for each in hashes):
        raise ValueError("a hash has 16 bytes")
    return as_hashes(hashes)


def _check(each: dict[str, Any]) -> None:
    known = (*ACTIONS, *REVISIONS)
    if each["action"] not in known or not isinstance(each["id"], int) or not isinstance(each["origin"], str):
        raise ValueError(f"decision {each['id']!r} has the action {each['action']!r}")
    _hashes(each.get("hashes", []))
    [int(number) for number in (*each.get("numbers", []), each.get("cluster", 0), each.get("refers", 0))]


class _Replay:
    def __init__(self, results: Results, members: dict[tuple, np.ndarray], who: str) -> None:
        self._results, self._members, self._by = results, members, who
        self._index = HashIndex(results.workspace.hashes())
        self._here = {origin_of(each): each.id for each in results.workspace.ledger.decisions()}
        self._ids: dict[int, int] = {}  # of the log's decisions, here
        self._missing: list[tuple[int, str, str]] = []

    def all(self, decisions: list[dict[str, Any]]) -> Replayed:
        """Replay them in order."""
        made = before = 0
        for each in decisions:
            if each["origin"] in self._here:
                self._ids[each["id"]] = self._here[each["origin"]]
                before += 1
                continue
            try:
                self._ids[each["id"]] = self._one(each).id
                made += 1
            except (CurationError, _Unlike) as error:
                why = error.on_page if isinstance(error, CurationError) else str(error)
                self._missing.append((each["id"], str(each.get("said", each["action"])), why))
        return Replayed(made, before, tuple(self._missing))

    def _one(self, each: dict[str, Any]) -> Decision:
        self._results = self._results.fresh()
        make: Callable[..., Decision] = self._on_records
        if each["action"] in REVISIONS:
            make = self._revise
        elif each.get("target") == "cluster":
            make = self._on_cluster
        who = str(each.get("who", ""))
        by = f" by {who}" if who and access.is_on() else ""  # the ledger then signs it by who replays it
        note = f"{each.get('note', '')} (decided{by} {each.get('at', '')}, replayed{f' by {self._by}' if self._by else ''})"
        return make(each, {"who": who, "note": note.strip(), "origin": each["origin"]})

    def _revise(self, each: dict[str, Any], about: dict[str, str]) -> Decision:
        if each["refers"] not in self._ids:
            raise _Unlike(f"decision {each['refers']} of the log is not here")
        refers = self._ids[each["refers"]]
        return revise(self._results.workspace, each["action"], lambda _: refers, **about)

    def _on_records(self, each: dict[str, Any], about: dict[str, str]) -> Decision:
        rows = self._rows(_hashes(each.get("hashes", [])))
        if not len(rows):
            raise _Unlike("none of its records is in this data")
        workspace = self._results.workspace
        if each["action"] == "edit":
            return edit_record(workspace, int(rows[0]), each["field"], each["text"], **about)
        made = decide_records(workspace, each["action"], rows, **about)
        if gone := len(each["hashes"]) - len(rows):
            self._missing.append(
                (each["id"], each.get("said", ""), f"{counted(gone, 'record is', 'records are')} not in this data")
            )
        return made

    def _rows(self, hashes: np.ndarray) -> np.ndarray:
        return self._index.rows_of(self._index.names_of(hashes)) if len(hashes) else np.zeros(0, np.int64)

    def _on_cluster(self, each: dict[str, Any], about: dict[str, str]) -> Decision:
        results, action = self._results, each["action"]
        refers = self._ids.get(each.get("refers", 0), 0)
        if action == "merge":
            clusters = [self._cluster(each, cluster) for cluster in (each["cluster"], *each["numbers"])]
            return merge_clusters(results, clusters, **about)
        cluster = self._cluster(each, each["cluster"])
        if action == "split":
            return split_cluster(results, cluster, len(each["numbers"]) - 1, each["numbers"][0], **about)
        if action == "rename":
            return rename_cluster(results, cluster, each["text"], refers=refers, **about)
        numbers = tuple(each.get("numbers", ()))
        return decide_cluster(
            results, action, cluster, value=each.get("value", 1.0), refers=refers, numbers=numbers, **about
        )

    def _cluster(self, each: dict[str, Any], cluster: int) -> int:
        """Return the cluster here that took the place of one of the log's."""
        results, sign = self._results, each.get("sign", "")
        if not results.current(CLUSTERING):
            raise _Unlike("there are no clusters here")
        shape = shape_now(results)
        about = (each["cluster"], *each["numbers"]) if each["action"] == "merge" else (cluster,)
        same = each["clustering"] == shape.base and sign == shape.sign(*about)
        if same and cluster < len(results.info(CLUSTERING)["sizes"]):
            return cluster
        members = self._members.get((each["clustering"], cluster, sign))
        if members is None:
            raise _Unlike(f"it is about cluster {cluster} of another clustering, and the log does not tell its records")
        found, overlap = best_overlap(self._rows(members), results.array(CLUSTERING))
        if overlap < LEAST_OVERLAP:
            raise _Unlike(f"no cluster here is like its cluster {cluster} (at best {overlap:.0%} in common)")
        return found
