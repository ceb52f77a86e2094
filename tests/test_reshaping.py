"""Clusters renamed, merged and split by people: decisions, replayed on a clustering that stays as it was found."""

import concurrent.futures

import numpy as np
import pytest

from core.base.errors import CurationError
from core.run.pipeline import Pipeline
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.reshaping import merge_clusters, rename_cluster, split_cluster
from core.workspace.deciding import decide_cluster, overrides_of, revise
from core.workspace.decisions import decision_states, next_redo, next_undo
from core.workspace.shape import cluster_names, shape_now
from core.workspace.workspace import Workspace
from tests.command import run

READY = ("embed", "cluster", "score")


def again(pipeline: Pipeline) -> Pipeline:
    return Pipeline(Workspace(pipeline.workspace.folder))


def sizes(pipeline: Pipeline) -> list[int]:
    return again(pipeline).info("cluster")["sizes"]


def undo(pipeline: Pipeline, number: int | None = None) -> None:
    revise(pipeline.workspace, "undo", lambda made: number or next_undo(made))


def states(pipeline: Pipeline) -> list[str]:
    return [*decision_states(pipeline.workspace.ledger.decisions(), overrides_of(again(pipeline))).values()]


def test_a_name_of_peoples_own_is_seen_and_makes_nothing_out_of_date(make_pipeline):
    pipeline = make_pipeline(*READY, "select")
    before, key, chosen = cluster_names(pipeline), pipeline.current("cluster"), pipeline.current("select")
    rename_cluster(pipeline, 2, "  Recipes\nof all kinds ", "ann")
    now = again(pipeline)
    assert cluster_names(now) == [*before[:2], "Recipes of all kinds", before[3]]
    assert (now.current("cluster"), now.current("select")) == (key, chosen)
    rename_cluster(pipeline, 2, "Bread")
    assert cluster_names(again(pipeline))[2] == "Bread"
    undo(pipeline)
    assert cluster_names(again(pipeline))[2] == "Recipes of all kinds"
    undo(pipeline)
    assert cluster_names(again(pipeline)) == before
    for wrong in ("", " \n", "x" * 201):
        with pytest.raises(CurationError, match="A name has 1 to 200 letters"):
            rename_cluster(pipeline, 2, wrong)


def test_merged_clusters_have_the_lowest_id_and_the_mean_of_their_records(make_pipeline):
    pipeline = make_pipeline(*READY)
    labels, held, names = np.array(pipeline.array("cluster")), sizes(pipeline), cluster_names(pipeline)
    made = merge_clusters(pipeline, [3, 1], "ann", "alike")
    now = again(pipeline)
    after = np.array(now.array("cluster"))
    assert (made.cluster, made.numbers, made.who, made.note) == (1, (3,), "ann", "alike")
    assert after.tolist() == np.where(labels == 3, 1, labels).tolist()
    assert sizes(pipeline) == [held[0], held[1] + held[3], held[2], 0]
    rows = after == 1
    embeddings = np.asarray(now.array("embed"))
    mean = embeddings[rows].astype(np.float64).mean(0)
    np.testing.assert_allclose(now.array("cluster", ".centroids.npy")[1], mean, atol=1e-6)
    away = ((embeddings[rows] - mean) ** 2).sum(1)
    np.testing.assert_allclose(np.asarray(now.array("cluster", ".distances.npy"))[rows], away, atol=1e-5)
    told = cluster_names(now)
    assert told[3] == "" and told[1] and [told[0], told[2]] == [names[0], names[2]] and len({*told}) == 4


def test_a_split_gives_the_largest_part_the_id_and_the_others_new_ones(make_pipeline):
    pipeline = make_pipeline(*READY, n_clusters=2)
    labels, held = np.array(pipeline.array("cluster")), sizes(pipeline)
    made = split_cluster(pipeline, 1, 3, seed=4)
    after = np.array(again(pipeline).array("cluster"))
    assert made.numbers == (4, 1, 2, 3)
    assert set(after[labels == 1].tolist()) == {1, 2, 3} and (after[labels == 0] == 0).all()
    parts = sizes(pipeline)
    assert parts[0] == held[0] and parts[1] >= parts[2] >= parts[3] > 0 and sum(parts[1:]) == held[1]
    named = cluster_names(again(pipeline))
    assert all(named) and len({*named}) == 4
    split_cluster(pipeline, 0, 2)
    assert pipeline.workspace.ledger.decisions()[-1].numbers == (0, 0, 4)


def test_the_same_split_is_the_same_and_another_seed_may_be_another(make_pipeline):
    pipeline = make_pipeline(*READY, n_clusters=2)
    split_cluster(pipeline, 0, 3, seed=1)
    first = np.array(again(pipeline).array("cluster"))
    other = make_pipeline(*READY, n_clusters=2, folder="other")
    split_cluster(other, 0, 3, seed=1)
    assert np.array_equal(first, again(other).array("cluster")) and again(other).current("cluster") == again(
        pipeline
    ).current("cluster")


