"""MIG against the plain loop of its released code, over clusters and over tags, and how it is offered and accounted for."""

import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.tags import Tags, read_tags
from core.selection.choosing import select_records
from core.selection.methods.mig import label_graph
from core.selection.params import REASONS, SelectionParams
from core.selection.why import why_by_method
from tests.conftest import small_records, write_jsonl
from tests.limits import drawn_pool


def tags_of_sets(sets, n_tags):
    return Tags(np.cumsum([0, *map(len, sets)]), np.array([c for s in sets for c in sorted(s)], np.int32), n_tags)


def naive(pool, sets, n_tags, budget, threshold):
    """The released loop: every candidate's gain by the slope, over a dense matrix, in float64."""
    x, q = pool.embeddings.astype(np.float64), pool.quality.astype(np.float64)
    held = np.zeros((pool.n_records, n_tags))
    for i, mine in enumerate(sets):
        held[i, list(mine)] = 1
    centroids = held.T @ x
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    joined = centroids @ centroids.T
    joined[joined < threshold] = 0
    np.fill_diagonal(joined, 1)
    given = (held * (q / np.maximum(held.sum(axis=1), 1))[:, None]) @ (joined / joined.sum(axis=0))
    chosen = list(pool.pinned)
    reached, left = given[chosen].sum(axis=0), np.ones(pool.n_records, bool)
    left[[*pool.pinned, *pool.dropped]] = False
    while len(chosen) < budget:
        gains = np.where(left, given @ (0.8 * (reached + 1e-6) ** -0.2), -1)
        best = int(gains.argmax())
        chosen.append(best)
        left[best] = False
        reached += given[best]
    return chosen


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.9, 1.0])
def test_over_clusters_it_is_the_plain_loop(threshold):
    pool = drawn_pool(3, n=150, multipliers={})
    sets = [{int(label)} for label in pool.labels]
    chosen = select_records(pool, SelectionParams("60", "mig", edge_threshold=threshold))
    assert chosen.rows.tolist() == naive(pool, sets, pool.n_clusters, 60, threshold)
    assert (np.diff(chosen.scores[len(pool.pinned) :]) <= 1e-6).all()


@pytest.mark.parametrize("seed", range(3))
def test_over_tags_it_is_the_plain_loop(seed):
    rng = np.random.default_rng(seed)
    pool = drawn_pool(seed, n=200, multipliers={})
    sets = [set(rng.choice(12, rng.integers(1, 4), replace=False).tolist()) for _ in range(200)]
    pool = dataclasses.replace(pool, tags=tags_of_sets(sets, 12))
    chosen = select_records(pool, SelectionParams("90", "mig", edge_threshold=0.7))
    assert chosen.rows.tolist() == naive(pool, sets, 12, 90, 0.7)


def test_two_picks_worked_by_hand():
    # Clusters 0 and 1 stand alone, so each spreads to itself only. After record 0 (quality 1) the slope of cluster 0 is
    # 0.8 x (1 + 1e-6)^-0.2, about 0.8, that of cluster 1 0.8 x 1e-6^-0.2, about 12.7: record 2 (0.1) gains 1.27, record 1 0.72.
    x = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    pool = drawn_pool(0, n=3, pinned=[], dropped=[], multipliers={})
    pool = dataclasses.replace(
        pool, embeddings=x, labels=np.array([0, 0, 1], np.int32), quality=np.float32([1, 0.9, 0.1])
    )
    chosen = select_records(pool, SelectionParams("3", "mig"))
    assert chosen.rows.tolist() == [0, 2, 1]
    assert chosen.scores.tolist() == pytest.approx([12.679, 1.2679, 0.72], rel=1e-3)


def test_the_graph_joins_what_is_near_enough_and_its_columns_sum_to_one():
    x = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    graph = label_graph(x, 0.7).toarray()
    assert graph == pytest.approx(np.array([[1 / 1.8, 0.8 / 1.8, 0], [0.8 / 1.8, 1 / 1.8, 0], [0, 0, 1]]), abs=1e-6)


def test_records_without_tags_only_fill_the_budget():
    pool = drawn_pool(1, n=20, pinned=[], dropped=[], multipliers={})
    sets = [{i % 2} if i < 8 else set() for i in range(20)]
    chosen = select_records(dataclasses.replace(pool, tags=tags_of_sets(sets, 2)), SelectionParams("12", "mig"))
    assert set(chosen.rows[:8]) == set(range(8))
    assert [REASONS[r] for r in chosen.reasons] == ["drawn"] * 8 + ["filled"] * 4


def test_a_clusters_weight_is_a_factor_on_its_information():
    pool = drawn_pool(5, pinned=[], dropped=[], multipliers={})
    plain = select_records(pool, SelectionParams("40", "mig")).rows
    none = select_records(dataclasses.replace(pool, multipliers={0: 0.0}), SelectionParams("40", "mig")).rows
    more = select_records(dataclasses.replace(pool, multipliers={0: 5.0}), SelectionParams("40", "mig")).rows
    in_0 = [int((pool.labels[rows] == 0).sum()) for rows in (none, plain, more)]
    assert in_0[0] == 0 < in_0[1] < in_0[2]


def test_negative_quality_is_refused():
    pool = drawn_pool(0, quality=np.linspace(-1, 1, 240).astype(np.float32))
    with pytest.raises(CurationError, match=r"goes down to -1.*take a column"):
        select_records(pool, SelectionParams("40", "mig"))


def test_why_names_gain_and_quality():
    pool = drawn_pool(2, pinned=[], dropped=[], multipliers={})
    params = SelectionParams("20", "mig")
    chosen = select_records(pool, params)
    left_out = np.setdiff1d(np.arange(pool.n_records), chosen.rows)[:1]
    said = why_by_method(pool, params, chosen, np.array([chosen.rows[0], left_out[0]]))
    assert said[0].startswith("Selected by mig: pick 1 of 20, by an information gain of")
    assert "no more than the last pick's" in said[1]


def test_a_workspace_says_that_clusters_stand_in_and_takes_tags_where_there_are_some(make_pipeline, tmp_path):
    tags = [["a", "B"], "b, c", [{"tag": "a"}], []]
    records = [record | {"labels": tags[i % 4]} for i, record in enumerate(small_records(40))]
    pipeline = make_pipeline("embed", "cluster", "score", data=write_jsonl(tmp_path / "tagged.jsonl", records))
    table = pipeline.workspace.folder / "records.arrow"
    read = read_tags(table, "labels")
    assert read.n_tags == 3 and read.counts[:4].tolist() == [2, 2, 1, 0]
    assert read_tags(table, "source").n_tags == 4
    with pytest.raises(CurationError, match="No record has a tag in the field 'nothing'"):
        read_tags(table, "nothing")
    pipeline.run("select", SelectionParams("8", "mig"))
    assert "clusters stood in for them" in pipeline.info("select")["warnings"][-1]
    pipeline.run("select", SelectionParams("8", "mig", tags="labels"))
    assert pipeline.info("select")["warnings"][-1].startswith("10 records carry no tag")
