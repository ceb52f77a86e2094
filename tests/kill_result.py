"""What must be the same of work that was killed and taken up again: every file, and what it holds but for times."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from core.workspace.ledger import Ledger
from core.workspace.seals import SEAL
from tests.kill_case import WORKSPACES

_BY_ITSELF = re.compile(r".*\.lock|.*-(wal|shm)|at|decided|encoded|moments|kill-worker|worker|tmp(/.*)?|job/jobs/.*")
_TIMES = {"at", "seconds", "created", "sha256", SEAL}  # a manifest's hash of what holds times, too
_HOLD_TIMES = re.compile(r"out/(report\.(html|md)|w\.tar\.gz)|\w+/workspace\.db")


def result_of(folder: Path) -> dict[str, str]:
    """Return {path in the folder: a hash of what must be the same of it}, and what the ledger holds."""
    paths = [path for path in sorted(folder.rglob("*")) if not path.is_dir()]
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    found = {name: _hash(name, path) for name, path in named.items() if not _BY_ITSELF.fullmatch(name)}
    for name in WORKSPACES:
        if (folder / name / "workspace.db").exists():
            found |= {f"{name}: {what}": value for what, value in _ledger(folder / name / "workspace.db").items()}
    return found


def difference(found: dict[str, str], expected: dict[str, str]) -> str:
    """Return in words how a result differs, "" where it does not."""
    names = sorted({*found, *expected})
    more = [name for name in names if name not in expected]
    less = [name for name in names if name not in found]
    other = [name for name in names if name in found and name in expected and found[name] != expected[name]]
    parts = {"there is more": more, "there is less": less, "these are others": other}
    return "; ".join(f"{what}: {', '.join(some[:4])}" for what, some in parts.items() if some)


def _hash(name: str, path: Path) -> str:
    if _HOLD_TIMES.fullmatch(name):
        return ""
    content = path.read_bytes()
    if name.endswith(".json"):
        content = json.dumps(_without_times(json.loads(content))).encode()
    return hashlib.sha256(content).hexdigest()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(each) for name, each in value.items() if name not in _TIMES}
    return [_without_times(each) for each in value] if isinstance(value, list) else value


def _ledger(path: Path) -> dict[str, str]:
    ledger = Ledger(path)
    decisions = [(each.action, each.who, each.rows.tolist(), each.cluster, each.note) for each in ledger.decisions()]
    rounds = [
        [(r["number"], r["key"], r["feedback"], r["taken_back"]) for r in ledger.rounds(run["id"])]
        for run in ledger.runs()
    ]
    settings = {name: value for name, value in ledger.settings().items() if name != "push"}
    versions = [(each["name"], each["key"]) for each in ledger.versions()]
    held = {"decisions": decisions, "rounds": rounds, "settings": settings, "versions": versions}
    return {name: json.dumps(_without_times(value)) for name, value in held.items()}
