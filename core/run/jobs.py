"""Jobs: long work in a process of its own. It reports to the ledger, can be cancelled, and goes on where it was killed.

A job is a list of pipeline steps. Its process holds a lock file, so whether it lives can be told from anywhere and after
any crash; results are written whole or not at all, so killing it at any moment is safe. One job runs in a workspace at a
time.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import filelock

from ..base import access
from ..base.confinement import check_reading
from ..base.errors import CurationError
from ..base.refusals import refusal, unwritable
from ..base.secrets import redacted
from ..base.temporaries import is_running
from ..data.pool import as_text, full_paths
from ..workspace.engine import engine_of_environment
from ..workspace.ledger import now
from ..workspace.workspace import Workspace
from .tasks import Step, run_steps

_START_SECONDS = 30
_SLOW_START_SECONDS = 600
_REPORT_EVERY = 0.25
_TELLING = 0.01  # of the work: before so much is done, nothing tells how long the rest takes
_TAKES = {"import": access.IMPORT, "fetch": access.IMPORT, "push": access.EXPORT}  # of a step; else it is to run
_PACKAGE = Path(__file__).resolve().parents[1]  # "core" in a checkout, "winnow" where it is installed


@dataclasses.dataclass(frozen=True)
class Job:
    """One job as the ledger has it.

    status: "queued", "running", "done", "failed" (see error), "cancelled", or "stopped" (its process died).
    step: what it is doing. fraction: of that step, 0..1, negative while unknown. rate: records a second, or None.
    seconds_left: of that step, or None.
    """

    id: int
    at: str
    kind: str
    arguments: dict[str, Any]
    status: str
    step: str
    fraction: float
    rate: float | None
    seconds_left: float | None
    error: str
    pid: int | None
    ended: str | None

    @property
    def is_active(self) -> bool:
        """Whether it is waiting or at work."""
        return self.status in ("queued", "running")


def start_job(
    workspace: Workspace, kind: str, steps: list[Step], device: str = "auto", vectors: Path | str = ""
) -> int:
    """Start a job process and return its id. Raises CurationError while another job runs in this workspace.

    To resume a job, start one with the same steps: what is done is not done again.
    """
    for action in dict.fromkeys(_TAKES.get(step.do, access.RUN) for step in steps):
        access.require(action)
    if vectors:
        vectors = check_reading(vectors)
    last_job(workspace)  # a dead job must not block a new one
    steps = [dataclasses.replace(step, data=step.data and as_text(full_paths(step.data))) for step in steps]
    arguments = {
        "steps": [dataclasses.asdict(step) for step in steps],
        "device": device,
        "vectors": str(Path(vectors).resolve()) if vectors else "",
    } | ({"by": access.signed("")} if access.is_on() else {})
    try:
        with workspace.ledger.connect() as db:
            job_id = db.execute(
                "INSERT INTO jobs (at, kind, arguments, status) VALUES (?, ?, ?, 'queued')",
                (now(), kind, json.dumps(arguments)),
            ).lastrowid
    except sqlite3.IntegrityError as error:
        raise CurationError("Another job is running in this workspace; wait for it, or cancel it first.") from error
    try:
        process = _start_process(workspace, job_id)
    except OSError as error:
        _finish(workspace, job_id, "failed", "It could not be started.")
        if not (number := refusal(error)):
            raise
        raise unwritable(_log_path(workspace, job_id), number) from error
    _update(workspace, job_id, pid=process.pid)
    return job_id


def _start_process(workspace: Workspace, job_id: int) -> subprocess.Popen:
    """Start a job's process in a session of its own: the server may end, and the job goes on."""
    log = _log_path(workspace, job_id)
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", _PACKAGE.name, "job", str(workspace.folder.resolve()), str(job_id)],
            cwd=_PACKAGE.parent,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def last_job(workspace: Workspace) -> Job | None:
    """Return the newest job as it stands; one whose process died is marked "stopped"."""
    job = _newest(workspace)
    if job is not None and job.is_active and workspace.is_read_only:
        why = "Whether it goes on can't be told here: the workspace may only be read."
        return dataclasses.replace(job, status="stopped", error=why)
    if job is None or not job.is_active or _is_alive(workspace, job):
        return job
    _finish(
        workspace,
        job.id,
        "stopped",
        "Its process ended before the work was done. Start it again: it goes on where it was.",
    )
    return _newest(workspace)  # it may have ended well since it was looked at


def _newest(workspace: Workspace) -> Job | None:
    with workspace.ledger.connect() as db:
        row = db.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else Job(**dict(row) | {"arguments": json.loads(row["arguments"])})


