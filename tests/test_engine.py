"""What is asked of an engine, and of a node that takes part, with no Ray installed."""

import dataclasses
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import CurationError
from core.vectors.embed_work import EmbedWork
from core.workspace.engine import Engine, engine_of_environment
from core.workspace.exchange import ByPath
from core.workspace.on_ray import make_on_ray
from core.workspace.ray_node import Node, machine, software
from core.workspace.work import Shard
from tests.command import run
from tests.conftest import TinyEncoder


@pytest.fixture
def no_ray(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else found(name, *rest))


def test_without_ray_the_engine_says_how_to_install_it_and_leaves_no_workspace(no_ray, data_file, tmp_path):
    done = run(
        "curate", data_file, "--workspace", tmp_path / "w", "--out", tmp_path / "o.jsonl", "--engine", "ray", check=1
    )
    assert "pip install -r requirements-ray.txt" in done.stderr
    assert not (tmp_path / "w").exists()


def test_an_address_is_for_ray_alone(workspace):
    done = run("embed", workspace, "--address", "127.0.0.1:6379", check=1)
    assert "127.0.0.1:6379" in done.stderr and "--engine ray" in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"name": "spark"},
        {"name": "ray", "address": "ray://host:10001"},
        {"name": "local", "address": "host:1"},
        {"name": "local", "store": "s3://name/folder"},
        {"name": "ray", "store": "folder"},
    ],
)
def test_what_is_no_engine_is_refused_by_its_name(values):
    with pytest.raises(CurationError, match=values.get("address") or values.get("store") or values["name"]):
        Engine(**values)


def test_jobs_take_the_engine_of_the_environment(no_ray, monkeypatch):
    assert engine_of_environment() == Engine()
    monkeypatch.setenv("WINNOW_ENGINE", "ray")
    with pytest.raises(CurationError, match="pip install -r requirements-ray"):
        engine_of_environment()


@pytest.mark.parametrize("address", ["127.0.0.1:9", "127.0.0.1:port", "no.such.host.invalid:6379"])
def test_an_address_that_does_not_answer_is_an_error_that_names_it(tmp_path, address):
    with pytest.raises(CurationError, match=f"No Ray cluster can be used at {re.escape(address)} "):
        make_on_ray([shard := Shard(0, 1, tmp_path / "shard.npy")], {shard}, None, lambda *_: None, address)


@pytest.fixture
def work(make_pipeline) -> EmbedWork:
    return EmbedWork(make_pipeline().workspace.records().path, "", 0, "cpu", TinyEncoder())


def test_work_is_sent_with_whole_paths_and_names_of_models_as_they_are(work, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    sent = dataclasses.replace(work, records=Path("w/records.arrow"), model="model").sent()
    assert (sent.records, sent.model) == (tmp_path / "w" / "records.arrow", str(tmp_path / "model"))
    assert dataclasses.replace(work, model="owner/name").sent().model == "owner/name"


def begun(work: EmbedWork, token: Path, settled: dict | None = None, wanted: dict | None = None):
    token.touch()
    node = Node(work, ByPath(token), 1)
    return node, node.begin(settled or {}, wanted or software())


def test_a_node_makes_the_shard_that_is_made_here(work, tmp_path):
    node, settled = begun(work, tmp_path / "token")
    assert settled == {"machine": machine("cpu"), "at once": 1}
    assert node.make((Shard(10, 30, tmp_path / "shard.npy"),)) is None
    wanted = work.open({}).make(10, 30, lambda *_: None)
    np.testing.assert_array_equal(np.load(tmp_path / "shard.npy"), wanted)


def test_a_node_that_does_not_see_the_workspace_says_so(work, tmp_path):
    error = Node(work, ByPath(tmp_path / "elsewhere" / "token"), 1).begin({}, software())
    assert isinstance(error, CurationError) and "a path that all nodes share" in str(error)


@pytest.mark.parametrize("name", list(software()))
def test_a_node_with_another_version_says_which(work, tmp_path, name):
    _, error = begun(work, tmp_path / "token", wanted=software() | {name: "0.0.0"})
    assert isinstance(error, CurationError) and f"another {name} " in str(error)


def test_a_node_of_another_kind_says_so(work, tmp_path):
    _, error = begun(work, tmp_path / "token", settled={"machine": "another"})
    assert isinstance(error, CurationError) and "nodes of one kind" in str(error)


def test_an_error_of_the_work_comes_back_as_it_would_be_said_here(make_pipeline, tmp_path):
    class Wrong(TinyEncoder):
        def encode(self, texts):
            return np.ones((1, 1, 1))

    node, _ = begun(EmbedWork(make_pipeline().workspace.records().path, "", 0, "cpu", Wrong()), tmp_path / "token")
    error = node.make((Shard(0, 10, tmp_path / "shard.npy"),))
    assert isinstance(error, CurationError) and "The encoder returned" in str(error)
