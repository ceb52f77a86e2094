"""A step of `tests/kill.py`: work that a job's process does; it may be killed, and so may who started it."""

import contextlib
import os
import select
import time

from core.data.records import RecordParams
from core.quality.params import QualityParams
from core.run.jobs import Job, last_job, start_job
from core.run.tasks import Step, import_steps
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.workspace.workspace import Workspace
from tests.browser import ROOT
from tests.kill_case import Case

WORKER = ROOT / "tests.kill_worker"  # as `python -m` names it from ROOT
_MOST_STARTS = 3
_WAIT = 120  # seconds


def job(case: Case) -> None:
    """Read the data, embed, cluster, score and select in a workspace of its own, by a job; one that stopped is started again."""
    workspace = Workspace(case.folder / "job", create=True)
    steps = [
        *import_steps(str(case.folder / "data.jsonl"), RecordParams()),
        Step("embed", EmbedParams().as_dict()),
        Step("cluster", ClusterParams(4).as_dict()),
        Step("score", QualityParams().as_dict()),
        Step("select", SelectionParams("20").as_dict()),
    ]
    for _ in range(_MOST_STARTS):
        last = _ended(workspace)
        if last is not None and last.status == "done":
            return
        if last is not None and last.status != "stopped":
            raise SystemExit(f"the job is {last.status}: {last.error}")
        start_job(workspace, "all", steps, device="cpu")
    if _ended(workspace).status != "done":
        raise SystemExit("the job stopped again and again")


def _ended(workspace: Workspace) -> Job | None:
    """Return the last job once it has ended, waiting without a look at a file: what a step opens is counted."""
    end = time.monotonic() + _WAIT
    while (last := last_job(workspace)) is not None and last.is_active:
        if time.monotonic() > end:
            raise SystemExit(f"the job does not end: {last}")
        if last.pid is None or not _waited(last.pid, end):
            time.sleep(0.1)
    return last


def _waited(pid: int, end: float) -> bool:
    """Wait for a process to end, not longer than until `end`; whether it was there."""
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            return bool(select.select([process], [], [], max(0.0, end - time.monotonic()))[0])
        finally:
            os.close(process)
    return False