def test_undo_gives_the_earlier_key_and_redo_the_later_one(make_pipeline):
    pipeline = make_pipeline(*READY)
    keys = [pipeline.current("cluster")]
    for do in (lambda: merge_clusters(pipeline, [0, 2]), lambda: split_cluster(pipeline, 0, 2)):
        do()
        keys.append(again(pipeline).current("cluster"))
    assert len({*keys}) == 3
    for key in (keys[1], keys[0]):
        undo(pipeline)
        assert again(pipeline).current("cluster") == key
    for key in keys[1:]:
        revise(pipeline.workspace, "redo", next_redo)
        assert again(pipeline).current("cluster") == key
    for path in pipeline.workspace.artifacts.glob(f"cluster-{keys[2]}*"):
        path.unlink()  # made again where it is no longer there
    assert again(pipeline).current("cluster") == keys[2] and pipeline.workspace.has("cluster", keys[2])


def test_what_rests_on_a_merge_that_is_taken_back_is_set_aside_and_comes_back_with_it(make_pipeline):
    pipeline = make_pipeline(*READY)
    merged = merge_clusters(pipeline, [0, 2])
    split_cluster(pipeline, 0, 2)
    rename_cluster(pipeline, 0, "Both")
    shaped = again(pipeline).current("cluster")
    undo(pipeline, merged.id)
    assert states(pipeline) == ["taken back", "set aside", "set aside"]
    assert again(pipeline).current("cluster") == shape_now(again(pipeline)).base and sum(sizes(pipeline)) == 60
    assert "Both" not in cluster_names(again(pipeline))
    assert split_cluster(pipeline, 1, 2).numbers == (0, 1, 5)  # 4 may come back
    undo(pipeline)
    revise(pipeline.workspace, "redo", lambda made: merged.id)
    assert again(pipeline).current("cluster") == shaped and states(pipeline)[:3] == ["in force"] * 3


def test_pins_and_drops_stay_with_their_records_and_weights_with_an_unchanged_cluster(make_pipeline):
    pipeline = make_pipeline(*READY)
    labels = np.array(pipeline.array("cluster"))
    decide_cluster(pipeline, "drop", 1)
    decide_cluster(pipeline, "weight", 1, value=2.0)
    decide_cluster(pipeline, "weight", 0, value=3.0)
    merge_clusters(pipeline, [1, 2])
    overrides = overrides_of(again(pipeline))
    assert overrides.dropped.tolist() == np.flatnonzero(labels == 1).tolist() and overrides.multipliers == {0: 3.0}
    assert states(pipeline) == ["in force", "set aside", "in force", "in force"]
    decide_cluster(pipeline, "pin", 1)  # both, for that is what 1 is now
    assert overrides_of(again(pipeline)).pinned.tolist() == np.flatnonzero(np.isin(labels, [1, 2])).tolist()
    undo(pipeline, 4)  # the merge: the pin stays with the records that it was about
    overrides = overrides_of(again(pipeline))
    assert overrides.pinned.tolist() == np.flatnonzero(np.isin(labels, [1, 2])).tolist()
    assert overrides.multipliers == {0: 3.0, 1: 2.0}


def test_decisions_on_shaped_clusters_do_not_leak_into_another_clustering(make_pipeline):
    pipeline = make_pipeline(*READY)
    merge_clusters(pipeline, [1, 2])
    decide_cluster(pipeline, "drop", 1)
    rename_cluster(pipeline, 0, "Mine")
    pipeline = again(pipeline)
    pipeline.run("cluster", ClusterParams(5), device="cpu")
    now = again(pipeline)
    assert len(overrides_of(now).dropped) == 0 and "Mine" not in cluster_names(now)
    assert now.current("cluster") == shape_now(now).base
    pipeline.run("cluster", ClusterParams(4), device="cpu")
    assert len(overrides_of(again(pipeline)).dropped) > 0 and cluster_names(again(pipeline))[0] == "Mine"


