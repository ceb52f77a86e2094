"""The engine on Ray: three nodes of this machine, one killed in the middle, and the same bytes as without them."""

import dataclasses
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import core.quality.by_records
import core.vectors.duplicates.stage
import core.vectors.stage
from core.base.errors import CurationError
from core.daar import probe_transfer, state_cache
from core.daar.domains import DEFAULT_DOMAINS, domain_as_dict
from core.daar.params import DaarParams
from core.data import importing
from core.data.records import RecordParams
from core.data.targets import source_of
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.selection.methods import _wide
from core.selection.params import SelectionParams
from core.vectors import cells_work, clustering
from core.vectors.clustering import ClusterParams
from core.vectors.duplicates import by_meaning
from core.vectors.duplicates.params import DuplicateParams
from core.vectors.embedding import EmbedParams
from core.workspace import on_ray, rows_work
from core.workspace.engine import LOCAL, Engine
from core.workspace.exchange import NODE_CACHE
from core.workspace.workspace import Workspace
from tests import object_storage, ray_cluster
from tests.command import run, run_process
from tests.conftest import SAMPLE, TinyEncoder
from tests.ray_cluster import EndingEncoder, MeetingEncoder, SideBySideEncoder

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install -r requirements-ray.txt"
    ),
]
RECORDS, SHARD = 120, 30


@pytest.fixture(scope="module")
def node_cache(tmp_path_factory):
    """Where nodes keep what a store gave them."""
    folder = tmp_path_factory.mktemp("nodes")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(NODE_CACHE, str(folder))
        yield folder


@pytest.fixture(scope="module")
def cluster(storage, node_cache):
    with ray_cluster.open_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def storage():
    """An S3 server, in the environment of which the cluster's nodes begin."""
    with object_storage.serve() as storage:
        yield storage


@pytest.fixture
def bucket(storage):
    return storage.make_bucket()


@pytest.fixture
def engine(cluster) -> Engine:
    return Engine("ray", cluster.address)


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return a function that imports some of the sample's records, embedded in shards of 30, scored in shards of 60."""
    monkeypatch.setattr(core.vectors.stage, "SHARD_ROWS", SHARD)
    monkeypatch.setattr(core.quality.by_records, "SHARD_RECORDS", 2 * SHARD)
    data = tmp_path / "some.jsonl"
    data.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:RECORDS]), "utf-8")

    def imported(name: str) -> Pipeline:
        workspace = Workspace(tmp_path / name, create=True)
        workspace.import_data(data, RecordParams())
        return Pipeline(workspace)

    return imported


class StoppedAt:
    """A Progress that stops the work once so many records are done."""

    def __init__(self, records: int) -> None:
        self._records = records

    def __call__(self, done: float, total: float) -> None:
        if done >= self._records:
            raise KeyboardInterrupt


def curated(pipeline: Pipeline) -> dict[str, bytes]:
    """Return the bytes of the embeddings, and of the clusters and the selection that are made of them here."""
    for stage, params in {
        "cluster": ClusterParams(6),
        "score": QualityParams(),
        "select": SelectionParams("20"),
    }.items():
        pipeline.run(stage, params, device="cpu")
    assert not list(pipeline.workspace.artifacts.glob("*.shards"))
    parts = {"embed": [".npy"], "cluster": [".npy", ".centroids.npy", ".distances.npy"], "select": [".arrow"]}
    paths = [pipeline.workspace.path(stage, pipeline.current(stage), end) for stage in parts for end in parts[stage]]
    return {path.name: path.read_bytes() for path in paths}


def shards_there(pipeline: Pipeline) -> int:
    return len(list(pipeline.workspace.artifacts.glob("embed-*.shards/shard-*.npy")))


@pytest.mark.parametrize("begins", ["ray", "local"])
def test_begun_on_one_engine_and_ended_on_the_other_the_bytes_are_the_same(make, engine, begins):
    """Begun on Ray by the real encoder, which the first node calibrates; the other way round by a tiny one, to be quick."""
    encoder = TinyEncoder() if begins == "local" else None
    first, second = (engine, LOCAL) if begins == "ray" else (LOCAL, engine)
    whole, broken = make("whole"), make("broken")
    whole.run("embed", EmbedParams(), device="cpu", encoder=encoder)
    with pytest.raises(KeyboardInterrupt):
        broken.run("embed", EmbedParams(), StoppedAt(SHARD + 1), device="cpu", encoder=encoder, engine=first)
    assert 1 <= shards_there(broken) < RECORDS // SHARD
    broken.run("embed", EmbedParams(), device="cpu", encoder=encoder, engine=second)
    assert broken.info("embed")["format"] == whole.info("embed")["format"]
    assert curated(broken) == curated(whole)


