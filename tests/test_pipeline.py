"""Stages on a workspace: keys, staleness, resuming, decisions that outlive what they were made on."""

import concurrent.futures
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import core.vectors.stage
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.base.params import digest
from core.daar.domains import DEFAULT_DOMAINS, domain_as_dict
from core.daar.params import DaarParams
from core.data.records import RecordParams
from core.run.pipeline import STAGES, Pipeline
from core.run.tasks import Step, run_steps
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.decisions import Decision, next_undo
from core.workspace.results import Run
from core.workspace.workspace import Workspace, default_folder
from tests.conftest import TinyEncoder, small_records, write_jsonl

ALL = ("embed", "cluster", "project", "score", "select")


def fresh(pipeline: Pipeline) -> Pipeline:
    return Pipeline(Workspace(pipeline.workspace.folder))


def states(pipeline: Pipeline) -> dict[str, str]:
    return {stage: fresh(pipeline).state(stage) for stage, about in STAGES.items() if about.leads}


def test_every_stage_runs_and_says_so(make_pipeline):
    pipeline = make_pipeline()
    assert states(pipeline) == dict.fromkeys(states(pipeline), "missing")
    pipeline = make_pipeline(*ALL)
    assert states(pipeline) == dict.fromkeys(states(pipeline), "done")
    assert pipeline.array("embed").shape == (60, TinyEncoder.dimension)
    assert len(pipeline.table("select")) == 12


def test_the_same_params_are_no_work(make_pipeline, tiny_encoder):
    pipeline = make_pipeline("embed")
    pipeline.run("embed", EmbedParams(), encoder=tiny_encoder)
    assert tiny_encoder.n_encoded == 0


def test_a_changed_parameter_makes_stale_what_depends_on_it_and_nothing_else(make_pipeline):
    pipeline = make_pipeline(*ALL)
    pipeline.run("cluster", ClusterParams(6), device="cpu")
    assert states(pipeline) == {
        "embed": "done",
        "cluster": "done",
        "project": "done",
        "score": "done",
        "select": "stale",
    }
    pipeline.run("embed", EmbedParams(max_tokens=7), encoder=TinyEncoder())
    assert states(pipeline) == {
        "embed": "done",
        "cluster": "stale",
        "project": "stale",
        "score": "done",
        "select": "stale",
    }


def test_going_back_to_earlier_params_finds_the_earlier_result(make_pipeline):
    pipeline = make_pipeline(*ALL)
    key = pipeline.current("cluster")
    pipeline.run("cluster", ClusterParams(6), device="cpu")
    assert pipeline.current("cluster") != key
    pipeline.run("cluster", ClusterParams(4), device="cpu")
    assert pipeline.current("cluster") == key and states(pipeline)["select"] == "done"


def test_a_stage_without_what_it_needs_says_which_one_to_run(make_pipeline):
    with pytest.raises(CurationError, match="cluster needs the embed stage"):
        make_pipeline().run("cluster", ClusterParams(3))
    with pytest.raises(CurationError, match="select needs the cluster stage"):
        make_pipeline().run("select", SelectionParams("5"))


def test_random_needs_no_stage_at_all(make_pipeline):
    pipeline = make_pipeline()
    pipeline.run("select", SelectionParams("5", "random"))
    assert len(pipeline.table("select")) == 5


def test_embedding_goes_on_after_a_crash_and_recomputes_one_shard_at_most(make_pipeline, monkeypatch):
    monkeypatch.setattr(core.vectors.stage, "SHARD_ROWS", 10)
    pipeline = make_pipeline()

    class Breaks(TinyEncoder):
        def encode(self, texts):
            if self.n_encoded >= 35:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        pipeline.run("embed", EmbedParams(), encoder=Breaks())
    assert fresh(pipeline).state("embed") == "missing"
    second = TinyEncoder()
    pipeline.run("embed", EmbedParams(), encoder=second)
    assert second.n_encoded == 20
    whole = make_pipeline("embed", folder="unbroken")
    np.testing.assert_array_equal(pipeline.array("embed"), whole.array("embed"))
    assert not list(pipeline.workspace.artifacts.glob("*.shards"))


def test_own_vectors_are_used_and_checked(make_pipeline, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float16)
    np.save(tmp_path / "own.npy", vectors)
    pipeline = make_pipeline()
    params = EmbedParams(model="", vectors="abc")
    pipeline.run("embed", params, vectors=tmp_path / "own.npy")
    np.testing.assert_allclose(np.linalg.norm(pipeline.array("embed"), axis=1), 1, atol=1e-6)
    np.save(tmp_path / "short.npy", vectors[:-1])
    with pytest.raises(CurationError, match="59 rows for 60 records"):
        pipeline.run("embed", EmbedParams(model="", vectors="def"), vectors=tmp_path / "short.npy")
    assert fresh(pipeline).current("embed")  # what was there before is still there


