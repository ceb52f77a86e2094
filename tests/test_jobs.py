"""Jobs in real processes: done, failed, cancelled, killed and taken up again."""

import errno
import os
import signal
import time

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.files import file_sha256
from core.data.records import RecordParams
from core.quality.params import QualityParams
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.params import SelectionParams
from core.vectors.embedding import EmbedParams
from core.workspace.workspace import Workspace
from tests.conftest import write_jsonl

WAIT = 120


def wait_for(workspace, condition, seconds=WAIT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = jobs.last_job(workspace)
        if condition(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"not in time: {jobs.last_job(workspace)}")


def ended(job):
    return not job.is_active


@pytest.fixture
def many_records(tmp_path):
    """Three shards of short records: seconds of embedding with the bundled model, time enough to interfere."""
    return write_jsonl(tmp_path / "many.jsonl", [{"prompt": f"number {i}", "completion": f"{i}"} for i in range(4200)])


def embed_steps(data):
    return [Step("import", RecordParams().as_dict(), data=str(data)), Step("embed", EmbedParams().as_dict())]


def test_a_job_does_its_steps_and_says_so(data_file, tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32))
    embed = EmbedParams(model="", vectors=file_sha256(tmp_path / "v.npy"))
    steps = [
        Step("import", RecordParams().as_dict(), data=str(data_file)),
        Step("embed", embed.as_dict()),
        Step("cluster", {"n_clusters": 3}),
        Step("score", QualityParams().as_dict()),
        Step("select", SelectionParams("7").as_dict()),
    ]
    jobs.start_job(workspace, "All of it", steps, "cpu", tmp_path / "v.npy")
    with pytest.raises(CurationError, match="Another job is running"):
        jobs.start_job(workspace, "One more", steps)
    job = wait_for(workspace, ended)
    assert (job.status, job.error, job.step) == ("done", "", "select")
    assert len(Pipeline(workspace).table("select")) == 7


def test_a_job_that_ends_while_it_is_looked_at_is_not_called_stopped(
    data_file, tmp_path, monkeypatch, jobs_never_begin
):
    workspace = Workspace(tmp_path / "w", create=True)
    job_id = jobs.start_job(workspace, "Reading", [Step("import", RecordParams().as_dict(), data=str(data_file))])

    def ended_by_then(workspace, job):
        with workspace.ledger.connect() as db:
            db.execute("UPDATE jobs SET status = 'done' WHERE id = ?", (job_id,))
        return False

    monkeypatch.setattr(jobs, "_is_alive", ended_by_then)
    assert (jobs.last_job(workspace).status, jobs.last_job(workspace).error) == ("done", "")


def test_a_job_that_fails_says_why(data_file, tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    data_file.write_text("{broken")
    jobs.start_job(workspace, "Reading", [Step("import", RecordParams().as_dict(), data=str(data_file))])
    job = wait_for(workspace, ended)
    assert job.status == "failed" and "line 1: not JSON" in job.error


def test_killed_in_the_middle_it_goes_on_and_recomputes_one_shard_at_most(many_records, tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    jobs.start_job(workspace, "Embedding", embed_steps(many_records), "cpu")
    shards = lambda: sorted(workspace.artifacts.glob("*.shards/shard-*.npy"))  # noqa: E731
    running = wait_for(workspace, lambda job: len(shards()) >= 1 or not job.is_active)
    assert running.status == "running"
    os.kill(running.pid, signal.SIGKILL)
    stopped = wait_for(workspace, ended)
    assert stopped.status == "stopped" and "goes on where it was" in stopped.error
    finished = shards()
    assert 1 <= len(finished) < 3
    marked = [-np.load(path) for path in finished]  # so that one made again can be told from one that was kept
    for path, rows in zip(finished, marked, strict=True):
        np.save(path, rows)

    jobs.start_job(workspace, "Embedding", embed_steps(many_records), "cpu")
    assert wait_for(workspace, ended).status == "done"
    found, kept = Pipeline(workspace).array("embed"), np.concatenate(marked)
    assert found.shape == (4200, 384)
    np.testing.assert_array_equal(found[: len(kept)], kept)


def test_a_job_that_can_not_be_started_on_a_full_disk_says_so_and_blocks_no_other(data_file, tmp_path, monkeypatch):
    workspace = Workspace(tmp_path / "w", create=True)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(jobs.subprocess, "Popen", full)
        with pytest.raises(CurationError, match=r"job-1\.log can't be written .*make room"):
            jobs.start_job(workspace, "Reading", [])
    assert jobs.last_job(workspace).status == "failed"


def test_a_cancelled_job_stops_at_once_and_keeps_what_is_finished(many_records, tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    jobs.start_job(workspace, "Embedding", embed_steps(many_records), "cpu")
    running = wait_for(workspace, lambda job: job.step == "embed" and job.rate)
    assert 0 < running.fraction < 1 and running.rate > 0 and running.seconds_left > 0
    jobs.cancel_job(workspace)
    assert jobs.last_job(workspace).status == "cancelled"
    cancelled = time.monotonic()
    _, status = os.waitpid(running.pid, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM and time.monotonic() - cancelled < 10
    assert Pipeline(workspace).state("records") == "done" and Pipeline(workspace).state("embed") == "missing"


@pytest.mark.parametrize("year", [2020, 2120], ids=["long ago", "before the clock was set back"])
def test_a_job_that_never_began_does_not_block_the_next(data_file, tmp_path, year):
    workspace = Workspace(tmp_path / "w", create=True)
    with workspace.ledger.connect() as db:
        values = (f"{year}-01-01T00:00:00+00:00", "old", '{"steps": []}', "queued")
        db.execute("INSERT INTO jobs (at, kind, arguments, status) VALUES (?, ?, ?, ?)", values)
    assert jobs.last_job(workspace).status == "stopped"
    jobs.start_job(workspace, "Reading", [Step("import", RecordParams().as_dict(), data=str(data_file))])
    assert wait_for(workspace, ended).status == "done"
