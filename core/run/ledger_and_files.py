"""What the ledger speaks of, held against what lies in the folder: files that are not there, and files that nothing speaks of."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from ..base.text import counted
from ..workspace.seals import KINDS
from ..workspace.workspace import Workspace
from .finding import Finding

_BACK = "put a backup of its files back"
_BY_ENTRY = ("version", "round", "feedback")  # kinds whose artifacts are found by an entry of the ledger alone
_AT_WORK = 3600  # seconds: of what is younger somebody may be about to write the entry down


def missing_files(workspace: Workspace) -> Iterator[Finding]:
    """Yield what is wrong: what people saved, decided and selected of which no file is there."""
    for version in workspace.ledger.versions():
        if not workspace.has("version", version["key"]):
            what = _is_missing(workspace, "version", version["key"], f"the version {version['name']!r}")
            yield Finding(what, f"{_BACK}, or do without it: it can't be made again")
    yield from _of_runs(workspace)
    yield from _of_selections(workspace)
    yield from _of_decisions(workspace)


def _is_missing(workspace: Workspace, kind: str, key: str, whose: str) -> str:
    return f"{workspace.path(kind, key, '.json')} is missing, and with it {whose}"


def _of_runs(workspace: Workspace) -> Iterator[Finding]:
    for run in workspace.ledger.runs():
        for made in workspace.ledger.rounds(run["id"]):
            whose = f"round {made['number']} of run {run['id']}"
            for kind, key, what in (
                ("round", made["key"], whose),
                ("feedback", made["feedback"], f"feedback on {whose}"),
            ):
                if key and not workspace.has(kind, key):
                    again = f"take back {whose}, and it is selected anew as the run goes on"
                    taken_back = bool(made["taken_back"])
                    todo = "nothing needs it: that round was taken back" if taken_back else f"{_BACK}, or {again}"
                    yield Finding(_is_missing(workspace, kind, key, what), todo, is_harmless=taken_back)


def _of_selections(workspace: Workspace) -> Iterator[Finding]:
    listed = workspace.ledger.selections()
    first = {made["key"]: made["id"] for made in reversed(listed)}
    for key, number in first.items():
        if not workspace.has("select", key):
            is_last = key == listed[-1]["key"]
            todo = "select again" if is_last else f"{_BACK}, or do without it: it is no longer offered"
            what = _is_missing(workspace, "select", key, f"selection #{number}")
            yield Finding(what, todo, is_harmless=not is_last, stage="select" if is_last else "")


def _of_decisions(workspace: Workspace) -> Iterator[Finding]:
    """By the hashes of an import the records that were decided on are found again in another."""
    last, counts = workspace.last_import(), {}
    for decision in workspace.ledger.decisions():
        if decision.fingerprint and not decision.hashes and len(decision.rows):
            counts[decision.fingerprint] = counts.get(decision.fingerprint, 0) + 1
    for fingerprint, n in counts.items():
        if workspace.has("hashes", fingerprint):
            continue
        whose = f"what tells the records of {counted(n, 'decision')} in other data"
        is_today = last is not None and fingerprint == last.fingerprint
        todo = "make it again of the records" if is_today else f"{_BACK}: those decisions have no effect without"
        what = _is_missing(workspace, "hashes", fingerprint, whose)
        yield Finding(what, todo, repair=workspace.hashes if is_today else None)


def unknown_files(workspace: Workspace) -> Iterator[Finding]:
    """Yield what nothing speaks of: artifacts that are found by an entry and have none, and parts of what never became whole."""
    ledger = workspace.ledger
    rounds = [made for run in ledger.runs() for made in ledger.rounds(run["id"])]
    known = {("version", version["key"]) for version in ledger.versions()}
    known |= {(kind, made["key" if kind == "round" else kind]) for made in rounds for kind in ("round", "feedback")}
    for stem in sorted({_stem(path) for path in workspace.artifacts.iterdir() if path.suffix in (".json", *KINDS)}):
        kind, _, key = stem.partition("-")
        is_whole, files = workspace.has(kind, key), [*workspace.artifacts.glob(f"{stem}.*")]
        if (kind, key) in known or (is_whole and kind not in _BY_ENTRY) or _is_young(files):
            continue
        what = "no entry of the ledger speaks of it" if is_whole else "it never became whole: its .json is missing"
        yield Finding(
            f"{workspace.artifacts / stem}.* lies there, and {what}",
            f"nothing needs it; move it to {workspace.folder / 'damaged'}",
            is_harmless=True,
            repair=lambda kind=kind, key=key: workspace.set_aside(kind, key),
        )


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_young(files: list[Path]) -> bool:
    latest = 0.0
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            latest = max(latest, file.stat().st_mtime)
    return time.time() - latest < _AT_WORK