def test_a_failed_stage_leaves_the_last_good_one_in_place(make_pipeline):
    pipeline = make_pipeline("embed", "score")
    key = pipeline.current("score")
    with pytest.raises(CurationError):
        pipeline.run("score", dataclasses.replace(pipeline.params("score"), column="no such field"))
    assert fresh(pipeline).current("score") == key


def test_quality_can_come_from_a_column(make_pipeline):
    pipeline = make_pipeline()
    pipeline.run("score", STAGES["score"].params(column="rating"))
    np.testing.assert_array_equal(pipeline.column("score", "score"), [i % 7 for i in range(60)])


def test_a_decision_makes_the_selection_stale_and_undo_brings_it_back(make_pipeline):
    pipeline = make_pipeline(*ALL)
    decide_records(pipeline.workspace, "drop", np.array([3, 5]), who="ann")
    assert states(pipeline)["select"] == "stale"
    decisions = pipeline.workspace.ledger.decisions()
    pipeline.workspace.ledger.add_decision(Decision(action="undo", refers=next_undo(decisions)))
    assert states(pipeline)["select"] == "done"


@pytest.mark.parametrize("method", ["random", "kmeans-random", "kmq"])
def test_pinned_and_dropped_clusters_are_honoured_with_the_budget_exact(make_pipeline, method):
    pipeline = make_pipeline("embed", "cluster", "score")
    labels = np.array(pipeline.array("cluster"))
    decide_cluster(pipeline, "pin", 3)
    decide_cluster(pipeline, "drop", 0)
    pipeline = fresh(pipeline)
    budget = int((labels == 3).sum()) + 7
    pipeline.run("select", SelectionParams(str(budget), method))
    rows = pipeline.table("select")["row_id"].to_numpy()
    assert len(rows) == len(set(rows)) == budget
    assert set(np.flatnonzero(labels == 3)) <= set(rows) and not (labels[rows] == 0).any()