def test_shards_that_are_made_together_go_to_one_node(make, engine):
    params, encoder = EmbedParams(), SideBySideEncoder()
    whole, broken = make("whole"), make("broken")
    whole.run("embed", params, encoder=encoder)
    with pytest.raises(KeyboardInterrupt):
        broken.run("embed", params, StoppedAt(2 * SHARD + 1), encoder=encoder)
    assert shards_there(broken) == 2
    next(broken.workspace.artifacts.glob("embed-*.shards/shard-000001.npy")).unlink()
    broken.run("embed", params, encoder=encoder, engine=engine)
    np.testing.assert_array_equal(broken.array("embed"), whole.array("embed"))


@pytest.mark.slow
def test_a_model_scores_on_ray_by_the_command_line_as_it_does_here(make, engine, tiny_lm):
    tables = []
    for name, options in (("here", ()), ("there", ("--engine", "ray", "--address", engine.address))):
        folder = make(name).workspace.folder
        run("score", folder, "--scorer", "ifd", "--quality-model", tiny_lm, "--device", "cpu", *options, check=0)
        tables.append(Pipeline(Workspace(folder)).table("score"))
    assert tables[0].equals(tables[1]) and len(tables[0]) == RECORDS


@pytest.mark.slow
def test_without_an_address_a_cluster_is_started_for_the_command_and_ends_with_it(make):
    here, there = make("here"), make("there")
    run("tokens", here.workspace.folder, check=0)
    run_process("tokens", there.workspace.folder, "--engine", "ray", check=0, RAY_worker_niceness="0", RAY_ADDRESS="")
    counts = [Pipeline(each.workspace).array("tokens") for each in (here, there)]
    assert (counts[0] == counts[1]).all() and len(counts[0]) == RECORDS


@pytest.mark.slow
def test_hidden_states_and_the_rewards_by_them_are_the_same_on_ray(make, engine, tiny_lm, monkeypatch, quick_probes):
    monkeypatch.setattr(state_cache, "_SHARD_RECORDS", 2 * SHARD)
    domains = tuple(domain_as_dict(domain) for domain in DEFAULT_DOMAINS)
    asked, found = DaarParams(domains, model=tiny_lm, layer=1, max_tokens=64, sample=60, draws=2), []
    monkeypatch.setattr(on_ray, "make_on_ray", counted := Counted(on_ray.make_on_ray))
    for name, where in (("here", LOCAL), ("there", engine)):
        pipeline = make(name)
        pipeline.run("reward", asked, device="cpu", engine=where)
        states = next(pipeline.workspace.artifacts.glob("states-*.npy"))
        found.append((states.read_bytes(), pipeline.table("reward")))
    assert counted.times == 3  # the states once, and the probes of each draw
    assert found[0][0] == found[1][0] and found[0][1].equals(found[1][1])


