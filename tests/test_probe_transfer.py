"""Probes trained on one pool, applied to another."""

import dataclasses
import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.daar.probe_transfer import carry_probes
from core.daar.probes import Probe
from core.export.delivery import manifest_facts
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.embedding import EmbedParams
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.test_reward_stage import params


@pytest.fixture
def trained(make_pipeline):
    pipeline = make_pipeline("embed")
    pipeline.run("reward", params(steps=300, learning_rate=3e-4), device="cpu", encoder=TinyEncoder())
    return pipeline


@pytest.fixture
def other(make_pipeline, tmp_path):
    data = write_jsonl(tmp_path / "other.jsonl", small_records(90)[60:])
    return make_pipeline("embed", folder="other", data=data)


def test_probes_of_one_pool_reward_another(trained, other):
    other.run("reward", carry_probes(trained, other.workspace), device="cpu")
    table, info = (get("reward", other.current("reward")) for get in (other.workspace.table, other.workspace.info))
    probe = Probe.load(trained.workspace.path("reward", trained.current("reward"), ".reward.safetensors"))
    np.testing.assert_allclose(table["reward"].to_numpy(), probe(np.array(other.array("embed")))[:, 0], atol=1e-6)
    assert (table["domain"].to_numpy() == np.arange(30) % 4).mean() > 0.8
    assert info["names"] == ["baking", "coding", "garden", "travel"] and info["accuracy"] is None
    other.run("select", SelectionParams("6", "daar"))
    assert (
        other.table("select")["row_id"].to_pylist()
        == np.argsort(-table["reward"].to_numpy(), kind="stable")[:6].tolist()
    )
    assert info["from"] == "workspace" and str(trained.workspace.folder) not in json.dumps(manifest_facts(other))
    third = Workspace(other.workspace.folder.parent / "third", create=True)
    again = carry_probes(Pipeline(other.workspace), third)  # from a pool that got them itself
    assert again == carry_probes(trained, third) and third.info("probes", again.probes)["from"] == "workspace"


def test_probes_that_do_not_fit_are_refused(quick_probes, trained, other):
    with pytest.raises(CurationError, match="has no probes, or they are out of date"):
        carry_probes(other, trained.workspace)
    carried = carry_probes(trained, other.workspace)
    with pytest.raises(CurationError, match="are not in this workspace; carry them over"):
        other.run("reward", dataclasses.replace(carried, probes="0"), device="cpu")
    other.run("embed", EmbedParams("another-model"), encoder=TinyEncoder())
    with pytest.raises(CurationError, match="the records' are by another-model"):
        other.run("reward", carried, device="cpu")


def test_a_causal_models_probes_go_along_with_the_model(quick_probes, make_pipeline, other, tiny_lm):
    pipeline = make_pipeline()
    pipeline.run("reward", params(model=tiny_lm, layer=1, max_tokens=64, steps=20), device="cpu")
    other.run("reward", carry_probes(pipeline, other.workspace), device="cpu")
    assert list(other.workspace.artifacts.glob("states-*.npy"))


def test_probes_are_applied_from_the_command_line(quick_probes, trained, other):
    here, there = other.workspace.folder, trained.workspace.folder
    done = run("reward", here, "--probes", there, "--budget", 6, check=0)
    assert "baking" in done.stdout and "6 of 30 records selected" in done.stdout and "accuracy" not in done.stdout
    done = run("reward", here, "--probes", there, "--model", "x", check=1)
    assert "leave --model out" in done.stderr