def test_pins_over_the_budget_are_a_clear_error(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    decide_records(pipeline.workspace, "pin", np.arange(9))
    with pytest.raises(CurationError, match="9 records are pinned, but the budget is 5"):
        fresh(pipeline).run("select", SelectionParams("5"))


def test_record_decisions_find_their_records_in_reordered_data(make_pipeline, data_file):
    pipeline = make_pipeline()
    decide_records(pipeline.workspace, "pin", np.array([0, 59]))
    decide_records(pipeline.workspace, "drop", np.array([10]))
    lines = data_file.read_bytes().splitlines(keepends=True)
    data_file.write_bytes(b"".join(reversed(lines[5:] + lines[:1])))  # 1..4 are gone
    pipeline.workspace.import_data(data_file, RecordParams())
    overrides = overrides_of(fresh(pipeline))
    raws = (
        fresh(pipeline).workspace.records().take(np.concatenate([overrides.pinned, overrides.dropped]), ["raw"])["raw"]
    )
    assert sorted(json.loads(raw)["instruction"].split()[-1] for raw in raws.to_pylist()[:2]) == ["0", "59"]
    assert json.loads(raws.to_pylist()[2])["instruction"].endswith(" 10")


def test_cluster_decisions_do_not_leak_into_another_clustering(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    decide_cluster(pipeline, "drop", 1)
    assert len(overrides_of(fresh(pipeline)).dropped) > 0
    pipeline.run("cluster", ClusterParams(5), device="cpu")
    overrides = overrides_of(fresh(pipeline))
    assert len(overrides.dropped) == 0 and len(overrides.set_aside) == 1


def test_a_weight_moves_the_quota(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    params = SelectionParams("12", "kmeans-random")
    pipeline.run("select", params)
    before = np.bincount(pipeline.table("select")["cluster"].to_numpy(), minlength=4)
    decide_cluster(pipeline, "weight", 2, value=3.0)
    pipeline = fresh(pipeline)
    pipeline.run("select", params)
    after = np.bincount(pipeline.table("select")["cluster"].to_numpy(), minlength=4)
    assert after[2] > before[2] and after.sum() == 12


def test_decisions_about_no_such_cluster_or_record_are_refused(make_pipeline):
    pipeline = make_pipeline("embed", "cluster")
    with pytest.raises(CurationError, match="clusters are 0 to 3"):
        decide_cluster(pipeline, "pin", 4)
    with pytest.raises(CurationError, match="record 60"):
        decide_records(pipeline.workspace, "pin", np.array([60]))
    assert pipeline.workspace.ledger.decisions() == []


def test_a_workspace_refuses_other_data_and_keeps_its_own(make_pipeline, tmp_path):
    pipeline = make_pipeline()
    other = write_jsonl(tmp_path / "other.jsonl", small_records(5))
    with pytest.raises(CurationError, match=r"give .* a workspace of its own"):
        pipeline.workspace.import_data(other, RecordParams())
    assert pipeline.workspace.dataset().n_records == 60


def test_a_bad_file_changes_nothing(make_pipeline, data_file):
    pipeline = make_pipeline()
    before = pipeline.workspace.dataset()
    data_file.write_text('{"instruction": "a", "output": "b"}\nnot json\n')
    with pytest.raises(CurationError, match=r"small.jsonl, line 2: not JSON"):
        pipeline.workspace.import_data(data_file, RecordParams())
    assert pipeline.workspace.dataset() == before and len(pipeline.workspace.records()) == 60
    assert not list(pipeline.workspace.folder.glob(".*.tmp"))


def test_an_import_replaces_its_files_together_or_none(make_pipeline, data_file, monkeypatch):
    workspace = make_pipeline().workspace
    held = {name: (workspace.folder / name).read_bytes() for name in ("records.arrow", "rejects.jsonl", "dataset.json")}
    data_file.write_text('{"instruction": "a", "output": "b"}\nnot json\n')
    skip = RecordParams(on_error="skip")
    with monkeypatch.context() as patch:
        patch.setattr("core.data.importing.files_of", lambda *_: pytest.fail("no room"))
        with pytest.raises(pytest.fail.Exception):
            workspace.import_data(data_file, skip)
    assert held == {name: (workspace.folder / name).read_bytes() for name in held}
    order, whole = [], Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, to: order.append(to.name) or whole(path, to))
    dataset = workspace.import_data(data_file, skip)
    assert order[-3:] == ["records.arrow", "rejects.jsonl", "dataset.json"]
    assert dataset.rejects_sha256 == file_sha256(workspace.folder / "rejects.jsonl")
    (workspace.folder / "rejects.jsonl").write_text("")
    workspace.import_data(data_file, skip)
    assert len(workspace.rejects()) == 1


def test_rejects_are_kept_with_their_reasons(tmp_path):
    data = tmp_path / "mixed.jsonl"
    data.write_text('{"prompt": "a", "completion": "b"}\n[1]\n{"prompt": "", "completion": " "}\n')
    workspace = Workspace(tmp_path / "w", create=True)
    dataset = workspace.import_data(data, RecordParams(on_error="skip"))
    assert (dataset.n_records, dataset.n_rejects) == (1, 2)
    assert [(r.place, r.reason) for r in workspace.rejects()] == [
        (2, "not a JSON object but an array"),
        (3, "no usable text in prompt, completion"),
    ]


def test_steps_run_in_order_and_resume_where_they_stopped(data_file, tmp_path):
    workspace = Workspace(tmp_path / "w", create=True)
    steps = [
        Step("import", RecordParams().as_dict(), data=str(data_file)),
        Step("embed", EmbedParams().as_dict()),
        Step("cluster", ClusterParams(4).as_dict()),
        Step("project", ProjectParams(n_neighbors=5).as_dict()),
    ]
    seen: list[str] = []

    def report(step):
        seen.append(step)
        return lambda done, total: None

    run_steps(workspace, steps, report, "cpu", encoder=TinyEncoder())
    assert seen == ["import", "embed", "cluster", "project"]
    again = TinyEncoder()
    run_steps(workspace, steps, report, "cpu", encoder=again)
    assert again.n_encoded == 0


def test_names_of_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    assert default_folder(tmp_path / "pool.jsonl.xz") == tmp_path / "pool"
    with pytest.raises(CurationError, match="is not a workspace"):
        Workspace(tmp_path / "nothing")


def test_carrying_over_keeps_the_order_in_which_people_decided(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    labels = np.array(pipeline.array("cluster"))
    old = decide_cluster(pipeline, "drop", 0)
    kept = int(np.flatnonzero(labels == 0)[0])
    decide_records(pipeline.workspace, "pin", np.array([kept]))
    pipeline.run("cluster", ClusterParams(4, seed=1), device="cpu")
    pipeline = fresh(pipeline)
    cluster = int(np.array(pipeline.array("cluster"))[kept])
    decide_cluster(pipeline, "drop", cluster, refers=old.id)
    overrides = overrides_of(fresh(pipeline))
    assert overrides.pinned.tolist() == [kept] and len(overrides.dropped) > 0 and not overrides.set_aside
    pipeline.run("cluster", ClusterParams(4), device="cpu")  # back to the earlier clusters: the first decision counts
    assert set(np.flatnonzero(labels == 0)) - {kept} == set(overrides_of(fresh(pipeline)).dropped.tolist())


def test_two_at_once_import_and_embed_the_same_without_harm(data_file, tmp_path, monkeypatch):
    monkeypatch.setattr(core.vectors.stage, "SHARD_ROWS", 10)
    encoders = [TinyEncoder(), TinyEncoder()]

    def work(encoder):
        workspace = Workspace(tmp_path / "w", create=True)
        workspace.import_data(data_file, RecordParams())
        Pipeline(workspace).run("embed", EmbedParams(), encoder=encoder)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(work, encoders))
    assert sum(encoder.n_encoded for encoder in encoders) == 60
    assert Pipeline(Workspace(tmp_path / "w")).array("embed").shape == (60, TinyEncoder.dimension)


def test_an_import_cut_off_in_the_middle_is_noticed(make_pipeline, data_file):
    pipeline = make_pipeline()
    before = (pipeline.workspace.folder / "dataset.json").read_bytes()
    data_file.write_bytes(b"".join(data_file.read_bytes().splitlines(keepends=True)[:50]))
    pipeline.workspace.import_data(data_file, RecordParams())
    (pipeline.workspace.folder / "dataset.json").write_bytes(before)  # as if it was killed before the last step
    with pytest.raises(CurationError, match="cut off; import the data again"):
        pipeline.workspace.records()
    pipeline.workspace.import_data(data_file, RecordParams())
    assert len(pipeline.workspace.records()) == 50


def test_weights_that_a_method_cannot_obey_are_said(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    decide_cluster(pipeline, "weight", 1, value=0.0)
    pipeline = fresh(pipeline)
    pipeline.run("select", SelectionParams("12", "random"))
    assert (
        "the weights on 1 cluster have no effect"
        in pipeline.workspace.info("select", pipeline.current("select"))["warnings"][0]
    )


def test_more_clusters_than_records_are_refused(make_pipeline):
    with pytest.raises(CurationError, match="61 clusters of 60 records"):
        make_pipeline("embed").run("cluster", ClusterParams(61), device="cpu")


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if not method.scored_by])
def test_every_method_runs_on_a_workspace(make_pipeline, method, quick_probes):
    pipeline = make_pipeline("embed", "cluster", "score")
    if "reward" in SelectionParams(method=method).needs:
        domains = tuple(domain_as_dict(domain) for domain in DEFAULT_DOMAINS)
        pipeline.run("reward", DaarParams(domains, sample=40, steps=20), device="cpu", encoder=TinyEncoder())
    if method == "target":
        pipeline.run("targets", TargetParams(**picked(pipeline.workspace.records(), range(3, 15))))
    pipeline.run("select", SelectionParams("12", method))
    assert len(pipeline.table("select")) == 12


def keep_clusters(pipeline: Pipeline, params: ClusterParams) -> str:
    """Cluster as before "auto" and its number counted as the same: each has the key of its own params."""
    key = digest("cluster", 1, params.as_dict(), [pipeline.current("embed")])
    made, parts = core.vectors.stage.CLUSTER.run(Run(pipeline, key, params, device="cpu"))
    pipeline.workspace.save("cluster", key, {"params": params.as_dict()} | made, **parts)
    pipeline.workspace.ledger.set_settings("cluster", params.as_dict())
    return key


@pytest.mark.parametrize(("first", "then"), [(0, 8), (8, 0)])
def test_auto_and_the_number_it_takes_are_one_result_and_decisions_stay(make_pipeline, first, then):
    pipeline = make_pipeline("embed", "score")
    key = pipeline.run("cluster", ClusterParams(first), device="cpu")
    decide_cluster(pipeline, "weight", 3, value=2.0)
    fresh(pipeline).run("select", SelectionParams("12"))
    assert fresh(pipeline).run("cluster", ClusterParams(then), device="cpu") == key
    now = fresh(pipeline)
    assert overrides_of(now).multipliers == {3: 2.0} and not overrides_of(now).set_aside
    assert now.state("select") == "done" and now.params("cluster").n_clusters == then
    assert len(list(now.workspace.artifacts.glob("cluster-*.json"))) == 1
    assert fresh(pipeline).run("cluster", ClusterParams(7), device="cpu") != key


@pytest.mark.parametrize("made", [0, 8])
def test_clusters_of_an_older_workspace_stay_up_to_date_under_their_key(make_pipeline, made):
    pipeline = make_pipeline("embed", "score")
    key = keep_clusters(pipeline, ClusterParams(made))
    assert fresh(pipeline).current("cluster") == key
    for asked in (0, 8, made):
        assert fresh(pipeline).run("cluster", ClusterParams(asked), device="cpu") == key


def test_where_an_older_workspace_holds_both_each_keeps_its_own(make_pipeline):
    pipeline = make_pipeline("embed", "score")
    keys = {n: keep_clusters(pipeline, ClusterParams(n)) for n in (0, 8)}
    assert keys[0] != keys[8]
    for n, key in keys.items():
        assert fresh(pipeline).run("cluster", ClusterParams(n), device="cpu") == key