def test_what_can_not_be_is_refused_and_nothing_is_decided(make_pipeline):
    pipeline = make_pipeline(*READY)
    for wrong, why in (
        (lambda: merge_clusters(pipeline, [1]), "at least two"),
        (lambda: merge_clusters(pipeline, [1, 1]), "at least two"),
        (lambda: merge_clusters(pipeline, [1, 4]), "clusters are 0 to 3"),
        (lambda: split_cluster(pipeline, 1, 1), "2 to 100"),
        (lambda: split_cluster(pipeline, 1, 99), "too few for 99 parts"),
        (lambda: split_cluster(pipeline, 1, 2, seed=-1), "seed is -1"),
        (lambda: split_cluster(pipeline, 9), "clusters are 0 to 3"),
        (lambda: rename_cluster(pipeline, 9, "x"), "clusters are 0 to 3"),
        (lambda: merge_clusters(pipeline, [0, 1], clustering="another"), "clusters have changed"),
    ):
        with pytest.raises(CurationError, match=why):
            wrong()
    with pytest.raises(CurationError, match="There are no clusters"):
        merge_clusters(make_pipeline("embed", folder="bare"), [0, 1])
    assert not pipeline.workspace.ledger.decisions()
    merge_clusters(pipeline, [1, 3])
    for do in (lambda: decide_cluster(pipeline, "pin", 3), lambda: rename_cluster(pipeline, 3, "x")):
        with pytest.raises(CurationError, match="Cluster 3 has no records"):
            do()


def test_records_that_are_all_alike_are_not_split(tmp_path):
    from core.data.records import RecordParams
    from core.vectors.embedding import EmbedParams
    from tests.conftest import TinyEncoder, write_jsonl

    data = write_jsonl(tmp_path / "t.jsonl", [{"text": "one and the same"}] * 9 + [{"text": "something else"}] * 4)
    workspace = Workspace(tmp_path / "w", create=True)
    workspace.import_data(data, RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(), encoder=TinyEncoder())
    pipeline.run("cluster", ClusterParams(2), device="cpu")
    with pytest.raises(CurationError, match="all alike"):
        split_cluster(pipeline, 0, 2)
    assert not workspace.ledger.decisions() and sizes(pipeline) == [9, 4]


def test_two_who_split_at_once_give_different_ids(make_pipeline):
    pipeline = make_pipeline(*READY, n_clusters=2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda cluster: split_cluster(again(pipeline), cluster, 2), [0, 1]))
    assert {part for each in made for part in each.numbers[2:]} == {2, 3} and len(sizes(pipeline)) == 4
    assert states(pipeline) == ["in force", "in force"]


@pytest.mark.parametrize("method", [name for name, m in METHODS.items() if name != "daar" and not m.scored_by])
@pytest.mark.parametrize("merged", [(0, 1), (0, 3)], ids=["an empty one in between", "an empty one at the end"])
def test_every_method_copes_with_clusters_that_are_empty(make_pipeline, method, merged):
    if METHODS[method].needs and not set(METHODS[method].needs) <= {"embed", "cluster", "score"}:
        pytest.skip("it needs what these records have not")
    pipeline = make_pipeline(*READY)
    merge_clusters(pipeline, merged)
    for quota in ("size", "equal"):
        now = again(pipeline)
        now.run("select", SelectionParams("12", method, quota=quota))
        table = now.table("select")
        assert len(set(table["row_id"].to_pylist())) == 12 and merged[1] not in table["cluster"].to_pylist()


def test_rounds_run_on_shaped_clusters(make_pipeline, tiny_encoder):
    from core.refine.advance import Advance, advance
    from core.refine.history import history_of
    from core.refine.params import RefineParams
    from core.refine.runs import Rounds

    pipeline = make_pipeline(*READY)
    merge_clusters(pipeline, [0, 3])
    split_cluster(pipeline, 1, 2)
    undo(pipeline)  # so that the last cluster, 3, is empty
    rounds = Rounds(again(pipeline))
    run_id = rounds.start(RefineParams("12", 2), who="ann")
    decide_cluster(pipeline, "weight", 0, value=2.0)
    advance(Rounds(again(pipeline)), Advance(run_id), encoder=tiny_encoder)
    now = Rounds(again(pipeline))
    history = history_of(now, now.run(run_id))
    assert history.weights.shape[0] == 4 and [d.cluster for made in history.marks for d in made] == [0]
    assert now.results.info("select")["n_selected"] == 12


# On the command line


def test_the_verb_renames_merges_and_splits(workspace):
    assert (
        "rename: cluster 2 is Bread (decision 1)"
        in run("recluster", "rename", workspace, "--cluster", 2, "--name", "Bread", check=0).stdout
    )
    done = run("recluster", "merge", workspace, "--clusters", "1, 4", "--note", "alike", check=0).stdout
    assert "merged 1 cluster into cluster 1 (decision 2)" in done
    done = run("recluster", "split", workspace, "--cluster", 0, "--parts", 2, check=0).stdout
    assert "split cluster 0 into 2 (decision 3)" in done and len(done.splitlines()) == 3
    listed = run("cluster", workspace, "--clusters", 5, check=0).stdout
    assert "Bread" in listed and [line.split()[0] for line in listed.splitlines()] == ["0", "1", "2", "3", "5"]
    assert "write cluster numbers" in run("recluster", "merge", workspace, "--clusters", "1-4", check=1).stderr
    run("undo", workspace, check=0)
    assert len(Pipeline(Workspace(workspace)).info("cluster")["sizes"]) == 5