def test_what_is_made_of_embeddings_is_the_same_on_ray(make, engine, monkeypatch, quick_probes):
    """The last pass of k-means, what probes say, signatures, and neighbours: of near-duplicates, and that methods go by."""
    for module, name in (
        (rows_work, "ROWS"), (cells_work, "ROWS"), (core.vectors.duplicates.stage, "ROWS"), (clustering, "_BLOCK_ROWS"),
        (probe_transfer, "_BLOCK"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, SHARD)
    monkeypatch.setattr(by_meaning, "CELLS_ABOVE", 0)
    monkeypatch.setattr(_wide, "DENSE_UP_TO", 0)
    monkeypatch.setattr(on_ray, "make_on_ray", counted := Counted(on_ray.make_on_ray))
    domains = tuple(domain_as_dict(domain) for domain in DEFAULT_DOMAINS)
    stages = {
        "cluster": ClusterParams(6),
        "reward": DaarParams(domains, sample=60),
        "duplicates": DuplicateParams(least_cosine=0.5, least_jaccard=0.3),
        "select": SelectionParams("20", "facility-location"),
    }
    found = []
    for name, where in (("here", LOCAL), ("there", engine)):
        pipeline = make(name)
        pipeline.run("embed", EmbedParams(), encoder=TinyEncoder())
        for stage, params in stages.items():
            pipeline.run(stage, params, device="cpu", encoder=TinyEncoder(), engine=where)
        assert not list(pipeline.workspace.artifacts.glob("*.shards"))
        made = [path for stage in stages for path in pipeline.workspace.artifacts.glob(f"{stage}-*")]
        found.append({path.name: path.read_bytes() for path in made if path.suffix not in (".json", ".lock")})
    assert counted.times == 5 and len(found[0]) >= 11
    assert found[0] == found[1]


def test_files_are_read_on_ray_to_the_same_records_and_rejects(tmp_path, engine, monkeypatch):
    lines = SAMPLE.read_text("utf-8").splitlines(keepends=True)[:RECORDS]
    folder = tmp_path / "data"
    folder.mkdir()
    for i in range(3):
        (folder / f"part-{i}-of-3.jsonl").write_text("".join(lines[i * 40 : i * 40 + 40]) + "no record\n", "utf-8")
    (folder / "part-3-of-3.jsonl").write_text("", "utf-8")
    (tmp_path / "linked").write_text("".join(lines[:50] * 200), "utf-8")  # of several batches, and a name of no format
    (folder / "other.jsonl").symlink_to(tmp_path / "linked")
    monkeypatch.setattr(on_ray, "make_on_ray", counted := Counted(on_ray.make_on_ray))
    params, found = RecordParams(on_error="skip", leave_out_duplicates=True), []
    for name, where in (("here", LOCAL), ("there", engine), ("other files there", engine)):
        if name == "other files there":
            monkeypatch.setattr(
                importing, "source_of", lambda path: dataclasses.replace(source_of(path), sha256="another")
            )
        workspace = Workspace(tmp_path / name, create=True)
        held = workspace.import_data(folder, params, engine=where)
        assert held.n_records == RECORDS + 10_000 - 50 and held.n_rejects == 3
        assert not list(workspace.artifacts.glob("*.shards"))
        found.append([(workspace.folder / each).read_bytes() for each in ("records.arrow", "rejects.jsonl")])
    assert counted.times == 2
    assert found[0] == found[1] and found[0][1] == found[2][1]  # the third's fingerprint is another


def test_nodes_that_share_no_path_hand_files_over_by_object_storage(make, engine, bucket, node_cache, monkeypatch):
    monkeypatch.setattr(rows_work, "ROWS", SHARD)
    found = []
    for name, where in (("here", LOCAL), ("there", dataclasses.replace(engine, store=bucket.uri))):
        pipeline = make(name)
        pipeline.run("embed", EmbedParams(), encoder=TinyEncoder(), device="cpu", engine=where)
        pipeline.run("cluster", ClusterParams(6), encoder=TinyEncoder(), device="cpu", engine=where)
        found.append(curated(pipeline))
    assert found[0] == found[1]
    left = bucket.names()
    assert len(left) == 2 and all(name.startswith("winnow/inputs/") for name in left)  # the records and the embeddings
    assert {path.name for path in node_cache.iterdir() if path.suffix != ".lock"} == {
        name.rpartition("/")[2] for name in left
    }


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, does: Callable) -> None:
        self._does, self.times = does, 0

    def __call__(self, *given: Any) -> Any:
        self.times += 1
        return self._does(*given)


@pytest.mark.slow
def test_a_process_that_ends_again_and_again_is_an_error_that_names_the_records(make, engine, monkeypatch):
    monkeypatch.setattr(on_ray, "_TRIES", 2)
    with pytest.raises(CurationError, match="records 0 to 29 ended 2 times"):
        make("ends").run("embed", EmbedParams(), encoder=EndingEncoder(), engine=engine)


def test_a_node_that_is_killed_in_the_middle_costs_no_record(make, cluster, engine, tmp_path, monkeypatch):
    """The last test: afterwards the cluster has two nodes."""
    monkeypatch.setattr(core.vectors.stage, "SHARD_ROWS", 5)
    here, there = make("here"), make("there")
    here.run("embed", EmbedParams(), encoder=TinyEncoder())
    met = tmp_path / "met"
    met.mkdir()
    encoder, seen, killed_at = MeetingEncoder(met, others=3, seconds=0.3), [], []

    def watched(done: float, total: float) -> None:
        seen.append(done)
        if not killed_at and len(encoder.who()) == 3:
            cluster.kill_one()
            killed_at.append(done)

    there.run("embed", EmbedParams(), watched, encoder=encoder, engine=engine)
    assert killed_at[0] < RECORDS // 2
    assert seen == sorted(seen) and seen[-1] == RECORDS
    assert cluster.nodes_left() == 2
    assert curated(there) == curated(here)
