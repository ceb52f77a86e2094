"""Keys of the environment, planted: they are in nothing that is said or written, whatever a server echoes."""

import json
import urllib.parse
from pathlib import Path

import pytest

from core.base.secrets import redacted
from core.export.delivery import export_selection
from core.export.report.writing import write_report
from core.models.endpoint import Endpoint
from core.quality.params import QualityParams
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from tests.judge_server import judge_server
from tests.pages import open_page, pipeline_of, words

KEY = "planted-Key/0123456789'of-a-test"


@pytest.fixture
def planted(monkeypatch):
    for name in ("OPENAI_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(name, KEY)
    return KEY


def holding(folder: Path) -> list[str]:
    """Return the files under a folder that hold the key, as it is or as an address has it."""
    forms = [KEY.encode(), urllib.parse.quote(KEY, safe="").encode(), repr(KEY)[1:-1].encode(), KEY[:16].encode()]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(form in path.read_bytes() for form in forms)]


def test_one_function_takes_keys_out(planted, monkeypatch):
    assert redacted(f"Incorrect key {KEY}, {KEY}") == "Incorrect key [key], [key]"
    assert redacted(f"/?key={urllib.parse.quote(KEY, safe='')}") == "/?key=[key]"
    monkeypatch.setenv("OPENAI_API_KEY", "x")  # of a local server, which takes any
    monkeypatch.delenv("HF_TOKEN")
    assert redacted("exact") == "exact"


def test_an_answer_that_echoes_the_key_is_taken_without_it(planted, monkeypatch):
    with judge_server(lambda question, before: f"{KEY} is your key") as (url, _):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        ask = [{"role": "user", "content": "hello"}]
        endpoint = Endpoint("tiny", "The judge")
        assert endpoint.ask(ask, lambda text: text) == ("[key] is your key", "")
        _, why = endpoint.ask(ask, lambda _: None, attempts=1)
        assert "[key]" in why and KEY[:10] not in why


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusal_that_echoes_the_key_leaves_none_anywhere(
    planted, make_pipeline, monkeypatch, tmp_path, status, jobs_in_process
):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    workspace = pipeline.workspace
    with judge_server(lambda *_: status, fault=f"{'no ' * 30}Incorrect API key provided: {KEY}") as (url, requests):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setattr("time.sleep", lambda _: None)
        params = QualityParams(scorer="judge", model="tiny").as_dict()
        jobs.start_job(workspace, "Grading", [Step("score", params)], "cpu")
    assert requests and requests[0]["key"] == f"Bearer {KEY}"
    job = jobs.last_job(workspace)
    assert job.status == "failed" and KEY not in json.dumps(job.error)
    (tmp_path / "out").mkdir()
    export_selection(Pipeline(workspace), tmp_path / "out" / "a.jsonl")
    write_report(Pipeline(workspace), tmp_path / "out" / "report.html")
    assert len(list((tmp_path / "out").iterdir())) >= 3
    assert not holding(workspace.folder) and not holding(tmp_path)


def test_a_job_that_breaks_leaves_no_key_in_its_log(planted, make_pipeline, monkeypatch, capfd, jobs_in_process):
    def broken(*_, **__):
        raise RuntimeError(f"401 for Bearer {KEY}")

    workspace = make_pipeline("embed").workspace
    monkeypatch.setattr(jobs, "run_steps", broken)
    with pytest.raises(SystemExit):
        jobs.start_job(workspace, "Breaking", [Step("cluster", {})], "cpu")
    log = "".join(capfd.readouterr())  # what the job's process has as its log
    assert "Traceback" in log and "[key]" in log and KEY[:16] not in log
    assert "[key]" in jobs.last_job(workspace).error and not holding(workspace.folder)


def test_no_page_shows_the_key_of_a_job_that_was_refused(planted, sample_home, monkeypatch, jobs_in_process):
    workspace = pipeline_of(sample_home).workspace
    with judge_server(lambda *_: 401, fault=f"Incorrect API key provided: {KEY}") as (url, _):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        params = QualityParams(scorer="judge", model="tiny").as_dict()
        jobs.start_job(workspace, "Grading", [Step("score", params)], "cpu")
    page = open_page(sample_home, error="Incorrect API key provided")
    assert not page.exception and KEY not in words(page)
    assert "key" in jobs.last_job(workspace).error