def cancel_job(workspace: Workspace) -> None:
    """Stop the running job, if there is one. What it has finished stays."""
    access.require(access.RUN)
    job = last_job(workspace)
    if job is None or not job.is_active:
        return
    _finish(workspace, job.id, "cancelled", "")
    if job.pid:
        try:
            os.kill(job.pid, signal.SIGTERM)
        except ProcessLookupError:
            return  # it ended by itself in the meantime


def _is_alive(workspace: Workspace, job: Job) -> bool:
    if job.status == "queued":  # its lock is left alone: who looks often must not keep it from being taken
        # A clock that was set back must not keep it waiting.
        age = abs((datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(job.at)).total_seconds())
        return age < _START_SECONDS or (age < _SLOW_START_SECONDS and _is_there(job.pid))
    lock = _lock(workspace, job.id)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    lock.release()
    return False


def _is_there(pid: int | None) -> bool:
    """Whether a process is there, on a computer so busy that it has not begun yet."""
    if pid is None:
        return False
    with contextlib.suppress(ChildProcessError):  # another process started it
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
    return is_running(pid)


def run_job(workspace: Workspace, job_id: int) -> None:
    """Do a job's work: what the job process calls. Every end is written to the ledger."""
    with _lock(workspace, job_id).acquire(timeout=5):
        with workspace.ledger.connect() as db:
            claimed = db.execute(
                "UPDATE jobs SET status = 'running', pid = ? WHERE id = ? AND status = 'queued'", (os.getpid(), job_id)
            ).rowcount
            row = db.execute("SELECT arguments FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if not claimed:
            return  # cancelled before it began
        arguments = json.loads(row["arguments"])
        steps = [Step(**step) for step in arguments["steps"]]
        vectors = Path(arguments["vectors"]) if arguments["vectors"] else None
        try:
            engine = engine_of_environment()

            def report(step: str) -> _Reporter:
                return _Reporter(workspace, job_id, step)

            run_steps(workspace, steps, report, arguments["device"], vectors, engine=engine)
        except CurationError as error:
            _finish(workspace, job_id, "failed", error.on_page)  # jobs are started and read on pages
        except Exception as error:  # noqa: BLE001 (whatever it was: the ledger says so, and the process ends by it)
            print(redacted(traceback.format_exc()), file=sys.stderr)
            log = _log_path(workspace, job_id)
            _finish(
                workspace, job_id, "failed", f"Unexpected {type(error).__name__}: {error}. The details are in {log}."
            )
            raise SystemExit(1) from None  # the log has the details; a second trace would have the keys
        else:
            _finish(workspace, job_id, "done", "")


class _Reporter:
    """A Progress that writes to the ledger, a few times a second."""

    def __init__(self, workspace: Workspace, job_id: int, step: str) -> None:
        self._workspace, self._job_id = workspace, job_id
        self._started = self._reported = time.monotonic()
        self._first: float | None = None
        _update(workspace, job_id, step=step, fraction=-1.0, rate=None, seconds_left=None)

    def __call__(self, done: float, total: float) -> None:
        moment = time.monotonic()
        if self._first is None:
            self._first, self._started = done, moment
        if moment - self._reported < _REPORT_EVERY:
            return
        self._reported = moment
        speed = (done - self._first) / max(moment - self._started, 1e-9)
        _update(
            self._workspace,
            self._job_id,
            fraction=done / total if total else -1.0,
            rate=speed if speed > 0 and (total > 1 or not total) else None,
            seconds_left=(total - done) / speed if speed > 0 and done - self._first >= _TELLING * total > 0 else None,
        )


def _update(workspace: Workspace, job_id: int, **values: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    with workspace.ledger.connect() as db:
        db.execute(f"UPDATE jobs SET {assignments} WHERE id = :id", values | {"id": job_id})


def _finish(workspace: Workspace, job_id: int, status: str, error: str) -> None:
    with workspace.ledger.connect() as db:
        db.execute(
            "UPDATE jobs SET status = ?, error = ?, ended = ? WHERE id = ? AND status IN ('queued', 'running')",
            (status, redacted(error), now(), job_id),
        )


def _lock(workspace: Workspace, job_id: int) -> filelock.FileLock:
    folder = workspace.folder / "jobs"
    folder.mkdir(exist_ok=True)
    return filelock.FileLock(folder / f"job-{job_id}.lock")


def _log_path(workspace: Workspace, job_id: int) -> Path:
    return workspace.folder / "jobs" / f"job-{job_id}.log"
