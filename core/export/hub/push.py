"""Push: the current selection to a hub as one commit, after all that can be refused was; nothing is there by half."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ...base.files import write_json
from ...base.progress import Progress, no_progress, part_of
from ...base.temporaries import scratch_folder
from ...base.text import counted
from ...data.hub.client import asking, check_card, endpoint, open_api
from ...data.targets import manifest_path
from ...evidence.measuring import measure, params_in_use
from ...workspace.ledger import now
from ...workspace.results import Results
from ..delivery import begin, export_selection
from .as_parquet import write_parquet
from .card import card_of
from .params import PushParams
from .target import Target, find_target, make_target

_FILE = "train.jsonl"
_SHARES = (0.4, 0.6)  # of the work: measured until here, files made until there, sent in the rest


@dataclasses.dataclass(frozen=True)
class Pushed:
    """What was pushed. at: when, UTC. url: of the commit, or the pull request. files: {file, sha256, n_records} of the records."""

    at: str
    repo: str
    branch: str
    commit: str
    url: str
    is_pull_request: bool
    n_records: int
    files: list[dict[str, Any]]


def last_push(results: Results) -> Pushed | None:
    """Return what this workspace pushed last; None where it never did."""
    held = results.workspace.ledger.settings().get("push")
    return Pushed(**held) if held else None


def push(results: Results, params: PushParams, progress: Progress = no_progress, device: str = "auto") -> Pushed:
    """Write the current selection, its manifest, a card and its picture to a data set on a hub, as one commit.

    What was not measured beside random selections is so first, where the records are embedded. Raises CurationError: as
    `export_selection` does, where the hub refuses, or where something would be written over that nobody said may be.
    """
    found: list[Target | None] = []
    results, rows = begin(results, lambda: found.append(find_target(params)), params.unfinished)
    if results.current("embed"):
        measure(results, rows, params_in_use(results), part_of(progress, 0, _SHARES[0]), device)
    with _folder(results) as folder:
        files = _make_files(results, rows, params, folder, part_of(progress, *_SHARES))
        with asking(params.repo, params.branch, "write"):
            check_card((folder / "README.md").read_text(encoding="utf-8"))
        commit = _send(params, make_target(params, found[0]), folder, len(rows), part_of(progress, _SHARES[1], 1))
    url = commit.pr_url or commit.commit_url or f"{endpoint()}/datasets/{params.repo}"
    branch = "" if params.pull_request else params.branch or "main"
    made = Pushed(now(), params.repo, branch, commit.oid, url, bool(commit.pr_url), len(rows), files)
    results.workspace.ledger.set_settings("push", dataclasses.asdict(made))
    return made


@contextmanager
def _folder(results: Results) -> Iterator[Path]:
    """Yield a folder for the files, which is removed at the end, whatever that is."""
    exports = results.workspace.folder / "exports"
    exports.mkdir(exist_ok=True)
    with scratch_folder(exports, "push") as folder:
        yield folder


def _make_files(
    results: Results, rows: np.ndarray, params: PushParams, folder: Path, progress: Progress
) -> list[dict[str, Any]]:
    """Make all that is sent, as it is to lie in the data set; return the records' files."""
    data = folder / "data"
    data.mkdir()
    out = data / _FILE
    manifest = export_selection(results, out, params.unfinished)
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    progress(1, 3)
    files = [{"file": _FILE, "sha256": facts["output"]["sha256"], "n_records": len(rows)}]
    if params.format == "parquet":
        files = write_parquet(out, data, lambda n: progress(1 + n / max(len(rows), 1), 3))
        out.unlink()
        write_json(manifest, facts | {"as_parquet": files})
    card = card_of(results, rows, facts, params.license or _licences(results), files, f"data/{manifest_path(out).name}")
    (folder / "README.md").write_text(card.text, encoding="utf-8")
    if card.picture_path:
        (folder / card.picture_path).parent.mkdir()
        (folder / card.picture_path).write_bytes(card.picture)
    return files


def _licences(results: Results) -> str:
    hub = results.workspace.dataset().hub
    return ", ".join(dict.fromkeys(each.strip() for part in hub for each in part.licence.split(",") if each.strip()))


def _send(params: PushParams, target: Target, folder: Path, n: int, progress: Progress) -> Any:
    """Send a folder's files as one commit; return what `huggingface_hub` says of it."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    added = [CommitOperationAdd(path.relative_to(folder).as_posix(), path) for path in paths]
    gone = [CommitOperationDelete(path) for path in target.outdated({each.path_in_repo for each in added})]
    where = {"repo_type": "dataset", "revision": params.branch or None, "create_pr": params.pull_request}
    total, done = sum(path.stat().st_size for path in paths), 0
    api = open_api()
    stays = " Nothing was changed on the hub's branch."
    with asking(params.repo, params.branch, "write", stays), _without_bars():
        for each, path in zip(added, paths, strict=True):
            api.preupload_lfs_files(params.repo, [each], free_memory=False, **where)
            done += path.stat().st_size
            progress(done, total * 1.05)
        return api.create_commit(
            params.repo,
            [*added, *gone],
            commit_message=f"Add {counted(n, 'record')} chosen with Winnow",
            parent_commit=target.head,
            **where,
        )


@contextmanager
def _without_bars() -> Iterator[None]:
    """Let `huggingface_hub` draw no bars of its own beside ours."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
