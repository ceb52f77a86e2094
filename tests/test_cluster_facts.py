"""What clusters are like, each figure against the plain way of counting it."""

import json

import numpy as np
import pyarrow as pa
import pytest

from core.base.arrays import unit_rows
from core.vectors.cluster_facts import (
    distinctive_terms,
    main_sources,
    nearest_clusters,
    redundancy,
    telling_records,
    typical_words,
    words_of_clusters,
)
from core.vectors.clustering import ClusterParams, cluster_embeddings


@pytest.fixture(scope="module")
def clustered():
    rng = np.random.default_rng(2)
    x = unit_rows(rng.normal(size=(6, 12))[rng.integers(6, size=400)] + 0.3 * rng.normal(size=(400, 12)))
    return x, cluster_embeddings(x, ClusterParams(6), device="cpu")


def test_redundancy_is_the_mean_cosine_to_the_centroid(clustered):
    x, made = clustered
    found = redundancy(made.centroids, made.labels, made.distances)
    for k, centroid in enumerate(made.centroids):
        assert found[k] == pytest.approx((x[made.labels == k] @ centroid).mean() / np.linalg.norm(centroid), abs=1e-5)
    copies = unit_rows(np.ones((5, 3)))
    assert redundancy(copies[:1], np.zeros(5, np.int32), np.zeros(5, np.float32))[0] == pytest.approx(1)
    assert np.isnan(redundancy(np.ones((2, 3), np.float32), np.zeros(5, np.int32), np.zeros(5, np.float32))[1])


def test_typical_words_is_the_median(make_pipeline):
    texts = pa.chunked_array([["a b c", "a", "a b, c d-e", "", "x y"]], pa.large_string())
    assert typical_words(texts, np.array([0, 0, 0, 2, 2]), 4)[[0, 2]].tolist() == [3, 1]
    assert np.isnan(typical_words(texts, np.array([0, 0, 0, 2, 2]), 4)[[1, 3]]).all()
    pipeline = make_pipeline("embed", "cluster")
    told = words_of_clusters(pipeline)
    info = pipeline.workspace.path("cluster", pipeline.current("cluster"), ".json")
    written = json.loads(info.read_text())
    del written["sealed"]  # as an earlier version wrote it down
    info.write_text(json.dumps(written).replace('"words"', '"before"'))
    assert words_of_clusters(pipeline.fresh()).tolist() == told.tolist() and (told > 3).all()


def test_the_main_source_and_its_share():
    labels, codes = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, -1, -1, 0])
    best, share = main_sources(labels, codes, 4, 2)
    assert best.tolist() == [1, -1, 0, -1] and share.round(3).tolist() == [0.667, 0, 1, 0]


def test_the_nearest_clusters_are_by_cosine_and_never_empty_ones():
    centroids = np.array([[1, 0], [0.9, 0.1], [0, 1], [1, 0.01]], np.float32)
    clusters, cosines = nearest_clusters(centroids, np.array([3, 3, 3, 0]), 0, 5)
    assert clusters.tolist() == [1, 2] and cosines[0] == pytest.approx(0.9 / np.hypot(0.9, 0.1), abs=1e-6)


def test_telling_records_are_the_nearest_the_farthest_and_those_between_two_centres(clustered):
    x, made = clustered
    for k in range(len(made.centroids)):
        found = telling_records(x, made.labels, made.centroids, made.distances, k, 5)
        members = np.flatnonzero(made.labels == k)
        away = ((x[members][:, None] - made.centroids) ** 2).sum(-1)
        order = members[np.argsort(away[:, k], kind="stable")]
        assert set(found.typical) == set(order[:5]) and set(found.extreme) == set(order[-5:])
        other = np.delete(away, k, axis=1)
        gap = other.min(axis=1) - away[:, k]
        assert set(found.contested) == set(members[np.argsort(gap)[:5]])
        for row, rival in zip(found.contested, found.rivals, strict=True):
            assert rival == next(c for c in np.argsort(away[members == row][0]) if c != k)


def test_a_single_cluster_has_no_rivals():
    x = unit_rows(np.random.default_rng(0).normal(size=(9, 3)))
    found = telling_records(x, np.zeros(9, np.int32), x[:1], np.arange(9, dtype=np.float32), 0, 4)
    assert found.typical.tolist() == [0, 1, 2, 3] and len(found.contested) == 0


def test_distinctive_terms_are_common_inside_and_rare_outside_with_their_counts():
    inside = ["bread flour oven ticket", "flour bread ticket", "bread ticket quokka", "yeast flour ticket"]
    outside = ["python ticket list", "garden ticket", "train ticket", "bread ticket"]
    terms = distinctive_terms(inside, outside)
    assert {term.term: term.count for term in terms} == {"flour": 3, "bread": 3, "ticket": 4}
    assert next(term.term for term in terms) == "flour" and terms[-1].score <= terms[0].score
    assert distinctive_terms([], outside) == []
